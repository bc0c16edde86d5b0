"""The table of layers: each line is a class, its arguments, its inputs, and what it does to time and to the batch.

``NAME arguments | inputs | time batch``: inputs are parted by ``;``, states stand in parentheses, ``:int64`` is a
dtype. B is 2, T is 6, S is 5. The words were checked by hand; ``unlike`` stands where the steps stay apart and are
treated unlike each other, ``probed`` where the family is not sure.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tdinspect.running.sides import Leaf
from tests.running.effects.leaves import info_of, leaf_of

TABLE = Path(__file__).with_name("table.txt")


@dataclass(frozen=True, slots=True)
class Case:
    """One line."""

    name: str
    arguments: str
    inputs: str
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        """What a failing test is called."""
        return f"{self.name} {self.arguments} on {self.inputs}"

    def named(self) -> dict[str, Any]:
        """Its arguments."""
        return {key: ast.literal_eval(value) for key, value in (word.split("=") for word in self.arguments.split())}

    def leaf(self) -> Leaf:
        """The layer on its inputs."""
        return leaf_of(self.name, self.named(), self.given())

    def given(self) -> list[Any]:
        """Its inputs."""
        return [_input(text.strip()) for text in self.inputs.split(";")]


def _input(text: str) -> Any:
    if text.startswith("("):
        return tuple(_input(part.strip()) for part in text.strip("()").split(","))
    shape, _, dtype = text.partition(":")
    return info_of([int(word) if word.isdigit() else word for word in shape.split()], dtype or "float32")


@cache
def cases() -> tuple[Case, ...]:
    """Every line of the table."""
    found = []
    for line in TABLE.read_text().splitlines():
        call, inputs, words = (part.strip() for part in line.split("|"))
        name, _, arguments = call.partition(" ")
        found.append(Case(name, arguments, inputs, tuple(words.split())))
    return tuple(found)

"""The table of verdicts: each line is a class, its arguments, its inputs, what compare must say, and words of its why.

``NAME arguments | inputs | verdict right | words``: inputs are parted by ``;``, states stand in parentheses, ``:int64``
is a dtype. B is 2, T is 6, S is 5. Checked by hand; the words must stand in the reason.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TABLE = Path(__file__).with_name("table.txt")
SIZES = {"B": 2, "T": 6, "S": 5}

Input = tuple[tuple[int | str, ...], str]


@dataclass(frozen=True, slots=True)
class Case:
    """One line."""

    name: str
    arguments: str
    inputs: str
    verdict: str
    right: str
    words: str

    @property
    def text(self) -> str:
        """What a failing test is called."""
        return f"{self.name} {self.arguments} on {self.inputs}"

    def named(self) -> dict[str, Any]:
        """Its arguments."""
        return {key: ast.literal_eval(value) for key, value in (word.split("=") for word in self.arguments.split())}

    def given(self) -> tuple[Any, ...]:
        """Its inputs, (shape, dtype) each; a state is a tuple of those."""
        return tuple(_input(text.strip()) for text in self.inputs.split(";"))

    def spec(self, sizes: Mapping[str, int] = SIZES) -> str:
        """The model of this one layer."""
        names: dict[str, dict[str, Any]] = {}

        def name(given: Any) -> Any:
            if not _is_input(given):
                return [name(part) for part in given]
            shape, dtype = given
            names[f"x{len(names)}"] = {"shape": list(shape), "dtype": dtype}
            return f"x{len(names) - 1}"

        source = [name(given) for given in self.given()]
        symbols = {entry for one in names.values() for entry in one["shape"] if isinstance(entry, str)}
        named = {key: list(value) if isinstance(value, tuple) else value for key, value in self.named().items()}
        spec = {
            "inputs": names,
            "time_axis": "T",
            "sizes": {symbol: sizes[symbol] for symbol in sorted(symbols)},
            "layers": [{self.name: named, "from": source}],
        }
        if "B" not in symbols:
            spec["batch_axis"] = "none"
        return yaml.safe_dump(spec)


def _is_input(given: Any) -> bool:
    return isinstance(given[1], str)


def _input(text: str) -> Any:
    if text.startswith("("):
        return tuple(_input(part.strip()) for part in text.strip("()").split(","))
    shape, _, dtype = text.partition(":")
    return tuple(int(word) if word.isdigit() else word for word in shape.split()), dtype or "float32"


@cache
def cases() -> tuple[Case, ...]:
    """Every line of the table."""
    return tuple(case_of(line) for line in TABLE.read_text().splitlines())


def case_of(line: str) -> Case:
    """The case of one line."""
    call, inputs, side, words = (part.strip() for part in line.split("|"))
    name, _, arguments = call.partition(" ")
    verdict, right = side.split()
    return Case(name, arguments, inputs, verdict, right, words)

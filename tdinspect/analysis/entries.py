"""The text of one entry of the lock file, written and read: a small part of YAML, one fact a line.

```
  output: (B, T, 10)
  layers:
    - linear_1: Linear; output (B, T, 10); params 90
```
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import cast

Named = tuple[str, str]

_PLAIN_KEY = re.compile(r"[\w./][\w./-]*( [\w./-]+)*")
_PLAIN_VALUE = re.compile(r"[\w(][\w(), .;/*+%=<>-]*(?<! )")
_LINE = re.compile(r'(?P<key>"(?:[^"\\]|\\.)*"|[^":]+):(?: (?P<value>.+))?')
_LAYERS = "  layers:"
_FACT, _LAYER = "  ", "    - "
_STRANGE = "this line is none that tdinspect wrote"


class EntryError(Exception):
    """A line that cannot be read; ``index`` counts the lines of the text from 0."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


def write_entry(facts: Iterable[Named], layers: Iterable[Named]) -> str:
    """The text of an entry: the facts about the whole spec, and the layers."""
    lines = [f"{_FACT}{quoted_key(name)}: {_quoted(text, _PLAIN_VALUE)}" for name, text in facts]
    rows = [f"{_LAYER}{quoted_key(name)}: {_quoted(text, _PLAIN_VALUE)}" for name, text in layers]
    return "\n".join([*lines, *([_LAYERS, *rows] if rows else [])])


def read_entry(text: str) -> tuple[list[Named], list[Named]]:
    """The facts and the layers of an entry. Raises EntryError."""
    facts: list[Named] = []
    layers: list[Named] = []
    below = False
    for index, line in enumerate(text.split("\n")):
        if line == _LAYERS:
            below = True
        elif below and line.startswith(_LAYER):
            layers.append(read_line(line.removeprefix(_LAYER), index))
        elif not below and line.startswith(_FACT) and line[2:3] not in ("", " "):
            facts.append(read_line(line.removeprefix(_FACT), index))
        elif line:
            raise EntryError(_STRANGE, index)
    return facts, layers


def read_line(text: str, index: int) -> Named:
    """A key and what stands behind it (nothing: an empty text). Raises EntryError."""
    found = _LINE.fullmatch(text)
    if found is None:
        raise EntryError(_STRANGE, index)
    try:
        return _unquoted(found["key"]), _unquoted(found["value"] or "")
    except ValueError:
        raise EntryError(_STRANGE, index) from None


def quoted_key(text: str) -> str:
    """A name as it stands before a colon."""
    return _quoted(text, _PLAIN_KEY)


def _quoted(text: str, plain: re.Pattern[str]) -> str:
    """The text as it is, or in the quotes of JSON, which are YAML's too; what a terminal does not show is escaped."""
    if plain.fullmatch(text):
        return text
    written = json.dumps(text, ensure_ascii=False)
    # Beyond \uffff JSON has pairs of escapes, which YAML reads as two characters.
    return "".join(char if char.isprintable() or char > "\uffff" else f"\\u{ord(char):04x}" for char in written)


def _unquoted(text: str) -> str:
    return cast("str", json.loads(text)) if text.startswith('"') else text

"""Markdown in which no sign of a file or of an error text is read as markup."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tdinspect.formats.spans import visible

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#])")


def escaped(text: str) -> str:
    """The text with every sign of Markdown taken literally; a line end is a line break."""
    return _SPECIAL.sub(r"\\\1", visible(text).replace("&", "&amp;")).replace("\n", "<br>")


def code(text: str) -> str:
    """A code span; a pipe must be escaped even there, or it ends the table's cell."""
    flat = visible(text).replace("\n", " ").replace("|", "\\|")
    fence = "`" * (_longest(flat) + 1)
    padding = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{fence}{padding}{flat}{padding}{fence}"


def fenced(body: str, language: str = "text") -> str:
    """A code block whose fence is longer than any in the text."""
    fence = "`" * max(3, 1 + _longest(body))
    return f"{fence}{language}\n{visible(body)}\n{fence}"


def table_row(cells: Sequence[str]) -> str:
    """The cells, which are Markdown already, as one row."""
    return f"| {' | '.join(cells)} |"


def _longest(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)

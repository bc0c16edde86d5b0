"""Text with meanings instead of colours, so that what to say is decided without knowing how it will be shown."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

Style = Literal["", "strong", "dim", "time", "error", "good", "code"]
Spans = tuple[tuple[str, Style], ...]

# Control characters and bidirectional overrides from a file must not reach a terminal.
_VISIBLE = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: "\u2421",
    **dict.fromkeys([*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\ufffd"),
    ord("\t"): "    ",
}


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces that stand side by side where they fit and break between each other first; ``hang`` indents what wraps.

    ``gap`` is the number of spaces between pieces.
    """

    pieces: tuple[Spans, ...]
    hang: int = 2
    gap: int = 3


def span(text: str, style: Style = "") -> Spans:
    """One text of one meaning; an empty text has no spans."""
    return ((text, style),) if text else ()


def line(*pieces: Spans, hang: int = 2, gap: int = 3) -> Line:
    """A line of those pieces that are not empty."""
    return Line(tuple(piece for piece in pieces if plain(piece)), hang, gap)


def plain(spans: Spans) -> str:
    """The text alone."""
    return "".join(text for text, _ in spans)


def plain_line(text: Line) -> str:
    """A line's text, unwrapped."""
    return (" " * text.gap).join(plain(piece) for piece in text.pieces)


def join(parts: list[Spans], separator: str) -> Spans:
    """The parts that are not empty, one after another."""
    joined: Spans = ()
    for part in parts:
        if plain(part):
            joined += (span(separator) if joined else ()) + part
    return joined


def visible(text: str) -> str:
    """The text with control characters made visible and tabs made spaces; line ends stay."""
    return text.translate(_VISIBLE)


def cell_width(text: str) -> int:
    """How many terminal cells a text takes: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    total = 0
    for char in text:
        if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
            continue
        total += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return total

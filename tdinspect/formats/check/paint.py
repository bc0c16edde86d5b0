"""Lines for a terminal without rich, which costs a clean check more time than all the rest."""

from __future__ import annotations

from tdinspect.formats.spans import Line, Spans, Style, cell_width, plain, span, visible

_CODES: dict[Style, str] = {"strong": "1", "dim": "2", "time": "36", "error": "31", "good": "32"}
_MIN_ROOM = 10  # an indentation leaves at least this much
MIN_WIDTH = 24


def painted(spans: Spans, color: bool) -> str:
    """The text, in ANSI colours where they are wanted; what a file could do to a terminal is made visible."""
    if not color:
        return visible(plain(spans))
    return "".join(
        f"\x1b[{_CODES[style]}m{visible(text)}\x1b[0m" if style in _CODES else visible(text) for text, style in spans
    )


def wrapped(line: Line, width: int, color: bool) -> list[str]:
    """The line in as many lines as it takes: broken at spaces, those after the first indented by its ``hang``."""
    gap = span(" " * line.gap)
    pieces = [gap + piece if index else piece for index, piece in enumerate(line.pieces)]
    spans = tuple((visible(text), style) for piece in pieces for text, style in piece)
    text = plain(spans)
    if "\n" not in text and cell_width(text) <= width:
        return [painted(spans, color)]
    indent = max(min(line.hang, width - _MIN_ROOM), 0)
    lines: list[str] = []
    start = 0
    for part in text.split("\n"):
        for first, last in _cuts(part, width - (indent if lines else 0), width - indent):
            own = painted(_slice(spans, start + first, start + last), color)
            lines.append(" " * indent + own if lines and own else own)
        start += len(part) + 1
    return lines


def _cuts(text: str, first: int, rest: int) -> list[tuple[int, int]]:
    """Where each line begins and ends: at a space where there is one, else in the middle of a word."""
    cuts, start, room = [], 0, first
    while cell_width(text[start:]) > room:
        end = start + _fitting(text[start:], room)
        words = start + len(text[start:]) - len(text[start:].lstrip(" "))
        space = text.rfind(" ", words, end + 1)
        end = space if space > words else end
        cuts.append((start, end))
        start = end + len(text[end:]) - len(text[end:].lstrip(" "))
        room = rest
    return [*cuts, (start, len(text))]


def _fitting(text: str, room: int) -> int:
    """How many characters fit, at least one."""
    if text.isascii():
        return min(room, len(text))
    used = 0
    for index, char in enumerate(text):
        used += cell_width(char)
        if used > room:
            return max(index, 1)
    return len(text)


def _slice(spans: Spans, first: int, last: int) -> Spans:
    parts, at = [], 0
    for text, style in spans:
        own = text[max(first - at, 0) : max(last - at, 0)]
        if own:
            parts.append((own, style))
        at += len(text)
    return tuple(parts)

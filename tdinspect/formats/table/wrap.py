"""Styled text, wrapped and never cut."""

from __future__ import annotations

from rich.console import Console
from rich.style import Style as RichStyle
from rich.text import Text

from tdinspect.formats.spans import Line, Spans, Style, visible

_STYLES: dict[Style, RichStyle] = {
    "": RichStyle.null(),
    "strong": RichStyle(bold=True),
    "dim": RichStyle(dim=True),
    "time": RichStyle(color="cyan"),
    "error": RichStyle(color="red"),
    "good": RichStyle(color="green"),
    "code": RichStyle.null(),
}

_MIN_ROOM = 10  # an indentation leaves at least this much


def styled(spans: Spans) -> Text:
    """The spans as rich text; markup in them stays literal."""
    text = Text()
    for part, style in spans:
        text.append(visible(part), _STYLES[style])
    return text


class Wrapper:
    """Wraps to a width. Breaks at spaces, so a shape breaks after its commas; folds only a word that is too long."""

    def __init__(self, console: Console, width: int) -> None:
        """Wrap to ``width`` cells; the console is what rich asks for tab sizes and the like."""
        self._console = console
        self.width = width

    def fold(self, text: Text, width: int) -> list[Text]:
        """The text in lines of at most ``width`` cells."""
        lines = list(text.wrap(self._console, max(width, 1), justify="left", overflow="fold"))
        for part in lines:
            part.rstrip()
        return lines or [Text()]

    def hanging(self, text: Text, hang: int, width: int) -> list[Text]:
        """The text in lines; those after the first are indented, less where there is no room for it."""
        first, *rest = self.fold(text, width)
        hang = max(min(hang, width - _MIN_ROOM), 0)
        left = text[len(first.plain) :]
        spaces = len(left.plain) - len(left.plain.lstrip(" "))
        left = left[spaces + left.plain[spaces:].startswith("\n") :]
        return [first, *(Text(" " * hang) + part for part in self.fold(left, width - hang))] if rest else [first]

    def line(self, source: Line) -> list[Text]:
        """The pieces side by side; a piece that does not fit beside the others starts a line."""
        lines: list[Text] = []
        for piece in source.pieces:
            text = styled(piece)
            beside = lines[-1] + Text(" " * source.gap) + text if lines else None
            if beside is not None and beside.cell_len <= self.width:
                lines[-1] = beside
            elif lines:
                lines += self.hanging(Text(" " * source.hang) + text, source.hang, self.width)
            else:
                lines += self.hanging(text, source.hang, self.width)
        return lines

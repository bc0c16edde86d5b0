"""A grid as lines: column widths, wrapping inside the cells, tree guides carried on, notes beside or below."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from tdinspect.formats.screen.model import Grid, GridRow
from tdinspect.formats.spans import Spans, plain, span
from tdinspect.formats.table.wrap import Wrapper, styled
from tdinspect.formats.words import NONE

_GAP = 2
_NARROW = 60
_NOTE_BESIDE = 20  # with less room than this a note goes below its row
_ERROR_BESIDE = 30
_MIN_TEXT = 8
_LONG_WORD = 16  # a longer one is folded rather than given the whole table


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the columns stand. ``note`` is the width of the notes beside a row; 0 puts them below it."""

    gutter: int
    widths: tuple[int, ...]
    numbers: tuple[bool, ...]
    note: int

    def start(self, index: int) -> int:
        """The first cell of a column; the notes are the column after the last."""
        return self.gutter + sum(self.widths[:index]) + _GAP * index


def grid_lines(grid: Grid, wrapper: Wrapper) -> list[Text]:
    """The titles and the rows. Where no column can be narrow enough without cutting words, cells stand below names."""
    layout = _layout(grid, wrapper.width)
    if layout is None:
        return [part for row in grid.rows for part in _stacked(row, grid.titles, wrapper)]
    note = span(grid.note_title if layout.note else "", "dim")
    lines = _row_lines(GridRow(tuple(span(title, "dim") for title in grid.titles), note=note), layout, wrapper)
    for row in grid.rows:
        lines += _row_lines(row, layout, wrapper)
    return lines


def _gutter(width: int) -> int:
    return 2 if width < _NARROW else 3


def _layout(grid: Grid, width: int) -> _Layout | None:
    """Numbers get what they need; texts share the rest; notes stand beside only where nothing else must wrap."""
    natural = [_width(grid, index, by_word=False) for index in range(len(grid.titles))]
    least = [natural[index] if number else _least(grid, index) for index, number in enumerate(grid.numbers)]
    gutter = _gutter(width)
    room = width - gutter - _GAP * (len(natural) - 1)
    if sum(least) > room:
        return None
    note = max((styled(row.note).cell_len for row in grid.rows), default=0)
    left = room - sum(natural) - _GAP
    if note and left >= max(min(note, _NOTE_BESIDE), note // 2):
        return _Layout(gutter, tuple(natural), grid.numbers, left)
    return _Layout(gutter, tuple(_share(natural, least, room)), grid.numbers, 0)


def _width(grid: Grid, index: int, *, by_word: bool) -> int:
    """The width of a column's widest line, or of its longest word, guide included."""
    widths = [len(part) for part in (grid.titles[index].split() if by_word else [grid.titles[index]])]
    for row in grid.rows:
        guide = len(row.guide) if index == 0 else 0
        text = plain(row.cells[index])
        parts = text.split() if by_word else text.split("\n")
        lengths = [styled(span(part)).cell_len for part in parts]
        widths += [guide + (min(length, _LONG_WORD) if by_word else length) for length in lengths]
    return max(widths)


def _least(grid: Grid, index: int) -> int:
    """The narrowest a column of text may be: its longest word, unless that is very long, and room for a few sizes."""
    return max(_width(grid, index, by_word=True), min(_MIN_TEXT, _width(grid, index, by_word=False)))


def _share(natural: list[int], least: list[int], room: int) -> list[int]:
    """Widths that fit in ``room``: the widest give way first, none below its longest word."""
    widths = list(natural)
    while sum(widths) > room:
        widest = max((i for i in range(len(widths)) if widths[i] > least[i]), key=lambda i: widths[i])
        widths[widest] -= 1
    return widths


def _row_lines(row: GridRow, layout: _Layout, wrapper: Wrapper) -> list[Text]:
    spans = [row.cells[0], *([row.error] if row.error else row.cells[1:])]
    widths = [layout.widths[0] - len(row.guide), *layout.widths[1:]]
    rights = list(layout.numbers)
    below = row.note
    if row.error:
        beside = wrapper.width - layout.start(1)
        widths, rights = [widths[0], beside], [False, False]
        if beside < _ERROR_BESIDE:
            spans, below = spans[:1], row.error
    elif row.note and layout.note:
        spans, widths, rights, below = [*spans, row.note], [*widths, layout.note], [*rights, False], ()
    cells = [wrapper.fold(styled(cell), width) for cell, width in zip(spans, widths, strict=False)]
    places = [(layout.start(index), widths[index] if rights[index] else 0) for index in range(len(cells))]
    count = max(len(cell) for cell in cells)
    return [_line(row, cells, places, number, layout.gutter) for number in range(count)] + _below(row, below, wrapper)


def _line(row: GridRow, cells: list[list[Text]], places: list[tuple[int, int]], number: int, gutter: int) -> Text:
    """Line ``number`` of a row, each cell's part at its place: where it starts, and a width to stand right in."""
    line = _start(row, number == 0, gutter)
    for index, (cell, (start, width)) in enumerate(zip(cells, places, strict=True)):
        if number < len(cell):
            if index:
                line.append(" " * (start + max(width - cell[number].cell_len, 0) - line.cell_len))
            line.append_text(cell[number])
    line.rstrip()
    return line


def _start(row: GridRow, first: bool, gutter: int) -> Text:
    mark = Text("✗ ".rjust(gutter), "red") if row.failed and first else Text(" " * gutter)
    return mark + Text(row.guide if first else row.rest)


def _below(row: GridRow, note: Spans, wrapper: Wrapper) -> list[Text]:
    start = _start(row, False, _gutter(wrapper.width)) + Text("  ")
    return [start + part for part in wrapper.fold(styled(note), wrapper.width - start.cell_len)] if note else []


def _stacked(row: GridRow, titles: tuple[str, ...], wrapper: Wrapper) -> list[Text]:
    """A row for a very narrow place: the name, and below it each cell that holds something, with its title."""
    start = _start(row, True, _gutter(wrapper.width))
    first, *rest = wrapper.fold(styled(row.cells[0]), wrapper.width - start.cell_len)
    again = _start(row, False, _gutter(wrapper.width))
    lines = [start + first, *(again + part for part in rest)]
    for title, cell in zip(titles[1:], row.cells[1:], strict=True):
        if plain(cell) not in ("", NONE):
            lines += _below(row, span(f"{title}: ", "dim") + cell, wrapper)
    return lines + _below(row, row.error or row.note, wrapper)

"""A screen: lines, one grid with a tree in it, lines, and the findings of the spec."""

from __future__ import annotations

from dataclasses import dataclass

from tdinspect.domain.report import SpecReport
from tdinspect.formats.spans import Line, Spans


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row. The guides stand before the first cell, on its first line and on further ones.

    ``note`` comes last, beside the cells or below them. ``error`` takes the place of all cells but the first.
    """

    cells: tuple[Spans, ...]
    guide: str = ""
    rest: str = ""
    note: Spans = ()
    error: Spans = ()
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns by title; ``numbers`` says which stand to the right and never wrap."""

    titles: tuple[str, ...]
    numbers: tuple[bool, ...]
    rows: tuple[GridRow, ...]
    note_title: str = ""


@dataclass(frozen=True, slots=True)
class Screen:
    """All there is to say about one spec; a format adds the findings of ``spec`` in its own way."""

    spec: SpecReport
    head: tuple[Line, ...]
    grid: Grid | None = None
    foot: tuple[Line, ...] = ()

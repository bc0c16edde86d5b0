"""The grid of ``--columns``: the columns that were asked for, in that order."""

from __future__ import annotations

from tdinspect.domain.report import LayerRow, Shape, SpecReport
from tdinspect.formats.columns import Column, Value, known_columns
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.rows import TreeRow, tree
from tdinspect.formats.screen.model import Grid, GridRow
from tdinspect.formats.spans import Spans, plain, span
from tdinspect.formats.words import NONE, grouped, label, per_copy, shape_spans


def chosen_grid(spec: SpecReport, command: str, options: RenderOptions) -> Grid:
    """One row per layer; the tree is drawn when ``layer`` comes first."""
    known = known_columns(command)
    columns = [known[name] for name in options.columns or ()]
    rows = tuple(_row(item, columns, spec) for item in tree(spec.layers, options.depth, unfold=options.unfold))
    return Grid(tuple(column.name for column in columns), tuple(column.number for column in columns), rows)


def _row(item: TreeRow, columns: list[Column], spec: SpecReport) -> GridRow:
    cells = tuple(_cell(column, item, spec) for column in columns)
    in_tree = bool(columns) and columns[0].name == "layer"
    guides = (item.guide, item.rest) if in_tree else ("", "")
    error = item.row.error
    note = span(error, "error") if error and not any(column.name == "error" for column in columns) else ()
    return GridRow(cells, *guides, note=note, failed=bool(error))


def _cell(column: Column, item: TreeRow, spec: SpecReport) -> Spans:
    if column.name == "layer":
        return label(item.row, item.parent)
    if column.text is not None:
        cell = span(column.text(item.row))
    else:
        cell = _spans(column, item.row, column.value(item.row, spec))
    return span(per_copy(plain(cell), item.copies)) if column.sums else cell


def _spans(column: Column, row: LayerRow, value: Value) -> Spans:
    if isinstance(value, Shape):
        return shape_spans(value)
    if value is None:
        return span(NONE)
    if isinstance(value, int):
        return span(str(value) if column.name == "line" else grouped(value))
    return span(_percent(value) if isinstance(value, float) and column.name == "percent" else str(value))


def _percent(value: float) -> str:
    """A part that is not nothing never reads as nothing."""
    return NONE if value == 0 else "<0.1 %" if value < 0.05 else f"{value:.1f} %"

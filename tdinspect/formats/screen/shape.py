"""``shape``: the shape after every layer, beside its parameters."""

from __future__ import annotations

from tdinspect.domain.report import LayerRow, SpecReport
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.rows import TreeRow, failing_inside, tree
from tdinspect.formats.screen.header import header, total_lines
from tdinspect.formats.screen.model import Grid, GridRow, Screen
from tdinspect.formats.spans import Spans, join, span
from tdinspect.formats.words import grouped, label, per_copy, row_notes, shape_spans


def shape_screen(spec: SpecReport, options: RenderOptions) -> Screen:
    """The screen of one spec that has rows."""
    stopped = failing_inside(spec.layers)
    rows = tuple(_row(item, stopped) for item in tree(spec.layers, options.depth, unfold=options.unfold))
    grid = Grid(("layer", "output", "params"), (False, False, True), rows)
    return Screen(spec, header(spec), grid, total_lines(spec))


def _row(item: TreeRow, stopped: set[str]) -> GridRow:
    row = item.row
    name = label(row, item.parent)
    if row.error:
        return GridRow((name, (), ()), item.guide, item.rest, error=span(row.error, "error"), failed=True)
    cells = (name, output_spans(row, stopped), params_spans(item))
    return GridRow(cells, item.guide, item.rest, note=join(row_notes(row), ", "))


def output_spans(row: LayerRow, stopped: set[str]) -> Spans:
    """The output's shape, or why there is none."""
    if row.output is not None:
        return shape_spans(row.output)
    return span("stops inside", "error") if row.name in stopped else span("not reached", "dim")


def params_spans(item: TreeRow) -> Spans:
    """The count; dim where it is the sum of rows that follow."""
    return span(per_copy(grouped(item.row.params), item.copies), "dim" if item.opened else "")

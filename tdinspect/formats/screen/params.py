"""``params``: every parameter tensor, the formula behind each count, and the totals."""

from __future__ import annotations

from collections.abc import Iterator

from tdinspect.domain.report import LayerRow, SpecReport, TensorRow
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.rows import TreeRow, tree
from tdinspect.formats.screen.header import header, stop_spans
from tdinspect.formats.screen.model import Grid, GridRow, Screen
from tdinspect.formats.screen.shape import params_spans
from tdinspect.formats.spans import Line, Spans, join, line, span
from tdinspect.formats.words import (
    enumerated,
    fixed_text,
    grouped,
    label,
    parameters_text,
    per_copy,
    row_notes,
    sizes_text,
    with_unit,
)


def params_screen(spec: SpecReport, options: RenderOptions) -> Screen:
    """The screen of one spec that has rows."""
    rows = tuple(row for item in tree(spec.layers, options.depth, unfold=options.unfold) for row in _rows(item))
    grid = Grid(("layer", "params", "size"), (False, True, True), rows)
    return Screen(spec, header(spec), grid, tuple(_totals(spec)))


def _rows(item: TreeRow) -> Iterator[GridRow]:
    row = item.row
    name = label(row, item.parent)
    if row.error:
        yield GridRow((name, (), ()), item.guide, item.rest, error=span(row.error, "error"), failed=True)
        return
    size = per_copy(with_unit(row.param_bytes) if row.param_bytes else "", item.copies)
    yield GridRow(
        (name, params_spans(item), span(size, "dim" if item.opened else "")), item.guide, item.rest, note=_note(row)
    )
    if row.shared_with is None:
        bar = item.rest + "  "
        yield from (_tensor(tensor, row, bar) for tensor in row.tensors)


def _note(row: LayerRow) -> Spans:
    # A container's own formula and Keras count would only repeat those of its children.
    notes = [span(row.formula, "code")] if row.formula and not row.container and not row.shared_with else []
    notes += row_notes(row)
    if not row.container and row.keras_params != row.params:
        notes.append(span(f"Keras {grouped(row.keras_params)}"))
    return join(notes, ", ")


def _tensor(tensor: TensorRow, row: LayerRow, bar: str) -> GridRow:
    name = span(f"{tensor.name} {sizes_text(tensor.shape)}", "dim")
    cells = (name, span(grouped(tensor.params), "dim"), span(with_unit(tensor.bytes), "dim"))
    mixed = 0 < row.trainable_params < row.params
    return GridRow(cells, bar, bar, note=span("frozen" if mixed and not tensor.trainable else ""))


def _totals(spec: SpecReport) -> Iterator[Line]:
    totals = spec.totals
    frozen = totals.params - totals.trainable_params
    state = f"{totals.trainable_params:,} trainable, {frozen:,} frozen" if frozen else "all trainable"
    counts = parameters_text(spec)
    yield line(
        stop_spans(spec),
        span(f"total {counts}" if counts else ""),
        span(state if totals.params else ""),
        span(fixed_text(spec)),
    )
    if totals.keras_params != totals.params:
        yield line(span(_keras(spec)))


def _keras(spec: SpecReport) -> str:
    """How Keras counts, and why: the differences that are known are the bias vectors and the running statistics."""
    difference = spec.totals.keras_params - spec.totals.params
    rows = [row for row in spec.layers if not row.container and row.keras_params != row.params]
    reasons = []
    doubled = [row for row in rows if any(tensor.name.startswith("bias_hh") for tensor in row.tensors)]
    if doubled:
        reasons.append(f"torch keeps two bias vectors in {_types(doubled)}, Keras one")
    counted_more = [row for row in rows if row not in doubled and row.keras_params > row.params]
    if counted_more:
        reasons.append(f"the running statistics of {_types(counted_more)}")
    others = [row for row in rows if row not in doubled and row not in counted_more]
    if others:
        reasons.append(f"it counts {_types(others)} differently")
    words = f"{abs(difference):,} {'more' if difference > 0 else 'fewer'}"
    return f"Keras counts {spec.totals.keras_params:,}, {words}: {'; '.join(reasons)}"


def _types(rows: list[LayerRow]) -> str:
    return enumerated(list(dict.fromkeys(row.type for row in rows)))

"""Words for what became of a number, a layer or a shape."""

from __future__ import annotations

from collections.abc import Sequence

from tdinspect.analysis.diff import LayerDiff, ShapeDiff, arguments
from tdinspect.analysis.names import given_name
from tdinspect.domain.report import LayerRow, SpecReport
from tdinspect.formats.spans import Spans, join, span
from tdinspect.formats.words import counted, macs_text, shape_spans

ARROW = span(" → ", "dim")


def percent(before: int | None, after: int | None) -> str:
    """By how much a number grew: ``+50 %``, ``-0.4 %``; empty where it is the same or there was nothing."""
    if not before or after is None or before == after:
        return ""
    tenths = abs(after - before) * 1000 / before
    sign = "+" if after > before else "-"
    if tenths < 0.5:
        return f"{sign}<0.1 %"
    if after > 0 > after - before:
        tenths = min(tenths, 999)  # all of it is gone only where nothing is left
    text = f"{tenths / 10:,.1f}".removesuffix(".0")
    return f"{sign}{text} %"


def side(layer: LayerDiff, row: LayerRow | None) -> Spans:
    """A layer as it is on one side: its arguments, its shape, its parameters."""
    if row is None:
        return ()
    parts = [span(" ".join(part for part in (_type(layer, row), arguments(row)) if part))]
    if row.output is not None:
        parts.append(shape_spans(row.output))
    parts += [span(text) for text in _numbers(layer, row)]
    if row.error is not None:
        parts.append(span("raises ") + span(row.error, "error"))
    return join(parts, ", ")


def _type(layer: LayerDiff, row: LayerRow) -> str:
    """The type, where neither the name nor the other side tells it."""
    told = layer.kind == "changed" and "type" not in layer.what
    return "" if told or given_name(row.name, row.type) is None else row.type


def _numbers(layer: LayerDiff, row: LayerRow) -> list[str]:
    if row.container or (row.error is not None and not row.params):  # it was never built
        return []
    words = []
    if any(one is not None and one.params for one in (layer.before, layer.after)):
        words.append(f"{row.params:,}")
    if row.trainable_params < row.params:
        words.append("frozen" if not row.trainable_params else f"{row.trainable_params:,} trainable")
    if row.shared_with is not None:
        words.append(f"shares {row.shared_with}")
    return words


def growth(layer: LayerDiff) -> str:
    """By how much a layer's parameters grew."""
    if layer.before is None or layer.after is None or layer.after.container or layer.after.error is not None:
        return ""
    return percent(layer.before.params, layer.after.params)


def totals(report: SpecReport) -> tuple[str, str]:
    """The parameters of a spec, and its multiply-adds."""
    all_macs = report.totals.macs
    macs = "macs not known" if all_macs is None else f"{macs_text(all_macs, report.totals.macs_status)} macs"
    return f"{counted(report.totals.params, 'param')}", macs if all_macs != 0 else "0 macs"


def became(shape: ShapeDiff) -> Spans:
    """A shape before and after; once where it is the same."""
    sides = [shape_spans(one) for one in (shape.before, shape.after) if one is not None]
    dtypes = [one.dtype for one in (shape.before, shape.after) if one is not None]
    if dtypes[0] != dtypes[-1]:
        sides = [part + span(f" {dtype}") for part, dtype in zip(sides, dtypes, strict=True)]
    return sides[0] if shape.same or len(sides) == 1 else sides[0] + ARROW + sides[-1]


def named_shapes(shapes: Sequence[ShapeDiff], noun: str) -> Spans:
    """Shapes with their names; a single one that has no name of its own goes without."""
    parts = []
    for shape in shapes:
        name = () if shape.name == noun and len(shapes) == 1 else span(f"{shape.name} ")
        gone = " is gone" if shape.after is None else " is new" if shape.before is None else ""
        parts.append(name + became(shape) + span(gone))
    return join(parts, ", ")

"""What the lock file holds of a spec.

An entry is plain data, so that a cache can keep it: ``text`` is what stands in the file, with a line for each fact
about the whole spec and for each layer, in the order of the forward pass; ``lines`` are the lines of the spec that the
layers stand in now, which are not locked. A layer's text has pieces, ``Conv2d; output (B, 16, 64, 64); params 448``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tdinspect.analysis.entries import Named, write_entry
from tdinspect.domain.cost import CostStatus
from tdinspect.domain.report import LayerRow, Shape, SpecReport


def entry_of(report: SpecReport) -> Mapping[str, object] | None:
    """What is locked of a spec, as JSON-able data; None when the spec has errors that keep it from running.

    Of a spec that is meant to fail, and does, it is what runs before that.
    """
    raised = [row for row in report.layers if row.error is not None]
    stops = bool(raised) or not report.outputs
    if stops and not report.ok:
        return None
    layers = [(row.name, _layer(row)) for row in report.layers]
    facts = [fact for fact in _facts(report, raised, stops) if fact[1]]
    return {"text": write_entry(facts, layers), "lines": [row.line for row in report.layers]}


def _facts(report: SpecReport, raised: Sequence[LayerRow], stops: bool) -> Iterator[Named]:
    totals = report.totals
    yield "sizes", ", ".join(f"{name}={size}" for name, size in sorted(report.sizes.items()))
    yield "axes", _axes(report)
    for name, shape in report.inputs.items():
        yield _called("input", name), _shape(shape)
    for name, shape in report.outputs.items():
        yield _called("output", name), _shape(shape)
    if stops:
        yield "fails", f"at {raised[-1].name}" if raised else "before it is built"
    if report.layers:
        yield "params", f"{totals.params:,}"
        yield "trainable_params", f"{totals.trainable_params:,}"
        yield "param_bytes", f"{totals.param_bytes:,}"
    if not stops:
        yield "macs", _macs(totals.macs, totals.macs_status)


def _called(what: str, name: str) -> str:
    return what if name == what else f"{what} {name}"


def _axes(report: SpecReport) -> str:
    times: Sequence[object] = report.clocks if len(report.clocks) > 1 else [report.time_axis]
    named = [f"time {axis}" for axis in times if axis is not None]
    return ", ".join([*named, *([f"batch {report.batch_axis}"] if report.batch_axis is not None else [])])


def _shape(shape: Shape) -> str:
    text = f"({', '.join(shape.symbols)}{',' if len(shape.symbols) == 1 else ''})"
    return text if shape.dtype == "float32" else f"{text} {shape.dtype}"


def _macs(macs: int | None, status: CostStatus) -> str:
    if macs is None:
        return "not known"
    return f"at least {macs:,}" if status == "partial" else f"{macs:,}"


def _layer(row: LayerRow) -> str:
    pieces = [row.type]
    if row.output is not None:
        pieces.append(f"output {_shape(row.output)}")
    if row.params:
        pieces.append(f"params {row.params:,}")
    if row.trainable_params != row.params:
        pieces.append(f"trainable {row.trainable_params:,}")
    if row.shared_with is not None:
        pieces.append(f"shares {row.shared_with}")
    if row.error is not None:
        pieces.append(f"raises {row.error.partition(':')[0]}")
    elif row.macs != 0:
        pieces.append(f"macs {_macs(row.macs, row.macs_status)}")
    return "; ".join(pieces)

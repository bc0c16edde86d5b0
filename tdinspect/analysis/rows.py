"""From a trace to the rows of a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tdinspect.analysis.parameters import Counts, count_rows, fixed_in
from tdinspect.domain.location import Path, Position, render_path
from tdinspect.domain.report import LayerRow, Shape, TensorRow, Totals
from tdinspect.domain.size import readable
from tdinspect.domain.trace import LayerRecord, TensorInfo, Trace

Locate = Callable[[Path], Position | None]


def layer_rows(
    trace: Trace, sizes: Mapping[str, int], clocks: Sequence[str], batch: str | None, locate: Locate
) -> tuple[LayerRow, ...]:
    """One row for each record, in order."""
    counts = count_rows(trace.layers)
    shapes: dict[int, Shape] = {}  # most layers take the very value that the one before gave

    def shape(infos: Sequence[TensorInfo]) -> Shape | None:
        if not infos:
            return None
        key = id(infos[0])  # the trace keeps it
        if key not in shapes:
            shapes[key] = shape_of(infos[0], sizes, clocks, batch)
        return shapes[key]

    return tuple(
        _row(record, count, sizes, shape(record.inputs), shape(record.outputs), locate)
        for record, count in zip(trace.layers, counts, strict=True)
    )


def _row(
    record: LayerRecord,
    count: Counts,
    sizes: Mapping[str, int],
    input: Shape | None,
    output: Shape | None,
    locate: Locate,
) -> LayerRow:
    position = locate(record.path)
    return LayerRow(
        name=record.name,
        type=record.type,
        path=render_path(record.path),
        line=position.line if position else None,
        depth=record.depth,
        container=record.container,
        function=record.function,
        time_distributed=record.time_distributed,
        summary=_summary(record),
        inferred=record.inferred,
        input=input,
        output=output,
        params=count.params,
        trainable_params=count.trainable,
        keras_params=count.keras,
        param_bytes=count.bytes,
        tensors=tuple(TensorRow(p.name, p.shape, p.count, p.bytes, p.trainable) for p in record.parameters),
        formula=record.formula,
        shared_with=record.shared_with,
        steps=None if record.steps is None else readable(record.steps, sizes),
        error=record.failure.error if record.failure else None,
        comparison=record.comparison,
        axes=record.axes,
    )


def _summary(record: LayerRecord) -> str:
    """The type and the telling arguments; of a repeat what is repeated."""
    return record.arguments if record.type == "Repeat" else f"{record.type} {record.arguments}".rstrip()


def shape_of(info: TensorInfo, sizes: Mapping[str, int], clocks: Sequence[str], batch: str | None) -> Shape:
    """The numbers and the texts of a shape, and which axes carry time and batch."""
    return Shape(
        sizes=info.shape(sizes),
        symbols=info.symbols(sizes),
        dtype=info.dtype,
        time=info.time_axis(clocks),
        batch=info.axis_of(batch),
    )


def totals_of(rows: Sequence[LayerRow]) -> Totals:
    """The sums over all leaves."""
    leaves = [row for row in rows if not row.container]
    return Totals(
        sum(row.params for row in leaves),
        sum(row.trainable_params for row in leaves),
        sum(row.keras_params for row in leaves),
        sum(row.param_bytes for row in leaves),
    )


def params_fixed_in(trace: Trace, clocks: Sequence[str], batch: str | None) -> tuple[str, ...]:
    """The time and batch symbols (``time``, ``batch`` where they are numbers) on which no parameter count depends."""
    symbols = ([batch] if batch else []) + list(clocks)
    return tuple(_plain(symbol) for symbol in fixed_in(trace.layers, symbols))


def _plain(symbol: str) -> str:
    return symbol.strip("#0123456789") if symbol.startswith("#") else symbol

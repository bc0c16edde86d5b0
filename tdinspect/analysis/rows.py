"""From a trace to the rows of a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tdinspect.analysis.costs import cost_rows
from tdinspect.analysis.parameters import Counts, count_rows, fixed_in
from tdinspect.domain.cost import Cost, added
from tdinspect.domain.location import Path, Position, render_path
from tdinspect.domain.report import LayerRow, Shape, TensorRow, Totals
from tdinspect.domain.size import readable
from tdinspect.domain.trace import LayerRecord, TensorInfo, Trace

Locate = Callable[[Path], Position | None]


def layer_rows(
    trace: Trace, sizes: Mapping[str, int], clocks: Sequence[str], batch: str | None, locate: Locate
) -> tuple[LayerRow, ...]:
    """One row for each record, in order."""
    counts, costs = count_rows(trace.layers), cost_rows(trace.layers)
    shapes: dict[int, Shape] = {}  # most layers take the very value that the one before gave

    def shape(infos: Sequence[TensorInfo]) -> Shape | None:
        if not infos:
            return None
        key = id(infos[0])  # the trace keeps it
        if key not in shapes:
            shapes[key] = shape_of(infos[0], sizes, clocks, batch)
        return shapes[key]

    return tuple(
        _row(record, count, cost, sizes, shape(record.inputs), shape(record.outputs), locate)
        for record, count, cost in zip(trace.layers, counts, costs, strict=True)
    )


def _row(
    record: LayerRecord,
    count: Counts,
    cost: Cost,
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
        kernel=record.kernel,
        shared_with=record.shared_with,
        steps=None if record.steps is None else readable(record.steps, sizes),
        error=record.failure.error if record.failure else None,
        comparison=record.comparison,
        axes=record.axes,
        sized_by={name: readable(size, sizes) for name, size in record.sized_by.items()},
        unclear=_unclear(record),
        macs=cost.macs,
        macs_status=cost.macs_status,
        activation_bytes=cost.activation_bytes,
    )


def _unclear(record: LayerRecord) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """The axes of the first output that follow symbols of the spec, and no formula was found."""
    axes = record.outputs[0].axes if record.outputs else ()
    named = ((i, tuple(s for s in sorted(axis.unclear) if not s.startswith("#"))) for i, axis in enumerate(axes))
    return tuple((i, symbols) for i, symbols in named if symbols)


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


def totals_of(rows: Sequence[LayerRow], outside: Cost | None = None, peak_bytes: int | None = None) -> Totals:
    """The sums over all leaves; costs are those of the outermost rows, which have the rest in them.

    ``outside`` is what the model does outside of its rows, ``peak_bytes`` what its values take at one time.
    """
    leaves = [row for row in rows if not row.container]
    outermost = (Cost(row.macs, row.macs_status, row.activation_bytes) for row in rows if row.depth == 0)
    cost = added([*outermost, outside or Cost()])
    return Totals(
        sum(row.params for row in leaves),
        sum(row.trainable_params for row in leaves),
        sum(row.keras_params for row in leaves),
        sum(row.param_bytes for row in leaves),
        cost.macs,
        cost.macs_status,
        cost.activation_bytes,
        peak_bytes,
    )


def params_fixed_in(trace: Trace, clocks: Sequence[str], batch: str | None) -> tuple[str, ...]:
    """The time and batch symbols (``time``, ``batch`` where they are numbers) on which no parameter count depends."""
    symbols = ([batch] if batch else []) + list(clocks)
    return tuple(_plain(symbol) for symbol in fixed_in(trace.layers, symbols))


def _plain(symbol: str) -> str:
    return symbol.strip("#0123456789") if symbol.startswith("#") else symbol

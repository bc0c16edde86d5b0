"""``time_axis`` and ``batch_axis``: which axis of each input is time, which is the batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tdinspect.domain.spec import InputSpec
from tdinspect.importers.collector import Collector, shorten, whole
from tdinspect.importers.inputs import Inputs
from tdinspect.importers.values import is_name

Axis = str | int | None
_ASSUMED = "batch axis {axis} assumed: no shape has the symbol B (`batch_axis: none` for one unbatched sample)"


@dataclass(frozen=True)
class Axes:
    """The inputs with their axes, and what a report calls them: a symbol, an index or None.

    ``clocks`` are the symbols that count time; ``notes`` say what was assumed.
    """

    inputs: tuple[InputSpec, ...]
    time_axis: Axis
    batch_axis: Axis
    clocks: frozenset[str]
    notes: tuple[str, ...] = ()


def parse_axes(data: Mapping[str, object], inputs: Inputs, collector: Collector) -> Axes:
    """The time and batch axis of every input."""
    time = _time_axes(data.get("time_axis"), inputs, collector)
    notes: tuple[str, ...] = ()
    if "batch_axis" in data:
        batch = _batch_axes(data["batch_axis"], inputs, collector)
        _check_apart(time, batch, collector)
    elif "B" in inputs.symbols:
        batch = [_index(one, "B") for one in inputs.inputs]
    else:
        batch = [_assumed(one, axis) for one, axis in zip(inputs.inputs, time, strict=True)]
        assumed = sorted({axis for axis in batch if axis is not None})
        notes = tuple(_ASSUMED.format(axis=axis) for axis in assumed) if inputs.complete else ()
    placed = tuple(
        replace(one, time_axis=t, batch_axis=b if b != t else None)
        for one, t, b in zip(inputs.inputs, time, batch, strict=True)
    )
    listed = _listed_clocks(data.get("time_axis"), inputs)
    clocks = frozenset(e for one, t in zip(inputs.inputs, time, strict=True) for e in _symbol_at(one, t))
    time_name = listed[0] if listed else _name(placed, [one.time_axis for one in placed])
    batch_name = _name(placed, [one.batch_axis for one in placed])
    return Axes(placed, time_name, batch_name, clocks.union(listed), notes)


def _time_axes(value: object, inputs: Inputs, collector: Collector) -> list[int | None]:
    if isinstance(value, list):
        clocks = [c for i, c in enumerate(value) if _known_symbol(c, inputs, ("time_axis", i), collector)]
        if not value:
            collector.wrong("a symbol, an index or a list of symbols", value, ("time_axis",))
        return [next((i for c in clocks if (i := _index(one, c)) is not None), None) for one in inputs.inputs]
    return _axes(value, inputs, "time_axis", collector)


def _batch_axes(value: object, inputs: Inputs, collector: Collector) -> list[int | None]:
    if value == "none":
        return [None] * len(inputs.inputs)
    if value is None:
        collector.wrong("a symbol, an index or `none`", value, ("batch_axis",), help="batch_axis: none")
    return _axes(value, inputs, "batch_axis", collector)


def _axes(value: object, inputs: Inputs, key: str, collector: Collector) -> list[int | None]:
    """One axis per input for a symbol or an index; None where the input does not have it."""
    nowhere: list[int | None] = [None] * len(inputs.inputs)
    if value is None:
        return nowhere
    if whole(value):
        found = [_normal(value, one) for one in inputs.inputs]
        first = next(((one, i) for one, i in zip(inputs.inputs, found, strict=True) if i is not None), None)
        if first is None:
            _out_of_range(value, inputs, key, collector)
            return nowhere
        symbol = first[0].shape[first[1]]
        return [_index(one, symbol) for one in inputs.inputs] if isinstance(symbol, str) else found
    if not isinstance(value, str):
        collector.wrong("a symbol or an index", value, (key,), help=f"{key}: {next(iter(inputs.symbols), 1)}")
        return nowhere
    return [_index(one, value) for one in inputs.inputs] if _known_symbol(value, inputs, (key,), collector) else nowhere


def _known_symbol(value: object, inputs: Inputs, path: tuple[str | int, ...], collector: Collector) -> bool:
    if not is_name(value):
        collector.wrong("a symbol of an input's shape", value, path)
        return False
    if value not in inputs.symbols and inputs.complete:
        none = f"name the axis so in the shape, or give its index: `{path[0]}: 1`"
        message = f"no input's shape has the symbol `{shorten(value)}`"
        collector.unknown_name(message, value, inputs.symbols, path, none=none)
    return value in inputs.symbols


def _out_of_range(value: int, inputs: Inputs, key: str, collector: Collector) -> None:
    if not inputs.complete:
        return
    longest = max(len(one.shape) for one in inputs.inputs)
    help = f"indices here are 0 to {longest - 1}, or -{longest} to -1 from the end"
    collector.add("TD003", f"the input has {longest} axes, so there is no axis {value}", (key,), help=help)


def _check_apart(time: Sequence[int | None], batch: Sequence[int | None], collector: Collector) -> None:
    if any(t is not None and t == b for t, b in zip(time, batch, strict=True)):
        help = "batch_axis: none, where the input is one unbatched sample"
        collector.add("TD003", "time and batch are the same axis", ("batch_axis",), help=help)


def _index(one: InputSpec, symbol: object) -> int | None:
    return one.shape.index(symbol) if isinstance(symbol, str) and symbol in one.shape else None


def _normal(index: int, one: InputSpec) -> int | None:
    rank = len(one.shape)
    return index % rank if -rank <= index < rank else None


def _assumed(one: InputSpec, time: int | None) -> int | None:
    axis = 1 if time == 0 else 0
    return axis if axis < len(one.shape) else None


def _symbol_at(one: InputSpec, axis: int | None) -> tuple[str, ...]:
    entry = None if axis is None else one.shape[axis]
    return (entry,) if isinstance(entry, str) else ()


def _listed_clocks(value: object, inputs: Inputs) -> list[str]:
    return [clock for clock in value if is_name(clock) and clock in inputs.symbols] if isinstance(value, list) else []


def _name(inputs: tuple[InputSpec, ...], axes: Sequence[int | None]) -> Axis:
    """The symbol at the first input's axis, else the index."""
    for one, axis in zip(inputs, axes, strict=True):
        if axis is not None:
            entry = one.shape[axis]
            return entry if isinstance(entry, str) else axis
    return None

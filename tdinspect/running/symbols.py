"""The symbols of a pass: those of the spec, and names for its time and batch axes where they are plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tdinspect.building.tensor_function import Run
from tdinspect.domain.size import Size
from tdinspect.domain.spec import Expression, InputSpec, ModelSpec, Step, map_steps, resolved
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.running.call import World

# No symbol of a spec can have such a name; a report shows the number instead.
HIDDEN_TIME, HIDDEN_BATCH = "#time", "#batch"


def world_of(spec: ModelSpec, device: str = "auto") -> World:
    """The sizes of all symbols, hidden ones too."""
    sizes: dict[str, int] = dict(spec.sizes)
    clocks: dict[str, None] = {}
    batch = None
    for given in spec.inputs:
        for axis, hidden in ((given.time_axis, HIDDEN_TIME), (given.batch_axis, HIDDEN_BATCH)):
            if axis is None:
                continue
            name = _name(given, axis, hidden)
            entry = given.shape[axis]
            if isinstance(entry, int):
                sizes[name] = entry
            if hidden == HIDDEN_TIME:
                clocks[name] = None
            else:
                batch = batch or name
    return World(sizes, batch, Run(dict(sizes)), tuple(clocks), device)


def input_infos(spec: ModelSpec) -> dict[str, TensorInfo]:
    """Every input with its symbols."""
    return {given.name: _info(given) for given in spec.inputs}


def with_constants(spec: ModelSpec, sizes: Mapping[str, int]) -> ModelSpec:
    """The spec with the sizes that a ``call`` reads put in: constants of modules read them at their value here."""

    def with_call(step: Step) -> Step:
        return replace(step, call=resolved(dict(step.call), sizes)) if step.call else step

    return replace(spec, steps=map_steps(with_call, spec.steps))


def size_of(entry: object, sizes: Mapping[str, int]) -> Size:
    """An entry of a shape as a size: a number, a symbol, or an Expression (kept as a symbol where it is one)."""
    if isinstance(entry, str):
        return Size.symbol(entry)
    if isinstance(entry, Expression) and entry.text in sizes:
        return Size.symbol(entry.text)
    number = resolved(entry, sizes)
    assert isinstance(number, int)
    return Size.number(number)


def _info(given: InputSpec) -> TensorInfo:
    roles = {given.time_axis: HIDDEN_TIME, given.batch_axis: HIDDEN_BATCH}
    axes = []
    for index, entry in enumerate(given.shape):
        if index in roles:
            name = _name(given, index, roles[index])
            axes.append(Axis(Size.symbol(name), frozenset((name,))))
        else:
            axes.append(Axis(Size.number(entry) if isinstance(entry, int) else Size.symbol(entry)))
    return TensorInfo(tuple(axes), given.dtype, origin=given.name, high=given.high)


def _name(given: InputSpec, axis: int, hidden: str) -> str:
    entry = given.shape[axis]
    return entry if isinstance(entry, str) else f"{hidden}{entry}"

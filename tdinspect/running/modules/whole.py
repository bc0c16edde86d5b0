"""What a whole module does to time and the batch, by changing one step or sample at a time."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from torch import Tensor, nn

from tdinspect.building.users_code import guarded
from tdinspect.building.wiring import Flow
from tdinspect.domain.effect import (
    BatchEffect,
    Effect,
    ModelAxes,
    model_effect,
    receptive_field,
)
from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import Tree
from tdinspect.running.call import World
from tdinspect.running.dependence.effects import module_effect
from tdinspect.running.dependence.times import time_size, word_of
from tdinspect.running.modules.copies import with_no_values
from tdinspect.running.modules.given import BATCH, TIME, Given
from tdinspect.running.modules.recorder import Pass, filled
from tdinspect.running.modules.shapes import Shapes
from tdinspect.running.modules.thin import thinned
from tdinspect.running.sides import infos_of

_LENGTHS = (16, 12, 8, 5)  # steps to look at, the most first
_FEWEST = 4  # of a module that costs too much for those, in half the trials
_WORK = 5e10  # floating point operations that all runs together may take: some seconds
_WEIGHTS = 1 << 25  # and the weights that a run in float64 may copy
_TRIALS = 4
_TOUCH = 35  # operations that one number costs which a layer gives: it is written and read


def whole_axes(
    module: nn.Module, given: Given, world: World, seen: Pass, shapes: Shapes
) -> tuple[ModelAxes | None, str | None]:
    """The effect of the module, and a note where there is none to show."""
    flow = Flow(*given.filled(dict(enumerate(given.infos))))
    value: Tree = filled(seen.value, shapes.value.__getitem__)
    if not world.sizes or not shapes.value:
        return None, None
    if sum(weights.numel() for weights in module.parameters()) > _WEIGHTS:
        return None, "what the whole module does to time was not looked at: it has too many weights"
    refused, thin = False, _thinned(module)
    for side, (sizes, trials) in [*((module, at) for at in _sizes(world)), *((thin, at) for at in _sizes(world))]:
        work = _work(side, given, sizes) + _TOUCH * _numbers(seen, world, sizes)
        if work * trials * (sum(sizes.values()) + 1) > _WORK:
            continue
        constants = _constants(given, sizes)
        places = [next(i for i, own in enumerate(given.infos) if own is info) for info in infos_of(flow)]
        still = {place: constants[i] for place, i in enumerate(places) if i in constants}
        effect = module_effect(side, flow, value, world, sizes, still, trials=trials)
        if effect is not None and side is thin and not all(row for rows in effect.links.values() for row in rows):
            continue  # a chain of narrow layers may lose what it is given
        if effect is not None:
            return _axes(effect, infos_of(flow), infos_of(value), world, sizes), None
        refused = True
    why = "it does not run on other values" if refused else "its passes take too long"
    return None, f"what the whole module does to time was not looked at: {why}"


def _thinned(module: nn.Module) -> nn.Module:
    """The module with cheap convolutions; itself where it cannot be so."""
    try:
        return thinned(module)
    except Exception:  # a copy that refuses to be copied again
        return module


def _numbers(seen: Pass, world: World, sizes: Mapping[str, int]) -> float:
    """How many numbers the layers give in one pass at these sizes."""
    found = sum(prod(part.shape) for visit in seen.visits if visit.leaf for part in visit.given)
    return found * prod(sizes.values()) / max(1, prod(world.sizes.values()))


def _sizes(world: World) -> list[tuple[Mapping[str, int], int]]:
    """The own sizes where they are small, then fewer steps and samples; with the trials to make there."""
    own = dict(world.sizes)
    steps, samples = own.get(TIME), own.get(BATCH)
    found: list[tuple[Mapping[str, int], int]] = []
    for length in (*_LENGTHS, _FEWEST) if steps is not None else (1,):
        sizes = dict(own)
        if steps is not None:
            sizes[TIME] = min(steps, length)
        if samples is not None:
            sizes[BATCH] = min(max(samples, 2), 3 if length != _FEWEST else 2)  # one sample alone shows nothing
        if all(sizes != other for other, _ in found):
            found.append((sizes, _TRIALS if length != _FEWEST else _TRIALS // 2))
    return found


def _work(module: nn.Module, given: Given, sizes: Mapping[str, int]) -> float:
    """Floating point operations of one pass; 0 where shapes alone do not tell."""
    from torch.utils.flop_counter import FlopCounterMode  # which warns as it is imported

    side = with_no_values(module)
    if side is None:
        return 0
    args, kwargs = given.filled({i: x.to("meta") for i, x in given.at(sizes).items()})
    try:
        with guarded(), FlopCounterMode(display=False) as counter:
            side(*args, **kwargs)
    except Exception:
        return 0
    return float(counter.get_total_flops())


def _constants(given: Given, sizes: Mapping[str, int]) -> dict[int, Tensor]:
    """Masks, and whole numbers without a time axis (lengths, sizes), keep their values."""
    values = given.at(sizes)
    steps = sizes.get(TIME)
    found: dict[int, Tensor] = {}
    for i, info in enumerate(given.infos):
        whole = info.dtype.startswith(("int", "uint"))
        if info.dtype == "bool" and i > 0:
            found[i] = values[i]
        elif whole and info.axis_of(TIME) is None and i > 0:
            found[i] = values[i] if steps is None else values[i].clamp(max=max(steps, 1))
    return found


def _axes(
    effect: Effect, inputs: list[TensorInfo], outputs: list[TensorInfo], world: World, sizes: Mapping[str, int]
) -> ModelAxes:
    before, after = ([time_size(info, None, world) for info in infos] for infos in (inputs, outputs))
    words = [
        word_of([(effect.links.get((o, i)), size) for i, size in enumerate(before)], size_after, world, sizes)
        for o, size_after in enumerate(after)
    ]
    mixed = effect.mixes_batch
    batch: BatchEffect | None = None if mixed is None else "mixes" if any(mixed) else "independent"
    timed = [i for i, size in enumerate(before) if size is not None]
    shown = next((o for o, size in enumerate(after) if size is not None), 0)
    entered = next((i for i in timed if (shown, i) in effect.links), None)
    time = model_effect(words)
    if entered is None:
        return ModelAxes(time, batch)
    rows = effect.links[shown, entered]
    steps = sizes[TIME]
    span = receptive_field(rows)
    inner = span is not None and 2 * span < steps and len(rows) > 1  # else more steps could make it longer
    return ModelAxes(time, batch, rows, steps, span if inner else None)

"""What one layer does to time and to the batch: by what its family is known for, else by runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase

from tdinspect.building.imports import Ended, guarded
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.building.wiring import Flow
from tdinspect.domain.effect import Effect, Rows, each
from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import Tree, leaves
from tdinspect.layers import family_of_module, uses_of
from tdinspect.layers.axis_use import AxisUse, Each, Mixed, Picked, Uses, Walk
from tdinspect.running.call import World
from tdinspect.running.dependence.function_uses import ELEMENTWISE, function_uses
from tdinspect.running.dependence.probe import probed_effect
from tdinspect.running.dependence.tracks import Track, batch_track, mixed_samples, of_steps, time_track
from tdinspect.running.folding import Fold
from tdinspect.running.sides import Leaf

_SAYS_NOTHING = frozenset(("need_weights", "average_attn_weights"))  # forward constants that change no dependence
_FEW = 1 << 10  # folded positions up to which a relation within a fold is worked out
_FRAMES = ("Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout")

Tracker = Callable[[TensorInfo, Fold | None, World, Mapping[str, int]], Track | None]


def effect_of(
    leaf: Leaf, world: World, sizes: Mapping[str, int], constants: Mapping[int, Tensor] | None = None
) -> Effect | None:
    """What a layer or function that ran does in eval mode, its symbols having these sizes.

    ``constants`` has the values of those inputs (counted from left to right) that do not depend on the model's inputs,
    such as a causal mask. None where nothing can be said: the layer does not run at these sizes, or its weights have no
    memory.
    """
    found = known_effect(leaf, world, sizes)
    if found is None:
        with suppress(Ended), guarded():  # a user's module may ask Python to end
            found = probed_effect(leaf, world, sizes, constants or {})
    return found


def module_effect(
    module: nn.Module,
    flow: Flow,
    value: Tree,
    world: World,
    sizes: Mapping[str, int],
    constants: Mapping[int, Tensor] | None = None,
    **few: int,
) -> Effect | None:
    """What a built module does as a whole, seen in runs of a copy of it with random weights.

    ``flow`` and ``value`` are TensorInfo: what goes in and what comes out. None where it does not run at these sizes.
    It sees what no layer alone shows, such as attention written out with a mask; it costs a copy and some fifty runs,
    fewer with fewer ``trials``.
    """
    with suppress(Ended), guarded():
        before = dict(world.run.sizes)
        try:
            leaf = Leaf(f"{module.__module__}.{type(module).__name__}", None, {}, {}, module, flow, None, value)
            return probed_effect(leaf, world, sizes, constants or {}, **few)
        finally:
            world.run.sizes.clear()
            world.run.sizes.update(before)
    return None


def known_effect(leaf: Leaf, world: World, sizes: Mapping[str, int]) -> Effect | None:
    """What the layer's family is known for, without a run; None where that is not certain."""
    infos = list(leaf.inputs)
    if not infos:
        return Effect({})
    shapes = tuple(info.shape(sizes) for info in infos)
    uses = _uses(leaf, shapes, sizes)
    if uses is None:
        return None
    call = _Call(leaf, world, sizes, infos, shapes, uses)
    links, samples = call.links(time_track), call.links(batch_track)
    if links is None or samples is None:
        return None
    use = call.use_of_time()
    alike = not isinstance(use, Each) or use.alike
    return Effect(links, call.mixed(samples), alike, why=None if use is None else use.why, samples=samples)


def _uses(leaf: Leaf, shapes: tuple[tuple[int, ...], ...], sizes: Mapping[str, int]) -> tuple[Uses, ...] | None:
    if isinstance(leaf.module, TensorFunction):
        return function_uses(leaf.module, shapes, sizes)
    return uses_of(leaf.module, shapes) if _is_plain(leaf) else None


def _is_plain(leaf: Leaf) -> bool:
    """True for tensors in the order of the layer's forward, and no constant that could change what it does."""
    flow = leaf.flow
    names = [name for name, value in flow.kwargs.items() if name not in _SAYS_NOTHING and value not in (None, False)]
    given = [value for value in (*flow.args, *(flow.kwargs[name] for name in names)) if value is not None]
    if not all(isinstance(value, TensorInfo) for value in leaves(given)):
        return False
    if len(names) == 0 or len(given) == 1:
        return True
    expected = list(inspect.signature(leaf.module.forward).parameters)[len(flow.args) :]
    return names == expected[: len(names)]


@dataclass(frozen=True, slots=True)
class _Call:
    leaf: Leaf
    world: World
    sizes: Mapping[str, int]
    infos: list[TensorInfo]
    shapes: tuple[tuple[int, ...], ...]
    uses: tuple[Uses, ...]

    def links(self, track: Tracker) -> dict[tuple[int, int], Rows] | None:
        """The rows of every output over every input; None where one is not certain."""
        fold, found = self.leaf.fold, {}
        unseen = family_of_module(self.leaf.module).unseen
        for o, output in enumerate(self.leaf.outputs):
            after = track(output, fold, self.world, self.sizes)
            for i, info in enumerate(self.infos):
                before = track(info, fold, self.world, self.sizes)
                rows = self._rows(i, before, o, after)
                if rows is None:
                    return None
                found[o, i] = (0,) * len(rows) if (o, i) in unseen else rows
        return found

    def _rows(self, i: int, before: Track | None, o: int, after: Track | None) -> Rows | None:
        if before is None:
            return (1,) * (1 if after is None else after.count)
        use = self.uses[i][before.axis]
        if use is None or (after is not None and not self._aligned(i, before, o, after)):
            return None
        if after is None and isinstance(use, Picked):
            return (use.taken,)
        if after is None:
            return ((1 << before.count) - 1,) if isinstance(use, Mixed | Walk | Each) else None
        if isinstance(use, Mixed):
            return use.rows(before.count, after.count)
        if before.steps == after.steps and isinstance(use, Each):
            return each(before.count)
        if not (before.plain and after.plain) and len(before.steps) > _FEW:
            return None
        rows = use.rows(len(before.steps), len(after.steps))
        return None if rows is None else of_steps(rows, before, after)

    def _aligned(self, i: int, before: Track, o: int, after: Track) -> bool:
        """False where a function goes on element by element along another axis, which has the same symbol."""
        module = self.leaf.module
        if not isinstance(module, TensorFunction) or module.name not in ELEMENTWISE:
            return True
        return before.axis - len(self.shapes[i]) == after.axis - len(self.leaf.outputs[o].axes)

    def mixed(self, samples: Mapping[tuple[int, int], Rows]) -> tuple[bool, ...] | None:
        """For each output whether its samples follow each other."""
        return mixed_samples(samples, self.infos, self.leaf.outputs, self.leaf.fold, self.world, self.sizes)

    def use_of_time(self) -> AxisUse | None:
        """What becomes of the axis with the steps."""
        for uses, info in zip(self.uses, self.infos, strict=True):
            track = time_track(info, self.leaf.fold, self.world, self.sizes)
            if track is not None:
                return uses[track.axis]
        return None


def train_crosses(leaf: Leaf, world: World) -> str | None:
    """How a layer's train mode reaches further than its eval mode, in two words; None where it does not.

    ``batch statistics``: a BatchNorm (also one inside a module of the user's) takes its mean over all samples and steps
    that it gets at once. ``own statistics``: an InstanceNorm with running statistics takes them over its spatial axes.
    ``whole frames``: a dropout of channels that has time in their place drops whole steps.
    """
    for part in leaf.module.modules():
        if isinstance(part, _NormBase) and part.running_mean is not None:
            return "batch statistics" if isinstance(part, _BatchNorm) else "own statistics"
    return "whole frames" if _drops_frames(leaf, world) else None


def _drops_frames(leaf: Leaf, world: World) -> bool:
    """What is dropped at once is everything behind axes 0 and 1; of one sample alone, behind axis 0."""
    name, infos = type(leaf.module).__name__, leaf.inputs
    if name not in _FRAMES or not type(leaf.module).__module__.startswith("torch.nn.") or not infos:
        return False
    alone = {"Dropout1d": 2, "Dropout3d": 4}.get(name) == len(infos[0].axes)
    time = time_track(infos[0], leaf.fold, world, world.sizes)
    batch = batch_track(infos[0], leaf.fold, world, world.sizes)
    taken = {track.axis for track in (time, batch) if track is not None}
    unit = {0} if alone else {0, 1}
    return time is not None and time.axis in unit and unit <= taken

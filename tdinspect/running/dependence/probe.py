"""What a layer does to time and to the batch, seen in runs: one step or sample of one input is changed at a time.

Changes are finite and of several scales (a small one misses a threshold, a gradient an argmax), in float64, on inputs
and weights drawn anew for every trial: what one draw hides, another shows.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import torch
from torch import Tensor, nn

from tdinspect.building.construct import is_weightless
from tdinspect.building.functions import FUNCTIONS
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.domain.effect import Effect, Rows, each
from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import Tree, leaves, map_tree
from tdinspect.layers import index_bound
from tdinspect.running.call import World
from tdinspect.running.dependence.smaller import smaller_calls
from tdinspect.running.dependence.tracks import Track, batch_track, mixed_samples, time_track
from tdinspect.running.engine import inspecting
from tdinspect.running.sides import Leaf, infos_of
from tdinspect.running.values import random_tensor, randomise

_SCALES = (1.0, 100.0, 10.0, 1e4)  # of the changes, one for each trial
_POSITIVE = 2  # the trial whose inputs are all above zero: roots and logarithms
_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-5}  # of the value and of the change
_FEW_WEIGHTS = 1 << 16  # up to which weights are drawn anew for every trial
_INDEX = 16
_PICKS = 32  # trials at most where whole numbers pick among other values


def probed_effect(
    leaf: Leaf, world: World, sizes: Mapping[str, int], constants: Mapping[int, Tensor], trials: int = len(_SCALES)
) -> Effect | None:
    """What runs show; None where the layer does not run at these sizes, or its weights have no memory.

    A layer that refuses float64 runs in float32. Inputs named ``constants`` and masks are not changed. Other axes are
    small where the layer takes them so. ``trials`` are the draws to look at.
    """
    if is_weightless(leaf.module):
        return None
    for call, small in smaller_calls(leaf, world, sizes):
        with inspecting(), _at(leaf.module, small):
            for dtype, high in product((torch.float64, torch.float32), _bounds(call, small)):
                try:
                    return _Probe(call, world, small, constants, dtype, high).effect(trials)
                except Exception:  # it takes other numbers than these, or none of this size
                    continue
    return None


class _at:  # noqa: N801 - used as `with _at(...)`
    """The sizes that a function reads, for a while."""

    def __init__(self, module: nn.Module, sizes: Mapping[str, int]) -> None:
        self.run = module.run if isinstance(module, TensorFunction) else None
        self.sizes = sizes

    def __enter__(self) -> None:
        if self.run is not None:
            self.before, self.run.sizes = self.run.sizes, dict(self.sizes)

    def __exit__(self, *_: object) -> None:
        if self.run is not None:
            self.run.sizes = self.before


def _bounds(leaf: Leaf, sizes: Mapping[str, int]) -> list[int]:
    """What to keep whole numbers below: the tables they index, else a guess, else 2."""
    infos = [info for info in leaf.inputs if not _dtype(info).is_floating_point and info.dtype != "bool"]
    if not infos:
        return [2]
    tables = [bound for part in leaf.module.modules() if (bound := index_bound(part)) is not None]
    highs = [info.high for info in infos if info.high is not None]
    longest = max((size for info in leaf.inputs for size in info.shape(sizes)), default=_INDEX)
    return [min(tables)] if tables else [min(highs, default=longest), 2]


@dataclass(frozen=True, slots=True)
class _Input:
    info: TensorInfo
    shape: tuple[int, ...]
    dtype: torch.dtype
    mask: bool
    given: Tensor | None
    time: Track | None
    batch: Track | None

    @property
    def changes(self) -> bool:
        return self.given is None and not self.mask


class _Probe:
    def __init__(
        self,
        leaf: Leaf,
        world: World,
        sizes: Mapping[str, int],
        constants: Mapping[int, Tensor],
        dtype: torch.dtype,
        high: int,
    ) -> None:
        self.leaf, self.world, self.sizes, self.dtype, self.high = leaf, world, sizes, dtype, high
        self.side = _built(leaf, dtype)
        infos = leaf.inputs
        masks = _are_masks(leaf)
        self.inputs = [self._input(i, info, masks[i], constants.get(i)) for i, info in enumerate(infos)]
        self.outputs = [
            (time_track(info, leaf.fold, world, sizes), batch_track(info, leaf.fold, world, sizes))
            for info in leaf.outputs
        ]
        changing = [i for i, own in enumerate(self.inputs) if own.changes]
        numbers = [(o, i) for o in range(len(self.outputs)) for i in changing]
        self.links = {(o, i): _none(self.outputs[o][0]) for o, i in numbers}
        self.samples = {(o, i): _none(self.outputs[o][1]) for o, i in numbers}

    def _input(self, i: int, info: TensorInfo, mask: bool, given: Tensor | None) -> _Input:
        dtype = _dtype(info)
        time = time_track(info, self.leaf.fold, self.world, self.sizes)
        batch = batch_track(info, self.leaf.fold, self.world, self.sizes)
        own = self.dtype if dtype.is_floating_point else dtype
        return _Input(info, info.shape(self.sizes), own, mask, given, time, batch)

    def effect(self, trials: int) -> Effect:
        """All trials. Raises whatever the layer raises."""
        weights = sum(value.numel() for value in self.side.parameters())
        values: list[Tensor] = []
        for trial in range(self._trials(trials)):
            scale = _SCALES[trial % len(_SCALES)]
            generator = torch.Generator().manual_seed(trial)
            if trial == 0 or weights <= _FEW_WEIGHTS:
                _draw_weights(self.side, self.leaf, generator)
            drawn = [self._draw(own, trial, generator) for own in self.inputs]
            values = values or drawn
            self._look(drawn, scale, generator)
        links = {key: tuple(rows) for key, rows in self.links.items()}
        samples = {key: tuple(rows) for key, rows in self.samples.items()}
        infos = [own.info for own in self.inputs]
        mixed = mixed_samples(samples, infos, self.leaf.outputs, self.leaf.fold, self.world, self.sizes)
        return Effect(links, mixed, self._alike(links, values), known=False, samples=samples)

    def _picks(self) -> bool:
        """True where whole numbers pick among other values, as those of a gather do."""
        kinds = {own.dtype.is_floating_point for own in self.inputs if own.dtype is not torch.bool}
        return len(kinds) > 1

    def _trials(self, least: int) -> int:
        return max(least, min(self.high, _PICKS)) if self._picks() else least

    def _draw(self, own: _Input, trial: int, generator: torch.Generator) -> Tensor:
        if own.given is not None:
            return own.given.to(own.dtype) if own.given.is_floating_point() else own.given
        if own.mask and trial < 2:  # first nothing is masked, whichever value says so
            return torch.full(own.shape, float(trial) if own.dtype is torch.bool else 0.0).to(own.dtype)
        if self._picks() and not own.dtype.is_floating_point and own.dtype is not torch.bool:
            every = torch.arange(prod(own.shape)).reshape(own.shape)  # each place picks each number in some trial
            return ((every + trial) % self.high).to(own.dtype)
        drawn = random_tensor(own.shape, own.dtype, self.high, generator)
        return drawn.abs() + 0.1 if trial == _POSITIVE and drawn.is_floating_point() else drawn

    def _look(self, values: list[Tensor], scale: float, generator: torch.Generator) -> None:
        base = self._run(values)
        for i, own in enumerate(self.inputs):
            if not own.changes:
                continue
            changed = self._changed(values[i], scale, generator)
            for kind, track, found in ((0, own.time, self.links), (1, own.batch, self.samples)):
                for step in range(1 if track is None else track.count):
                    if all(row >> step & 1 for o in range(len(base)) for row in found[o, i]):
                        continue  # everything follows it, as earlier trials showed
                    swapped = changed if track is None else torch.where(_mask(track, step, changed), changed, values[i])
                    after = self._run([*values[:i], swapped, *values[i + 1 :]])
                    for o, (before, now) in enumerate(zip(base, after, strict=True)):
                        moved = _moved(before, now, _TOLERANCE[self.dtype] * max(1.0, scale))
                        _mark(found[o, i], moved, self.outputs[o][kind], step)

    def _changed(self, x: Tensor, scale: float, generator: torch.Generator) -> Tensor:
        """Other values everywhere: whole numbers stay below the bound."""
        if x.dtype is torch.bool:
            return ~x
        drawn = random_tensor(tuple(x.shape), x.dtype, self.high, generator)
        if x.is_floating_point():
            return x + drawn * scale
        return (x + 1 + drawn % max(1, self.high - 1)) % self.high

    def _run(self, values: Sequence[Tensor]) -> list[Tensor]:
        """The tensors that come out. Raises ValueError for others than the pass over shapes saw."""
        numbered = iter(values)

        def tensor(value: object) -> object:
            return next(numbered) if isinstance(value, TensorInfo) else value

        args: Tree = map_tree(tensor, self.leaf.flow.args)
        kwargs: Tree = map_tree(tensor, dict(self.leaf.flow.kwargs))
        torch.default_generator.manual_seed(0)  # what is drawn inside (FractionalMaxPool) is drawn the same
        found = [_real(value) for value in leaves(self.side(*args, **kwargs)) if isinstance(value, Tensor)]
        shapes = [info.shape(self.sizes) for info in self.leaf.outputs]
        if [value.shape[: len(shape)] for value, shape in zip(found, shapes, strict=True)] != shapes:
            raise ValueError("it gives another shape here")
        return found

    def _alike(self, links: Mapping[tuple[int, int], Rows], values: Sequence[Tensor]) -> bool:
        """True unless the steps stay apart, and permuting them does not permute the outputs."""
        timed = [(key, rows) for key, rows in links.items() if self.inputs[key[1]].time and self.outputs[key[0]][0]]
        if not timed or any(rows != each(self._steps(key[1])) for key, rows in timed):
            return True
        permuted = [_permuted(value, own.time) for value, own in zip(values, self.inputs, strict=True)]
        base, after = self._run(values), self._run(permuted)
        pairs = [(_permuted(b, time), a) for b, a, (time, _) in zip(base, after, self.outputs, strict=True) if time]
        return not any(bool(_moved(b, a, _TOLERANCE[self.dtype]).any()) for b, a in pairs)

    def _steps(self, i: int) -> int:
        track = self.inputs[i].time
        assert track is not None
        return track.count


def _none(track: Track | None) -> list[int]:
    return [0] * (1 if track is None else track.count)


def _mask(track: Track, step: int, x: Tensor) -> Tensor:
    """True along the track's axis where the step stands."""
    own = torch.tensor([found == step for found in track.steps])
    return own.reshape([-1 if axis == track.axis else 1 for axis in range(x.ndim)])


def _permuted(x: Tensor, track: Track | None) -> Tensor:
    return x if track is None else x.index_select(track.axis, torch.tensor(track.order()))


def _moved(before: Tensor, after: Tensor, tolerance: float) -> Tensor:
    """True where a value is another one; not a number is equal to itself."""
    near = (after - before).abs() <= tolerance * (1 + before.abs())
    return ~(near | (after == before) | (after.isnan() & before.isnan()))


def _mark(rows: list[int], moved: Tensor, track: Track | None, step: int) -> None:
    if track is None:
        rows[0] |= bool(moved.any()) << step
        return
    positions = moved.movedim(track.axis, 0).reshape(len(track.steps), -1).any(1).tolist()
    for position, hit in enumerate(positions):
        rows[track.steps[position]] |= hit << step


def _real(value: Tensor) -> Tensor:
    value = torch.view_as_real(value.resolve_conj()) if value.is_complex() else value
    return value.double()


def _dtype(info: TensorInfo) -> torch.dtype:
    found = getattr(torch, info.dtype)
    assert isinstance(found, torch.dtype)
    return found


def _built(leaf: Leaf, dtype: torch.dtype) -> nn.Module:
    """The layer again, of this dtype. A user's module keeps what its constructor writes into its buffers."""
    built = leaf.build(initialise="." in leaf.type)
    return built if built is leaf.module else built.to(dtype).eval()


def _draw_weights(side: nn.Module, leaf: Leaf, generator: torch.Generator) -> None:
    """Everything at random but buffers of modules that are not torch's: those hold masks and tables."""
    if side is leaf.module:  # a function
        return
    kept = [(value, value.clone()) for part in side.modules() for value in _own_buffers(part)]
    randomise(side, generator)
    with torch.no_grad():
        for value, before in kept:
            value.copy_(before)


def _own_buffers(part: nn.Module) -> Iterator[Tensor]:
    if not type(part).__module__.startswith("torch.nn."):
        yield from part.buffers(recurse=False)


def _are_masks(leaf: Leaf) -> list[bool]:
    """For each input whether its name says that it is a mask: it says what is seen, and is not seen itself."""
    module = leaf.module
    function: Callable[..., object] = module.forward
    if isinstance(module, TensorFunction):
        if module.name != "scaled_dot_product_attention":
            return [False] * len(leaf.inputs)
        function = FUNCTIONS[module.name]
    names = [*inspect.signature(function).parameters]
    args = [(names[i] if i < len(names) else "", value) for i, value in enumerate(leaf.flow.args)]
    return [name.endswith("mask") for name, value in [*args, *leaf.flow.kwargs.items()] for _ in infos_of(value)]

"""The shapes inside a module with B and T kept: it is run again at other sizes, on shapes alone where it can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import prod

import torch
from torch import Tensor, nn

from tdinspect.domain.size import Size
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.domain.tree import Tree, leaves, map_tree
from tdinspect.running.call import Call, Variable, World
from tdinspect.running.engine import FULL, META, ONE_SAMPLE, Described, Engine
from tdinspect.running.formulas import symbolic
from tdinspect.running.modules.copies import with_no_values
from tdinspect.running.modules.given import TIME, Given, resized
from tdinspect.running.modules.recorder import Pass, recorded

_PASSES = 40  # runs of the whole module that the formulas may cost
_HEAVY = 1 << 22  # numbers that one sample may have where it is computed
_LIGHT = 1 << 24  # numbers that pass through it, or are its weights
_FEWER = 3  # steps taken away where a module takes no more than it was given


@dataclass(frozen=True, slots=True)
class Shapes:
    """For each visit its tensors in and out, and those that the module gives, from left to right."""

    taken: list[list[TensorInfo]]
    given: list[list[TensorInfo]]
    value: list[TensorInfo]
    symbolic: bool = True


def shapes_of(module: nn.Module, given: Given, world: World, seen: Pass) -> Shapes:
    """The shapes of a pass as formulas of B and T; as numbers where no rerun gives the shapes that were seen."""
    own = _places(seen)
    fallback: Tree = None
    for call in _calls(module, given, world, seen):
        try:
            found = symbolic(call, call.run(), list(given.infos))
        except Exception:  # it takes no other sizes, or is another module at those
            continue
        found = _with_roles(found, seen, world)
        if [info.shape(world.sizes) for info in leaves(found)] != [part.shape for part in leaves(own)]:
            continue
        if all(call.shapes({Variable(Size.symbol(symbol)): 1}) is not None for symbol in world.sizes):
            return Shapes(*found)
        fallback = fallback or found
    if fallback is not None:
        return Shapes(*fallback)
    taken, out, value = map_tree(_numbers, own)
    return Shapes(taken, out, value, symbolic=False)


def _numbers(part: Described) -> TensorInfo:
    return TensorInfo(tuple(Axis(Size.number(n)) for n in part.shape), part.dtype)


def _calls(module: nn.Module, given: Given, world: World, seen: Pass) -> Iterator[_Passes]:
    """On shapes alone and on one sample of the inputs, the cheaper first; at the own length, then at a shorter one."""
    worlds = [world]
    if world.sizes.get(TIME, 0) > _FEWER + 1:
        worlds.append(replace(world, sizes={**world.sizes, TIME: world.sizes[TIME] - _FEWER}))
    sample = FULL if world.batch is None else ONE_SAMPLE
    for engine in (sample, META) if _is_light(module, seen) else (META, sample):
        side = with_no_values(module, few_steps=True) if engine is META else module
        if side is not None:
            yield from (_Passes(side, given, other, seen, engine) for other in worlds)


def _is_light(module: nn.Module, seen: Pass) -> bool:
    """True where a pass over few samples costs less than one on shapes, which takes its time for every operation."""
    numbers = sum(prod(part.shape) for visit in seen.visits for part in visit.given)
    return numbers <= _LIGHT and sum(weights.numel() for weights in module.parameters()) <= _LIGHT


class _Passes(Call):
    """The whole module as one call, whose outputs are the tensors of every visit."""

    def __init__(self, module: nn.Module, given: Given, world: World, seen: Pass, engine: Engine) -> None:
        run = _Run(engine.device, engine.batch, given, seen)
        super().__init__(module, (list(given.infos),), {}, world, run)
        self._full = [part.shape for part in leaves(_places(seen))]

    def full_shapes(self) -> list[tuple[int, ...]]:
        """The shapes at the own sizes, which were seen."""
        return self._full


@dataclass(frozen=True, slots=True)
class _Run(Engine):
    """One pass at sizes of choice, put in the places of the first one."""

    given: Given
    seen: Pass
    passes: list[int] = field(default_factory=lambda: [0])

    def run(self, module: nn.Module, args: Tree, kwargs: Tree) -> Tree:
        """Described tensors. Raises ValueError for a pass that ran something else than the first."""
        self.passes[0] += 1
        shapes = [described.shape for described in args[0]]
        if self.passes[0] > _PASSES or (self.device != "meta" and sum(map(prod, shapes)) > _HEAVY):
            raise ValueError("that is too much to compute")
        tensors = {i: self._input(i, shape) for i, shape in enumerate(shapes)}
        return _places(recorded(module, *self.given.filled(tensors)), self.seen)

    def _input(self, index: int, shape: tuple[int, ...]) -> Tensor:
        x = self.given.tensors[index]
        return torch.empty(shape, dtype=x.dtype, device="meta") if self.device == "meta" else resized(x, shape)


def _places(found: Pass, like: Pass | None = None) -> Tree:
    """The tensors of a pass, in the places that another one has. Raises ValueError where it has not all of those."""
    like = like or found
    if (found.problem is None) != (like.problem is None):
        raise ValueError("it ends otherwise at these sizes")
    by_place = {visit.place: visit for visit in found.visits}
    last = {visit.name: visit for visit in found.visits}
    visits = [by_place.get(visit.place) or last.get(visit.name) for visit in like.visits]
    taken, given = [], []
    for visit, other in zip(visits, like.visits, strict=True):
        if visit is None or len(visit.taken) != len(other.taken) or len(visit.given) != len(other.given):
            raise ValueError("another branch was taken at these sizes")
        taken.append(visit.taken)
        given.append(visit.given)
    if len(found.given) != len(like.given):
        raise ValueError("it gives another structure at these sizes")
    return [taken, given, found.given]


def _with_roles(found: Tree, seen: Pass, world: World) -> Tree:
    """Axes that carry time or the batch, and no others: a size that only contains one is that of merged axes.

    A multiple of T is time where a layer that is no Flatten made it of time: an upsampling.
    """
    steps = {Size.symbol(symbol) for symbol in world.sizes}
    for visit, taken, given in zip(seen.visits, *found[:2], strict=True):
        if visit.leaf and not isinstance(visit.module, nn.Flatten | nn.Unflatten):
            steps |= _stretched(taken, given, steps)

    def cleaned(info: TensorInfo) -> TensorInfo:
        axes = (axis if _is_role(axis.size, steps) else replace(axis, carries=frozenset()) for axis in info.axes)
        return replace(info, axes=tuple(axes))

    taken, given = ([[cleaned(info) for info in infos] for infos in side] for side in found[:2])
    return [taken, given, [cleaned(info) for info in found[2]]]


def _stretched(taken: Sequence[TensorInfo], given: Sequence[TensorInfo], steps: set[Size]) -> set[Size]:
    """The sizes of axes that stand where time stood, and are a multiple of it now."""
    return {
        after.size
        for before_info in taken[:1]
        for info in given
        if len(info.axes) == len(before_info.axes)
        for before, after in zip(before_info.axes, info.axes, strict=True)
        if before.size in steps and len(after.carries) == 1 and after.carries == before.carries
    }


def _is_role(size: Size, steps: set[Size]) -> bool:
    """True for T and what a stride, a padding or a kernel makes of it, and for a fold of symbols alone."""
    made = [(atoms, coefficient) for atoms, coefficient in size.terms if atoms]
    return size in steps or all(coefficient == 1 and len({*atoms}) == len(atoms) for atoms, coefficient in made)

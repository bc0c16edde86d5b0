"""A layer bare and wrapped, built twice with the same random weights, on the same small random inputs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from math import isfinite, prod

import torch
from torch import Tensor, nn

from tdinspect.building.wiring import Flow
from tdinspect.domain.trace import Outcome, TensorInfo
from tdinspect.domain.tree import Tree, first, map_tree
from tdinspect.layers import index_bound
from tdinspect.running.call import World
from tdinspect.running.comparison.independence import Behaviour, behaviour_of, spatial_axes
from tdinspect.running.folding import Fold
from tdinspect.running.sides import Leaf, infos_of
from tdinspect.running.values import random_tensor, randomise
from tdinspect.time_distributed import TimeDistributed

RTOL, ATOL = 1e-4, 1e-5  # far above float64 noise, far below the 6e-4 of LocalResponseNorm
_SMALL = 1 << 16  # elements of input up to which a real run takes the spec's own sizes
_ROWS = 1 << 10  # folded steps up to which it does: attention over them takes their square
_FRAME = 16


@dataclass(frozen=True, slots=True)
class Values:
    """What real runs of the two sides showed; a side that raised, or that equals the other, has no behaviour."""

    difference: float | None
    equal: bool
    bare: Behaviour | None
    wrapped: Behaviour | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """The sizes of a run: those of the symbols, and smaller frames (by axis from the end)."""

    sizes: Mapping[str, int]
    frames: Mapping[int, int]

    def shape(self, info: TensorInfo) -> tuple[int, ...]:
        """The shape of an input in this run."""
        shape = list(info.shape(self.sizes))
        for axis, small in self.frames.items():
            shape[axis] = min(shape[axis], small)
        return tuple(shape)


class Bench:
    """A layer built twice with the same random weights, to be run bare and wrapped on the same random inputs."""

    def __init__(self, leaf: Leaf, flow: Flow, fold: Fold, world: World, *, train: bool = False) -> None:
        self.leaf, self.flow, self.fold, self.world, self.train = leaf, flow, fold, world, train
        self.infos = infos_of(flow)

    def run(self, bare: Outcome, wrapped: Outcome) -> Values | None:
        """Values at small sizes where the layer takes them, else at the spec's own; None where values make it raise."""
        for plan in self._plans():
            try:
                return self._run_at(plan, bare.error is None, wrapped.error is None)
            except Exception:  # a layer made for one size refuses the small one
                continue
        return None

    def raised(self, bare: Outcome, wrapped: Outcome) -> tuple[Outcome, Outcome]:
        """The outcomes as a real run at the spec's own sizes shows them: a side that raises there has its error."""
        own = _Plan(self.world.sizes, {})
        args, kwargs, _ = self._drawn(own)
        sides = (bare, self._bare), (wrapped, self._wrapped)
        first, second = (self._as_run(outcome, build, args, kwargs) for outcome, build in sides)
        return first, second

    def _as_run(
        self, outcome: Outcome, build: Callable[[], nn.Module], args: Tree, kwargs: Mapping[str, Tree]
    ) -> Outcome:
        if outcome.error is not None:
            return outcome
        try:
            _result(build(), args, kwargs)
        except Exception as error:
            return Outcome(None, f"{type(error).__name__}: {error}")
        return outcome

    def _plans(self) -> list[_Plan]:
        own = _Plan(self.world.sizes, {})
        elements = sum(prod(info.shape(own.sizes)) for info in self.infos)
        if elements <= _SMALL and self.fold.axis.size.value(own.sizes) <= _ROWS:
            return [own]
        taken = {size for info in self.infos for size in info.shape(own.sizes)}
        return [_Plan(self._reduced(own.sizes), self._frames(taken)), own]

    def _frames(self, taken: Collection[int]) -> dict[int, int]:
        """A small size for every spatial axis of a layer that has such axes, by its index from the end."""
        small = next((size for size in range(_FRAME, 0, -1) if size not in taken), _FRAME)
        return dict.fromkeys(range(-spatial_axes(self.leaf.type), 0), small)

    def _reduced(self, own: Mapping[str, int]) -> Mapping[str, int]:
        """Few samples and steps; a size that meets another axis by chance (or by mistake) is left as it is.

        None that the layer's arguments name: two channels shuffled in two groups stay where they are.
        """
        counts = [size for info in self.infos for size in info.shape(own)]
        named = {value for value in self.leaf.settings.values() if type(value) is int}
        taken = {*counts, *named}
        reduced = dict(own)
        for symbol in (self.world.batch, *self.world.clocks):
            if symbol is None or counts.count(own[symbol]) > len(self.infos):
                continue
            small = next((size for size in range(2, own[symbol]) if size not in taken), own[symbol])
            if small < own[symbol]:
                reduced[symbol] = small
                taken.add(small)
        return reduced

    def _run_at(self, plan: _Plan, bare_works: bool, wrapped_works: bool) -> Values:
        args, kwargs, high = self._drawn(plan)
        bare = self._bare() if bare_works else None
        wrapped = self._wrapped() if wrapped_works else None
        results = [None if side is None else _result(side, args, kwargs) for side in (bare, wrapped)]
        difference, equal = _difference(*results)
        if equal:  # neither side needs a defence
            return Values(difference, True, None, None)
        axes = (self.fold.time_axis, self.fold.batch_axis)
        behaviours = [
            None if side is None else behaviour_of(side, args, kwargs, *axes, high) for side in (bare, wrapped)
        ]
        return Values(difference, False, *behaviours)

    def _drawn(self, plan: _Plan) -> tuple[Tree, Mapping[str, Tree], int]:
        """The inputs at the plan's sizes, seeded, and the bound of their whole numbers."""
        generator = torch.Generator().manual_seed(0)
        high = index_bound(self.leaf.module) or 2
        drawn: dict[int, Tensor] = {}  # query, key and value may be one tensor, and stay one

        def tensor(value: object) -> object:
            if not isinstance(value, TensorInfo):
                return value
            dtype = getattr(torch, value.dtype)
            dtype = torch.float64 if dtype.is_floating_point else dtype
            if id(value) not in drawn:
                drawn[id(value)] = random_tensor(plan.shape(value), dtype, high, generator)
            return drawn[id(value)]

        return map_tree(tensor, self.flow.args), map_tree(tensor, dict(self.flow.kwargs)), high

    def _bare(self) -> nn.Module:
        return self._side(self._built())

    def _wrapped(self) -> nn.Module:
        time, batch = self.fold.time_axis, self.fold.batch_axis
        return self._side(TimeDistributed(_FirstPart(self._built()), time_axis=time, batch_axis=batch, guard=False))

    def _built(self) -> nn.Module:
        return self.leaf.build().double()

    def _side(self, module: nn.Module) -> nn.Module:
        return _Drawn(module).train() if self.train else module.eval()


def _result(side: nn.Module, args: Tree, kwargs: Mapping[str, Tree]) -> Tree:
    """Part 0 of the result with random weights, the same ones for both sides."""
    randomise(side, torch.Generator().manual_seed(1))
    return first(side(*args, **kwargs))


class _Drawn(nn.Module):
    """A layer in train mode whose random numbers are the same in every run."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tree, **named: Tree) -> Tree:
        """What the layer gives."""
        torch.manual_seed(3)
        return self.module(*inputs, **named)


class _FirstPart(nn.Module):
    """A layer without the states beside its result: folded, they have no axis of samples to unfold."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tree, **named: Tree) -> Tree:
        """Part 0 of what the layer gives."""
        return first(self.module(*inputs, **named))


def _difference(bare: Tree, wrapped: Tree) -> tuple[float | None, bool]:
    """The largest absolute difference where the shapes are equal, and whether it is within the tolerance."""
    if not isinstance(bare, Tensor) or not isinstance(wrapped, Tensor) or bare.shape != wrapped.shape:
        return None, False
    difference = (bare.double() - wrapped.double()).abs()
    largest = float(difference.max()) if difference.numel() else 0.0
    finite = largest if isfinite(largest) else None
    return finite, torch.allclose(bare, wrapped, rtol=RTOL, atol=ATOL, equal_nan=True)

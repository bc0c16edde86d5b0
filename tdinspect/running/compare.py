"""Every layer with and without TimeDistributed.

Shapes and errors are those at the spec's own sizes; values come from a small real run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from math import prod

import torch
from torch import Tensor, nn

from tdinspect.building.check import Checked
from tdinspect.building.construct import construct
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.building.time_distributed import TimeDistributed
from tdinspect.building.wiring import Flow
from tdinspect.domain.spec import ModelSpec
from tdinspect.domain.trace import Comparison, Outcome, Side, TensorInfo, Verdict
from tdinspect.domain.tree import Tree, first, map_tree
from tdinspect.running.assemble import Assembly
from tdinspect.running.call import World
from tdinspect.running.engine import inspecting
from tdinspect.running.folding import Fold
from tdinspect.running.independence import Behaviour, behaviour_of, spatial_axes, works_across
from tdinspect.running.reasons import reason
from tdinspect.running.sides import Leaf, fold_of, infos_of, outside_flow, run_bare, run_wrapped
from tdinspect.running.transfer import LayerError
from tdinspect.running.unwrap import first_failure
from tdinspect.running.values import random_tensor, randomise

RTOL, ATOL = 1e-4, 1e-5  # far above float64 noise, far below the 6e-4 of LocalResponseNorm
_SMALL = 1 << 16  # elements of input up to which a real run takes the spec's own sizes
_FRAME = 16


def compare(spec: ModelSpec, checked: Checked, assembly: Assembly) -> Assembly:
    """The same assembly, every torch.nn layer that time reaches with its Comparison; and where the bare model stops."""
    with inspecting():
        compared = tuple(
            replace(record, comparison=_compare_leaf(assembly.leaves[record.name], assembly.world, record.time))
            if record.name in assembly.leaves
            else record
            for record in assembly.trace.layers
        )
    stops = first_failure(spec, checked, assembly)
    return replace(assembly, trace=replace(assembly.trace, layers=compared, unwrapped_failure=stops))


def _compare_leaf(leaf: Leaf, world: World, intent: str | None) -> Comparison | None:
    """None for functions, and where no input has a time axis."""
    fold = fold_of(leaf, world)
    if fold is None or isinstance(leaf.module, TensorFunction):
        return None
    flow = outside_flow(leaf, world)
    bare = _outcome(lambda: run_bare(leaf, world), world)
    wrapped = _outcome(lambda: run_wrapped(leaf, fold, world), world)
    values = _Bench(leaf, flow, fold, world).run(bare, wrapped)
    across = works_across(leaf.type, fold.ndim, fold.time_axis) or intent not in (None, "per_step")
    verdict, difference = _verdict(bare, wrapped, values)
    side = _right(verdict, values, across)
    text = reason(leaf, verdict, side, across, values.bare, values.wrapped, fold, world)
    return Comparison(verdict, side, text, bare, wrapped, difference)


def _outcome(call: Callable[[], TensorInfo], world: World) -> Outcome:
    try:
        return Outcome(call().shape(world.sizes), None)
    except LayerError as error:
        return Outcome(None, error.text)
    except ValueError as problem:
        return Outcome(None, f"ValueError: {problem}")


@dataclass(frozen=True, slots=True)
class Values:
    """What real runs of the two sides showed; a side that raised has no behaviour."""

    difference: float | None
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


class _Bench:
    """A layer built twice with the same random weights, to be run bare and wrapped on the same random inputs."""

    def __init__(self, leaf: Leaf, flow: Flow, fold: Fold, world: World) -> None:
        self.leaf, self.flow, self.fold, self.world = leaf, flow, fold, world
        self.infos = infos_of(flow)

    def run(self, bare: Outcome, wrapped: Outcome) -> Values:
        """Values at small sizes where the layer takes them, else at the spec's own."""
        for plan in self._plans():
            try:
                return self._run_at(plan, bare.error is None, wrapped.error is None)
            except Exception:  # a layer made for one size refuses the small one
                continue
        return Values(None, None, None)

    def _plans(self) -> list[_Plan]:
        own = _Plan(self.world.sizes, {})
        elements = sum(prod(info.shape(own.sizes)) for info in self.infos)
        if elements <= _SMALL:
            return [own]
        taken = {size for info in self.infos for size in info.shape(own.sizes)}
        return [_Plan(self._reduced(own.sizes), self._frames(taken)), own]

    def _frames(self, taken: Collection[int]) -> dict[int, int]:
        """A small size for every spatial axis of a layer that has such axes, by its index from the end."""
        small = next(size for size in range(_FRAME, 0, -1) if size not in taken)
        return dict.fromkeys(range(-spatial_axes(self.leaf.type), 0), small)

    def _reduced(self, own: Mapping[str, int]) -> Mapping[str, int]:
        """Few samples and steps; a size that meets another axis by chance (or by mistake) is left as it is."""
        counts = [size for info in self.infos for size in info.shape(own)]
        taken = set(counts)
        reduced = dict(own)
        for symbol in (self.world.batch, *self.world.clocks):
            if symbol is None or counts.count(own[symbol]) > len(self.infos):
                continue
            small = next(size for size in range(2, own[symbol] + 3) if size not in taken)
            if small < own[symbol]:
                reduced[symbol] = small
                taken.add(small)
        return reduced

    def _run_at(self, plan: _Plan, bare_works: bool, wrapped_works: bool) -> Values:
        generator = torch.Generator().manual_seed(0)
        high = getattr(self.leaf.module, "num_embeddings", 2)

        drawn: dict[int, Tensor] = {}  # query, key and value may be one tensor, and stay one

        def tensor(value: object) -> object:
            if not isinstance(value, TensorInfo):
                return value
            dtype = getattr(torch, value.dtype)
            dtype = torch.float64 if dtype.is_floating_point else dtype
            if id(value) not in drawn:
                drawn[id(value)] = random_tensor(plan.shape(value), dtype, high, generator)
            return drawn[id(value)]

        args, kwargs = map_tree(tensor, self.flow.args), map_tree(tensor, dict(self.flow.kwargs))
        bare = self._built() if bare_works else None
        wrapped = None
        if wrapped_works:
            time, batch = self.fold.time_axis, self.fold.batch_axis
            wrapped = TimeDistributed(_FirstPart(self._built()), time_axis=time, batch_axis=batch).eval()
        results = [None if side is None else first(side(*args, **kwargs)) for side in (bare, wrapped)]
        behaviours = [
            None if side is None else behaviour_of(side, args, kwargs, self.fold.time_axis, self.fold.batch_axis, high)
            for side in (bare, wrapped)
        ]
        return Values(_difference(*results), *behaviours)

    def _built(self) -> nn.Module:
        module = construct(self.leaf.type, {**self.leaf.given, **self.leaf.inferred}).double().eval()
        randomise(module, torch.Generator().manual_seed(1))
        return module


class _FirstPart(nn.Module):
    """A layer without the states beside its result: folded, they have no axis of samples to unfold."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tree, **named: Tree) -> Tree:
        """Part 0 of what the layer gives."""
        return first(self.module(*inputs, **named))


def _difference(bare: Tree, wrapped: Tree) -> float | None:
    """The largest absolute difference where the shapes are equal; 0 below the tolerance."""
    if not isinstance(bare, Tensor) or not isinstance(wrapped, Tensor) or bare.shape != wrapped.shape:
        return None
    if torch.allclose(bare, wrapped, rtol=RTOL, atol=ATOL, equal_nan=True):
        return 0.0
    return float((bare.double() - wrapped.double()).abs().max())


def _verdict(bare: Outcome, wrapped: Outcome, values: Values) -> tuple[Verdict, float | None]:
    if bare.error is not None and wrapped.error is not None:
        return "both_error", None
    if bare.error is not None:
        return "bare_error", None
    if wrapped.error is not None:
        return "wrapped_error", None
    if bare.shape != wrapped.shape or values.difference is None:
        return "shape_differs", None
    return ("values_differ" if values.difference else "same"), values.difference


def _right(verdict: Verdict, values: Values, across: bool) -> Side:
    """The side that does what the layer is for, as the command line's contract defines it."""
    if verdict == "same":
        return "either"
    for name, behaviour in (("bare", values.bare), ("wrapped", values.wrapped)):
        if behaviour is not None and (behaviour.works_across if across else behaviour.per_step):
            return name  # type: ignore[return-value]  # the two literals
    return "neither"

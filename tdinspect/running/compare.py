"""Every layer with and without TimeDistributed: shapes and errors at the spec's own sizes, values on a small real run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from tdinspect.building.check import Checked
from tdinspect.building.construct import construct
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.building.time_distributed import TimeDistributed
from tdinspect.domain.spec import ModelSpec
from tdinspect.domain.trace import Comparison, Outcome, Side, TensorInfo, Verdict
from tdinspect.domain.tree import Tree, first, leaves, map_tree
from tdinspect.running.assemble import Assembly, Leaf
from tdinspect.running.engine import inspecting
from tdinspect.running.folding import Fold
from tdinspect.running.independence import Behaviour, behaviour_of, works_across
from tdinspect.running.reasons import reason
from tdinspect.running.transfer import LayerError, World, transfer
from tdinspect.running.unwrap import first_failure
from tdinspect.running.values import random_tensor, randomise

RTOL, ATOL = 1e-4, 1e-5  # far above float64 noise, far below the 6e-4 of LocalResponseNorm
_SMALL = 1 << 16  # elements of input up to which a real run takes the spec's own sizes


def compare(spec: ModelSpec, checked: Checked, assembly: Assembly) -> Assembly:
    """The same assembly with a Comparison on the row of every torch.nn layer that time reaches, and where it stops bare."""
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
    if isinstance(leaf.module, TensorFunction):
        return None
    args, kwargs = _outside(leaf, world)
    main = next((info for info in leaves((args, kwargs)) if isinstance(info, TensorInfo)), None)
    fold = None if main is None else _fold(leaf, main, world)
    if main is None or fold is None:
        return None
    bare = _outcome(lambda: transfer(leaf.module, args, kwargs, world), world)
    wrapped = _outcome(lambda: _folded(leaf.module, args, kwargs, fold, world), world)
    bench = _Bench(leaf, args, kwargs, fold, world)
    values = bench.run(bare, wrapped)
    across = works_across(leaf.type, len(main.axes), fold.time_axis) or intent not in (None, "per_step")
    verdict, difference = _verdict(bare, wrapped, values)
    side = _right(verdict, values, across)
    text = reason(leaf, verdict, side, across, values.bare, values.wrapped, fold, world)
    return Comparison(verdict, side, text, bare, wrapped, difference)


def _outside(leaf: Leaf, world: World) -> tuple[Tree, Mapping[str, Tree]]:
    """The layer's inputs as the model outside any TimeDistributed has them."""
    fold = leaf.fold
    if fold is None:
        return leaf.flow.args, leaf.flow.kwargs

    def unfold(value: object) -> object:
        return fold.seen(value, world.sizes) if isinstance(value, TensorInfo) else value

    return map_tree(unfold, leaf.flow.args), map_tree(unfold, dict(leaf.flow.kwargs))


def _fold(leaf: Leaf, info: TensorInfo, world: World) -> Fold | None:
    if leaf.fold is not None:
        return leaf.fold
    time = next((axis for axis in map(info.axis_of, world.clocks) if axis is not None), None)
    return None if time is None else Fold.of(info, time, info.axis_of(world.batch))


def _folded(module: nn.Module, args: Tree, kwargs: Mapping[str, Tree], fold: Fold, world: World) -> Tree:
    def inside(value: object) -> object:
        return fold.inside(value) if isinstance(value, TensorInfo) else value

    result = first(transfer(module, map_tree(inside, args), map_tree(inside, dict(kwargs)), world))
    return fold.outside(result, world.sizes) if isinstance(result, TensorInfo) else result


def _outcome(call: Callable[[], Tree], world: World) -> Outcome:
    try:
        result = first(call())
    except LayerError as error:
        return Outcome(None, error.text)
    except ValueError as problem:
        return Outcome(None, f"ValueError: {problem}")
    return Outcome(result.shape(world.sizes) if isinstance(result, TensorInfo) else None, None)


@dataclass(frozen=True, slots=True)
class Values:
    """What real runs of the two sides showed; a side that raised has no behaviour."""

    difference: float | None
    bare: Behaviour | None
    wrapped: Behaviour | None


class _Bench:
    """A layer built twice with the same random weights, to be run bare and wrapped on the same random inputs."""

    def __init__(self, leaf: Leaf, args: Tree, kwargs: Mapping[str, Tree], fold: Fold, world: World) -> None:
        self.leaf, self.args, self.kwargs, self.fold, self.world = leaf, args, kwargs, fold, world

    def run(self, bare: Outcome, wrapped: Outcome) -> Values:
        """Values at small sizes where the layer takes them, else at the spec's own."""
        for sizes in self._sizes():
            try:
                return self._run_at(sizes, bare.error is None, wrapped.error is None)
            except Exception:  # a layer made for one size refuses the small one
                continue
        return Values(None, None, None)

    def _sizes(self) -> list[Mapping[str, int]]:
        own = self.world.sizes
        elements = sum(torch.Size(info.shape(own)).numel() for info in leaves((self.args, self.kwargs)) if info)
        return [own] if elements <= _SMALL else [self._reduced(own), own]

    def _reduced(self, own: Mapping[str, int]) -> Mapping[str, int]:
        """Few samples and steps; a size that meets another axis by chance (or by mistake) is left as it is."""
        taken = {size for info in leaves((self.args, self.kwargs)) for size in info.shape(own)}
        counts = [size for info in leaves((self.args, self.kwargs)) for size in info.shape(own)]
        reduced = dict(own)
        for symbol in (self.world.batch, *self.world.clocks):
            if symbol is None or counts.count(own[symbol]) > 1:
                continue
            small = next(size for size in range(2, own[symbol] + 3) if size not in taken)
            if small < own[symbol]:
                reduced[symbol] = small
                taken.add(small)
        return reduced

    def _run_at(self, sizes: Mapping[str, int], bare_works: bool, wrapped_works: bool) -> Values:
        generator = torch.Generator().manual_seed(0)
        high = getattr(self.leaf.module, "num_embeddings", 2)

        drawn: dict[int, Tensor] = {}  # query, key and value may be one tensor, and stay one

        def tensor(value: object) -> object:
            if not isinstance(value, TensorInfo):
                return value
            dtype = getattr(torch, value.dtype)
            dtype = torch.float64 if dtype.is_floating_point else dtype
            if id(value) not in drawn:
                drawn[id(value)] = random_tensor(value.shape(sizes), dtype, high, generator)
            return drawn[id(value)]

        args, kwargs = map_tree(tensor, tuple(self.args)), map_tree(tensor, dict(self.kwargs))
        bare = self._built() if bare_works else None
        wrapped = None
        if wrapped_works:
            axes = {"time_axis": self.fold.time_axis, "batch_axis": self.fold.batch_axis}
            wrapped = TimeDistributed(_FirstPart(self._built()), **axes).eval()
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

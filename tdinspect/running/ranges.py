"""At which sizes of each symbol a model, once it is built, runs: a smallest, a step, and a largest where there is one.

Every layer is run once at the sizes to try, on a batch of size zero, with the inputs that the formulas give there; it
must run, and give the sizes that its own formulas say. Each symbol is tried with all others at the spec's own sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from functools import cache
from math import lcm

from tdinspect.building.imports import guarded
from tdinspect.building.sources import TensorSource
from tdinspect.domain.size import Floor, Size
from tdinspect.domain.spec import ModelSpec
from tdinspect.domain.trace import TensorInfo
from tdinspect.layers import index_bound, uses_of
from tdinspect.layers.axis_use import Each
from tdinspect.running.assemble import Assembly
from tdinspect.running.call import World
from tdinspect.running.engine import inspecting
from tdinspect.running.rerun import Unlike, runs_as_said
from tdinspect.running.sides import Leaf

# Runs of single layers for one model; a model of more kinds of layers than that allows is left without ranges.
BUDGET = 20_000
# So far beyond the spec's own size a largest size is looked for.
_FAR = 4096
_MOST_STEPS = 256


class _TooMuch(Exception):
    """The budget is spent."""


def ranges_of(spec: ModelSpec, assembly: Assembly) -> dict[str, dict[str, int]]:
    """By symbol: ``min``, ``step``, and ``max`` where a larger size fails: all of ``min + k*step`` up to it run.

    A symbol that has one size only in the model as it was built is left out: a layer's own sizes follow it, or another
    size of it does not run. So is one that reaches an axis for which no formula was found. Nothing for a model that
    did not run to its end, and for one whose layers are too many kinds to be tried within the budget.
    """
    if assembly.model is None:
        return {}
    tried = _Tried(assembly)
    found = {}
    with inspecting([assembly.model]), guarded():
        try:
            for symbol in _may_vary(spec, assembly):
                limits = _range(symbol, tried)
                if limits is not None:
                    found[symbol] = limits
        except _TooMuch:
            return {}
        finally:
            assembly.world.run.sizes.update(assembly.world.sizes)
    return found


def runs_at(assembly: Assembly, sizes: Mapping[str, int]) -> bool:
    """Whether every layer, as it was built, runs with these symbols changed, and gives what its formulas say there.

    False also where layers one by one cannot tell.
    """
    if assembly.model is None:
        return False
    tried = _Tried(assembly)
    with inspecting([assembly.model]), guarded():
        try:
            return tried.about(sizes)(sizes)
        except _TooMuch:
            return False
        finally:
            assembly.world.run.sizes.update(assembly.world.sizes)


def _may_vary(spec: ModelSpec, assembly: Assembly) -> Iterator[str]:
    """The symbols of the inputs that no layer's own sizes follow and no axis follows in an unknown way."""
    seen = {symbol for info in assembly.inputs.values() for axis in info.axes for symbol in axis.size.symbols}
    for leaf in assembly.leaves.values():
        seen |= _reads(leaf)
    records = assembly.trace.layers
    fixed = {symbol for record in records for symbol in record.depends_on}
    outputs = (info for leaf in assembly.leaves.values() for info in leaf.outputs)
    fixed |= {symbol for info in outputs for axis in info.axes for symbol in axis.unclear}
    return (symbol for symbol in spec.sizes if symbol in seen - fixed)


def _reads(leaf: Leaf) -> frozenset[str]:
    found: frozenset[str] = getattr(leaf.module, "reads", frozenset())
    return found if isinstance(found, frozenset) else frozenset()


class _Tried:
    """Each kind of call of a model once, and what is known of the sizes that were tried."""

    def __init__(self, assembly: Assembly) -> None:
        self.world, self.sums, self.left = assembly.world, assembly.sums, BUDGET
        distinct = {(leaf.kind, leaf.taken): leaf for leaf in assembly.leaves.values()}
        # What joins several values refuses most: it comes first.
        self.leaves = sorted(distinct.values(), key=lambda leaf: -len(leaf.inputs))
        self.sources = [leaf.module for leaf in self.leaves if isinstance(leaf.module, TensorSource)]

    def about(self, symbols: Collection[str]) -> Callable[[Mapping[str, int]], bool]:
        """Says of sizes of these symbols whether the model runs there; all others have the spec's own sizes."""
        followed = frozenset(symbols)
        concerned = (leaf for leaf in self.leaves if followed & (_follows(leaf) | _reads(leaf)))
        leaves = [leaf for leaf in concerned if not _takes_any(leaf, followed, self.world)]
        sums = [pair for pair in self.sums if any(followed & axis.size.symbols for info in pair for axis in info.axes)]

        def runs(sizes: Mapping[str, int]) -> bool:
            world = replace(self.world, sizes={**self.world.sizes, **sizes})
            return min(sizes.values()) > 0 and self._runs(leaves, sums, world)

        return runs

    def _runs(self, leaves: list[Leaf], sums: list[tuple[TensorInfo, TensorInfo]], world: World) -> bool:
        if not all(_adds(before, value, self.world, world) for before, value in sums):
            return False
        return all(self._leaf_runs(leaf, world) for leaf in leaves)

    def _leaf_runs(self, leaf: Leaf, world: World) -> bool:
        infos = [*leaf.inputs, *leaf.outputs]
        own = [info.shape(self.world.sizes) for info in infos]
        there = [info.shape(world.sizes) for info in infos]
        pairs = (pair for was, now in zip(own, there, strict=True) for pair in zip(was, now, strict=True))
        if any(now < 1 <= was for was, now in pairs):  # an axis that is empty at the spec's own sizes is meant to be
            return False
        self.left -= 1
        if self.left < 0:
            raise _TooMuch
        if not self._within_the_table(leaf, world):
            return False
        try:
            runs_as_said(leaf.module, leaf.flow.args, leaf.flow.kwargs, leaf.value, (self.world, world))
        except Unlike:
            return False
        return True

    def _within_the_table(self, leaf: Leaf, world: World) -> bool:
        """False where what `arange` gives at these sizes is beyond an embedding's rows."""
        bound = index_bound(leaf.module)
        highs = [info.high for info in leaf.inputs if info.high is not None and info.origin is None]
        if bound is None or not highs:
            return True
        now = []
        for source in self.sources:
            source.run.sizes.update(self.world.sizes)
            if source.high == highs[0]:
                source.run.sizes.update(world.sizes)
                now.append(source.high or 0)
        return max(now, default=0) <= bound


def _follows(leaf: Leaf) -> frozenset[str]:
    return frozenset().union(*(axis.size.symbols for info in leaf.inputs for axis in info.axes))


def _takes_any(leaf: Leaf, symbols: frozenset[str], world: World) -> bool:
    """True where the layer's family does the same to every position of each axis that follows the symbols."""
    if len(leaf.inputs) != 1 or not leaf.is_known_by_kind or index_bound(leaf.module) is not None:
        return False
    (info,) = leaf.inputs
    uses = uses_of(leaf.module, (info.shape(world.sizes),))
    following = [i for i, axis in enumerate(info.axes) if symbols & axis.size.symbols]
    return uses is not None and all(isinstance(use := uses[0][i], Each) and use.alike for i in following)


def _adds(before: TensorInfo, value: TensorInfo, own: World, world: World) -> bool:
    """What a Residual adds: sizes that are equal at the spec's own sizes are equal."""
    pairs = zip(reversed(before.axes), reversed(value.axes), strict=False)
    return all(
        a.size.value(own.sizes) != b.size.value(own.sizes) or a.size.value(world.sizes) == b.size.value(world.sizes)
        for a, b in pairs
    )


def _range(symbol: str, tried: _Tried) -> dict[str, int] | None:
    own, runs_with = tried.world.sizes[symbol], tried.about({symbol})
    runs = cache(lambda size: runs_with({symbol: size}))
    period = _period(symbol, tried)
    if not runs(own):  # what the spec's own sizes give is more than layers tell one by one
        return None
    for step in (d for d in range(1, min(period, _MOST_STEPS) + 1) if period % d == 0):
        round_trip = [step * k for k in range(1, min(period // step, 16) + 1)]
        up, down = all(runs(own + by) for by in round_trip), all(runs(own - by) for by in round_trip)
        if up or down:
            return _limits(own, step, runs)
    return None


def _period(symbol: str, tried: _Tried) -> int:
    """After so many sizes everything that sizes do has come again: all divisors of all floors together."""
    infos = {id(info): info for leaf in tried.leaves for info in (*leaf.inputs, *leaf.outputs)}
    sizes = {axis.size for info in infos.values() for axis in info.axes if symbol in axis.size.symbols}
    return lcm(*map(_period_of, sizes))


def _period_of(size: Size) -> int:
    floors = [atom for atoms, _ in size.terms for atom in atoms if isinstance(atom, Floor)]
    return lcm(*(floor.divisor * _period_of(floor.numerator) for floor in floors))


def _limits(own: int, step: int, runs: Callable[[int], bool]) -> dict[str, int]:
    """The smallest and the largest of ``own + k*step`` without one between them that does not run, as far as tried."""
    low = own - step * _last(lambda k: runs(own - step * k), (own - 1) // step)
    for size in [*range(low, min(low + 4 * step, own), step), *_between(low, own, step)]:
        if not runs(size):  # sizes that were not used to find it
            low = max(low, size + step)
    most = -(-_FAR // step)
    last = _last(lambda k: runs(own + step * k), most)
    limits = {"min": low, "step": step}
    return limits if last == most else {**limits, "max": own + step * last}


def _between(low: int, high: int, step: int) -> list[int]:
    count = (high - low) // step
    return [low + step * (count * i // 4) for i in range(1, 4)]


def _last(runs: Callable[[int], bool], most: int) -> int:
    """The largest k up to ``most`` that runs, where all from 0 to it do."""
    good, bad = 0, most + 1
    if most > 0 and runs(most):
        return most
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if runs(middle) else (good, middle)
    return good

"""One call of a layer on shapes: its inputs may be grown, one variable at a time, and the real kernels answer."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import nn

from tdinspect.building.functions import MERGES
from tdinspect.building.tensor_function import Run, TensorFunction
from tdinspect.domain.size import Size
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.domain.tree import Tree, leaves, map_tree
from tdinspect.running.engine import FULL, Described, Engine

# The few steps of a recurrence that stand for all.
STEPS = Size.symbol("#steps")


@dataclass(frozen=True, slots=True)
class World:
    """The sizes of every symbol in the pass, and which of them are the batch and time (``clocks``).

    ``run`` has those that functions read (``$T``), changed for every run.
    """

    sizes: Mapping[str, int]
    batch: str | None
    run: Run
    clocks: tuple[str, ...] = ()
    device: str = "auto"

    @property
    def key(self) -> Hashable:
        """Equal for worlds in which layers give the same."""
        return (tuple(self.sizes.items()), self.batch, self.clocks, self.device)

    def holds_batch(self, axis: Axis) -> bool:
        """True for an axis with the batch symbol in its size."""
        return self.batch in axis.size.symbols


@dataclass(frozen=True, slots=True)
class Variable:
    """What a rerun grows: all axes of one size, or (for functions that read ``$T``) a symbol."""

    size: Size
    symbol: str | None = None


class Call:
    """One layer on its inputs, to be run at any sizes of the variables."""

    def __init__(self, module: nn.Module, args: Tree, kwargs: Mapping[str, Tree], world: World, engine: Engine) -> None:
        self.module, self.args, self.kwargs, self.world, self.engine = module, args, kwargs, world, engine
        self._seen: dict[frozenset[tuple[Variable, int]], list[tuple[int, ...]] | None] = {}

    def is_batch(self, size: Size) -> bool:
        """True for a size that holds the batch symbol, where the engine gives the batch a size of its own."""
        return self.engine.batch is not None and self.world.batch in size.symbols

    def base(self, size: Size) -> int:
        """The number that stands for a size in a run where nothing is grown."""
        if self.is_batch(size):
            assert self.engine.batch is not None
            return self.engine.batch
        return size.value(self.world.sizes)

    def run(self, grown: Mapping[Variable, int] = MappingProxyType({})) -> Tree:
        """Described outputs, with each of these variables grown by so much."""
        sizes = dict(self.world.sizes)
        by_size = {variable.size: by for variable, by in grown.items() if variable.symbol is None}
        for variable, by in grown.items():
            if variable.symbol is not None:
                sizes[variable.symbol] += by

        def number(size: Size) -> int:
            if size in by_size:
                return self.base(size) + by_size[size]
            return self.base(size) if self.is_batch(size) else size.value(sizes)

        def describe(info: object) -> object:
            if not isinstance(info, TensorInfo):
                return info
            return Described(tuple(number(axis.size) for axis in info.axes), info.dtype)

        if self.engine.batch is not None and self.world.batch is not None:
            sizes[self.world.batch] = self.engine.batch
        self.world.run.sizes.update(sizes)
        return self.engine.run(self.module, map_tree(describe, self.args), map_tree(describe, self.kwargs))

    def shapes(self, grown: Mapping[Variable, int]) -> list[tuple[int, ...]] | None:
        """The shapes of the outputs with variables grown, or None where the layer refuses."""
        key = frozenset(grown.items())
        if key not in self._seen:
            try:
                self._seen[key] = [found.shape for found in leaves(self.run(grown)) if isinstance(found, Described)]
            except Exception:  # this layer takes one size only, or only some sizes
                self._seen[key] = None
        return self._seen[key]

    def full_shapes(self) -> list[tuple[int, ...]]:
        """The shapes of the outputs at the spec's own sizes. Raises what the layer raises there."""
        call = self if self.engine.batch is None else self.on(FULL)
        return [found.shape for found in leaves(call.run()) if isinstance(found, Described)]

    def on(self, engine: Engine) -> Call:
        """The same call, run another way."""
        return Call(self.module, self.args, self.kwargs, self.world, engine)


def infos_in(tree: Tree) -> list[TensorInfo]:
    """The tensors in inputs or in a result, from left to right; constants left out."""
    if isinstance(tree, TensorInfo):
        return [tree]
    return [info for info in leaves(tree) if isinstance(info, TensorInfo)]


def is_view(module: nn.Module) -> bool:
    """True for what only rearranges axes."""
    return isinstance(module, nn.Flatten | nn.Unflatten) or (isinstance(module, TensorFunction) and module.is_view)


def merges_axes(module: nn.Module) -> bool:
    """True for what may make one axis of several, or several of one."""
    if isinstance(module, TensorFunction):
        return module.name in MERGES
    return isinstance(module, nn.Flatten | nn.Unflatten)

"""A layer's two sides: bare on the whole tensor, and under the plain fold of TimeDistributed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

from torch import nn

from tdinspect.building.construct import construct
from tdinspect.building.imports import Ended, guarded
from tdinspect.building.sources import TensorSource
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.building.wiring import Flow
from tdinspect.domain.remembered import Remembered
from tdinspect.domain.spec import Layer
from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import Tree, first, map_tree
from tdinspect.running.call import World, infos_in
from tdinspect.running.folding import Fold
from tdinspect.running.transfer import LayerError, transfer


@dataclass(frozen=True)  # without slots: what is asked of it again and again is kept
class Leaf:
    """One call of a layer: how to build it again, its inputs, and the fold of the TimeDistributed it stands in.

    Under a fold the inputs are the folded ones. ``layer`` has all arguments it was built with (None for functions, and
    for a module that the user built; ``alike`` is then the text that stands for them);
    ``given`` and ``inferred`` are those of this step, empty where it uses another step's module again. ``value`` is
    what it gave, once it has run.
    """

    type: str
    layer: Layer | None
    given: Mapping[str, object]
    inferred: Mapping[str, int]
    module: nn.Module
    flow: Flow
    fold: Fold | None
    value: Tree = None
    alike: str | None = None

    def build(self, *, initialise: bool = False) -> nn.Module:
        """The layer again, with weights of its own; without ``initialise`` they are not worth reading.

        A function is itself; a module that no layer describes is copied. Raises whatever its constructor raises.
        """
        if isinstance(self.module, TensorFunction):
            return self.module
        return deepcopy(self.module) if self.layer is None else construct(self.layer, initialise=initialise)

    @cached_property
    def inputs(self) -> tuple[TensorInfo, ...]:
        """The tensors that come in, from left to right."""
        return tuple(infos_of(self.flow))

    @cached_property
    def outputs(self) -> tuple[TensorInfo, ...]:
        """The tensors that it gave, from left to right."""
        return tuple(infos_of(self.value))

    @cached_property
    def kind(self) -> str:
        """The type and all arguments, as text: equal for layers that do the same to shapes, and 1, 1.0, True differ."""
        return f"{self.type} {self.layer.args if self.layer else self.alike or self.given!r}"

    @property
    def is_known_by_kind(self) -> bool:
        """True for torch's own layers and functions: whatever is of this kind does the same, in any spec."""
        if self.layer is None:
            return isinstance(self.module, TensorFunction) and not isinstance(self.module, TensorSource)
        parts = self.module.modules() if self.module._modules else ()  # a TransformerEncoder may hold a user's layer
        return "." not in self.layer.type and all(type(part).__module__.startswith("torch.") for part in parts)

    @cached_property
    def call(self) -> Hashable:
        """Equal for layers of one kind on the same inputs, in the same place: they do the same to values."""
        return (self.kind, self.taken, self.fold)

    @cached_property
    def taken(self) -> Hashable:
        """The inputs, equal where they are alike; constants among them as text, in which 1, 1.0 and True differ."""
        flow = self.flow
        plain = not flow.kwargs and all(isinstance(value, TensorInfo) for value in flow.args)
        return flow.args if plain else repr(flow)

    def that_gave(self, value: Tree) -> Leaf:
        """The same call, once it has run."""
        args = (self.type, self.layer, self.given, self.inferred, self.module, self.flow, self.fold)
        return Leaf(*args, value, self.alike)

    @property
    def settings(self) -> Mapping[str, object]:
        """All arguments that the layer was built with; of a module that no layer describes, what it remembers."""
        if self.layer is not None:
            return self.layer.args.named
        return {} if isinstance(self.module, TensorFunction) else vars(self.module)


def map_infos(change: Callable[[TensorInfo], TensorInfo], flow: Flow) -> Flow:
    """The same inputs with ``change`` of every tensor; constants stay, and one tensor given twice stays one."""
    changed: dict[int, TensorInfo] = {}

    def apply(value: object) -> object:
        if not isinstance(value, TensorInfo):
            return value
        if id(value) not in changed:
            changed[id(value)] = change(value)
        return changed[id(value)]

    return Flow(map_tree(apply, flow.args), map_tree(apply, dict(flow.kwargs)))


def infos_of(tree: Tree) -> list[TensorInfo]:
    """The tensors of inputs or of a result, from left to right."""
    return infos_in((tree.args, tree.kwargs) if isinstance(tree, Flow) else tree)


class Transfers:
    """What layers give, remembered: a model repeats the same layer on the same shapes many times, and so do specs."""

    _of_all: ClassVar[Remembered[Tree]] = Remembered()

    def __init__(self, world: World) -> None:
        self._world, self._key = world, world.key

    def of(self, leaf: Leaf) -> Tree:
        """The outputs of a torch layer or a function on its inputs. Raises LayerError."""
        flow = leaf.flow
        key = (leaf.kind, leaf.taken, self._key) if leaf.is_known_by_kind else None
        found = None if key is None else self._of_all.get(key)
        if found is None:
            found = transfer(leaf.module, flow.args, flow.kwargs, self._world)
            if key is not None:
                self._of_all.put(key, found)
        return found


def outside_flow(leaf: Leaf, world: World) -> Flow:
    """The inputs as they are outside the TimeDistributed that the layer stands in."""
    fold = leaf.fold
    if fold is None:
        return leaf.flow
    alone = replace(fold, outer=None)
    return map_infos(lambda info: alone.seen(info, world.sizes), leaf.flow)


def fold_of(leaf: Leaf, world: World) -> Fold | None:
    """The fold that TimeDistributed makes of the inputs; None for functions, and where no time arrives."""
    if leaf.fold is not None or isinstance(leaf.module, TensorFunction):
        return leaf.fold
    for info in leaf.inputs[:1]:
        axis = info.time_axis(world.clocks)
        if axis is not None:
            return Fold.of(info, axis, info.axis_of(world.batch))
    return None


def run_bare(leaf: Leaf, world: World) -> TensorInfo:
    """Part 0 of the bare layer's result. Raises LayerError."""
    flow = outside_flow(leaf, world)
    return _tensor(transfer(leaf.module, flow.args, flow.kwargs, world))


def run_wrapped(leaf: Leaf, fold: Fold, world: World) -> TensorInfo:
    """Part 0 of the folded layer's result, unfolded. Raises LayerError, and ValueError where it does not unfold."""
    flow = map_infos(fold.inside, outside_flow(leaf, world))
    return fold.outside(_tensor(transfer(leaf.module, flow.args, flow.kwargs, world)), world.sizes)


def other_side(leaf: Leaf, world: World) -> TensorInfo | None:
    """What a layer that raised gives on the other side of TimeDistributed; None where it raises there, too."""
    try:
        with guarded():
            if leaf.fold is not None:
                return run_bare(leaf, world)
            fold = fold_of(leaf, world)
            return None if fold is None else run_wrapped(leaf, fold, world)
    except (LayerError, ValueError, Ended):
        return None


def _tensor(result: Tree) -> TensorInfo:
    part = first(result)
    if not isinstance(part, TensorInfo):
        raise ValueError(f"a layer that gives {type(part).__name__}, no tensor, cannot be folded")
    return part

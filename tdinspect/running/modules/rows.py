"""The rows of a module's report, and the leaves that comparison and axes look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import nn
from torch.jit import ScriptModule
from torch.nn.parameter import UninitializedParameter

from tdinspect.building.wiring import Flow
from tdinspect.domain.cost import UNKNOWN, UNKNOWN_PRODUCTS, Cost, cut_off
from tdinspect.domain.size import Size
from tdinspect.domain.spec import show
from tdinspect.domain.trace import Axis, Failure, LayerRecord, ParameterInfo, TensorInfo
from tdinspect.domain.tree import Tree
from tdinspect.layers import family_of_module, keras_count
from tdinspect.layers.summary import kernel_of, summary
from tdinspect.running.call import World
from tdinspect.running.costs.layers import Costs
from tdinspect.running.folding import Fold
from tdinspect.running.modules.recorder import ROWS, Pass, Visit, filled, named_parts
from tdinspect.running.modules.shapes import Shapes
from tdinspect.running.sides import Leaf, other_side
from tdinspect.time_distributed import TimeDistributed

_PLAIN = (bool, int, float, str, tuple, type(None))


@dataclass(frozen=True, slots=True)
class Rows:
    """The records in order, and the leaves by the names of theirs."""

    records: tuple[LayerRecord, ...]
    leaves: Mapping[str, Leaf]
    places: Mapping[tuple[str, int], str]  # the name of the leaf that a visit made


def rows_of(module: nn.Module, seen: Pass, shapes: Shapes, world: World) -> Rows:
    """A row for each call, then for the layers that no call reached, then for parameters that lie in no layer.

    Of a pass that raised: the calls up to there.
    """
    builder = _Builder(module, seen, shapes, world)
    builder.visited()
    if seen.problem is None:
        builder.not_visited()
    return Rows(tuple(builder.records), builder.leaves, builder.places)


class _Builder:
    def __init__(self, module: nn.Module, seen: Pass, shapes: Shapes, world: World) -> None:
        self.module, self.seen, self.shapes, self.world = module, seen, shapes, world
        self.records: list[LayerRecord] = []
        self.costs = Costs(world.sizes)
        self.leaves: dict[str, Leaf] = {}
        self.places: dict[tuple[str, int], str] = {}
        self.folds: dict[int, Fold | None] = {}  # the fold around what is inside a visit

    def visited(self) -> None:
        """The calls, and what the module itself raised."""
        if self.seen.problem is not None and self.seen.failed_in is None:
            name = type(self.module).__name__
            failure = Failure(_text(self.seen.problem))
            self.records.append(LayerRecord(name, name, (name,), 0, (name,), container=True, failure=failure))
        for index, visit in enumerate(self.seen.visits):
            self.records.append(self._visit(index, visit))

    def not_visited(self) -> None:
        """The rest, so that every parameter is in a row."""
        met = {visit.name for visit in self.seen.visits}
        for name, part, leaf in named_parts(self.module):
            if leaf and name not in met:
                unseen = isinstance(part, ScriptModule)  # it may have run: it takes no hooks
                cost = UNKNOWN if unseen else Cost()
                record = LayerRecord(name or type(part).__name__, type(part).__name__, (name,), 0, cost=cost)
                self.records.append(replace(record, **_described(part)))
        keys = {parameter.key for record in self.records for parameter in record.parameters}
        for name, loose in self.module.named_parameters():
            if id(loose) not in keys and not isinstance(loose, UninitializedParameter):
                own = _parameter(name.rpartition(".")[2], loose)
                value = (TensorInfo(tuple(Axis(Size.number(n)) for n in loose.shape)),)
                record = LayerRecord(name, "Parameter", (name,), 0, outputs=value, parameters=(own,), cost=Cost())
                self.records.append(replace(record, keras_params=own.count))

    def _visit(self, index: int, visit: Visit) -> LayerRecord:
        around = None if visit.inside is None else self.folds.get(visit.inside)
        taken, given = self.shapes.taken[index], self.shapes.given[index]
        place = (visit.name or type(visit.module).__name__,)
        record = LayerRecord(
            self._name(visit),
            type(visit.module).__name__,
            place,
            visit.depth,
            op_path=place,
            container=not visit.leaf,
            time_distributed=self._in_wrapper(visit),
            inputs=tuple(self._outside(info, around) for info in taken),
            outputs=tuple(self._outside(info, around) for info in given),
            shared_with=visit.name if visit.time > 1 else None,
        )
        record = replace(record, cost=self._cost(visit, taken, given))
        if not visit.leaf:
            self.folds[index] = self._fold(visit, taken, around)
            own = self.folds[index]
            if own is not None and own is not around:
                record = replace(record, steps=own.lead[-1].size)
            return replace(record, failure=self._failure(index, None))
        record = replace(record, **_described(visit.module))
        leaf = self._leaf(visit, taken, given, around)
        if leaf is not None and visit.ended:
            self.leaves[record.name] = leaf
            self.places[visit.place] = record.name
        return replace(record, failure=self._failure(index, leaf))

    def _cost(self, visit: Visit, taken: list[TensorInfo], given: list[TensorInfo]) -> Cost | None:
        """Of a module around others what its own code costs; of a last row that calls without one follow, a part."""
        multiplies = visit.name in self.seen.products
        if not visit.leaf:
            return UNKNOWN_PRODUCTS if multiplies else None
        flow = Flow(filled(visit.args, taken.__getitem__), filled(visit.kwargs, taken.__getitem__))
        cost = self.costs.of(visit.module, flow, given, multiplies=multiplies)
        cut = visit.time == ROWS < self.seen.times.get(visit.name, 0)
        return cut_off(cost) if cut else cost

    def _name(self, visit: Visit) -> str:
        name = visit.name or type(visit.module).__name__
        return name if visit.time == 1 else f"{name}#{visit.time}"

    def _in_wrapper(self, visit: Visit) -> bool:
        while visit.inside is not None:
            visit = self.seen.visits[visit.inside]
            if isinstance(visit.module, TimeDistributed):
                return True
        return False

    def _fold(self, visit: Visit, taken: Sequence[TensorInfo], around: Fold | None) -> Fold | None:
        """What a TimeDistributed does to the axes for what is inside; its other modes show each call as it is."""
        module = visit.module
        if not isinstance(module, TimeDistributed):
            return around
        if module.mode != "fold" or not taken:
            return None
        ndim, batch = len(taken[0].axes), module.batch_axis
        try:
            fold = Fold.of(taken[0], module.time_axis % ndim, None if batch is None else batch % ndim)
        except ValueError:
            return None
        return replace(fold, outer=around)

    def _outside(self, info: TensorInfo, fold: Fold | None) -> TensorInfo:
        """As the model around every wrapper sees it."""
        inside = fold is not None and info.axes and info.axes[0].size == fold.axis.size
        return fold.seen(info, self.world.sizes) if fold is not None and inside else info

    def _leaf(self, visit: Visit, taken: list[TensorInfo], given: list[TensorInfo], around: Fold | None) -> Leaf | None:
        """The call to make again; None where something in it cannot be made again."""
        if not visit.whole or not taken:
            return None
        inside = around is not None and taken[0].axes and taken[0].axes[0].size == around.axis.size
        fold = around if inside else None
        flow = Flow(filled(visit.args, taken.__getitem__), filled(visit.kwargs, taken.__getitem__))
        value: Tree = filled(visit.value, given.__getitem__)
        kind = type(visit.module).__name__
        return Leaf(kind, None, {}, {}, visit.module, flow, fold, value, alike=_alike(visit.module))

    def _failure(self, index: int, leaf: Leaf | None) -> Failure | None:
        if self.seen.problem is None or self.seen.failed_in != index:
            return None
        wrapped = leaf is not None and leaf.fold is not None
        other = None if leaf is None else other_side(leaf, self.world)
        return Failure(_text(self.seen.problem), other, in_time_distributed=wrapped)


def _text(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"


def _described(part: nn.Module) -> dict[str, Any]:
    if any(isinstance(value, UninitializedParameter) for value in part.parameters()):
        return {}
    return {
        "arguments": summary(part, {}, show),
        "kernel": kernel_of(part, type(part).__name__, {}),
        "formula": family_of_module(part).formula(part) or None,
        "keras_params": keras_count(part),
        "parameters": tuple(_parameter(name, value) for name, value in part.named_parameters()),
    }


def _parameter(name: str, value: nn.Parameter) -> ParameterInfo:
    size = value.numel() * value.element_size()
    return ParameterInfo(name, tuple(value.shape), size, value.requires_grad, id(value))


def _alike(module: nn.Module) -> str:
    """Equal for layers of torch that do the same; a module of the user's is like no other."""
    if not all(type(part).__module__.startswith("torch.nn.modules.") for part in module.modules()):
        return f"#{id(module)}"
    return repr([(name, type(part).__name__, *_settings(part)) for name, part in module.named_modules()])


def _settings(part: nn.Module) -> Iterator[tuple[str, object]]:
    for name, value in sorted(vars(part).items()):
        if not name.startswith("_") and isinstance(value, _PLAIN):
            yield name, value
    for name, parameter in part.named_parameters(recurse=False):
        yield name, tuple(parameter.shape)
    yield "hooks", [id(hook) for hook in (*part._forward_hooks.values(), *part._forward_pre_hooks.values())]

"""The rows of a walk, as they come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from torch import nn

from tdinspect.building.construct import named_parameters
from tdinspect.building.sources import CONSTANTS
from tdinspect.building.wiring import Flow
from tdinspect.domain.cost import UNKNOWN_PRODUCTS
from tdinspect.domain.remembered import Remembered
from tdinspect.domain.size import Size
from tdinspect.domain.spec import Container, Function, Operation, Repeat, Share, Step, resolved, show
from tdinspect.domain.trace import Axis, Failure, LayerRecord, ParameterInfo, TensorInfo
from tdinspect.domain.tree import Tree
from tdinspect.layers import family_of_module, keras_count
from tdinspect.layers.summary import kernel_of, summary
from tdinspect.running.call import World
from tdinspect.running.costs.layers import ONCE, Costs
from tdinspect.running.folding import Cut, Fold, Frame
from tdinspect.running.inside import Inner
from tdinspect.running.sides import Leaf, infos_of


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step stands: the prefix of its full name, how deep, and inside which frame (the innermost)."""

    prefix: str = ""
    depth: int = 0
    frame: Frame | None = None

    @property
    def fold(self) -> Fold | None:
        """The fold of the TimeDistributed that the step stands in, where no Recurrent is between."""
        return self.frame if isinstance(self.frame, Fold) else None

    @property
    def times(self) -> Size:
        """How often one pass runs what stands here."""
        times, frame = ONCE, self.frame
        while frame is not None:
            times = times * frame.time.size if isinstance(frame, Cut) else times
            frame = frame.outer
        return times

    @property
    def folded(self) -> bool:
        """True under TimeDistributed, however deep."""
        return self.frame is not None and self.frame.folds


@dataclass(frozen=True, slots=True)
class Use:
    """How a step uses its layer: the symbols that its own sizes follow, and whose weights it uses again.

    ``sized_by`` are the sizes that shapes told and that follow symbols, by argument.
    """

    follows: frozenset[str] = frozenset()
    shared: str | None = None
    sized_by: Mapping[str, Size] = field(default_factory=dict)


class Ledger:
    """Records in the order of the forward pass; shapes as the model outside any TimeDistributed sees them."""

    _known: ClassVar[Remembered[Mapping[str, Any]]] = Remembered()

    def __init__(self, world: World) -> None:
        self.sizes, self._world = world.sizes, world.key
        self.records: list[LayerRecord] = []
        self._costs = Costs(world.sizes)
        self._views: dict[tuple[int, int], tuple[Frame, TensorInfo, TensorInfo]] = {}

    def opened(self, place: Place, step: Step, container: Container, flow: Flow) -> int:
        """A container's row, before its children; returns its index for ``closed``."""
        copied = container.steps[0].operation if isinstance(container, Repeat) else None
        arguments = "" if copied is None else f"{_kind(copied)} ×{len(container.steps)}"
        self.records.append(self._base(place, step, container.type, flow, container=True, arguments=arguments))
        return len(self.records) - 1

    def folded(self, row: int, fold: Fold) -> None:
        """How a TimeDistributed folds."""
        self.records[row] = replace(self.records[row], steps=fold.lead[-1].size)

    def closed(self, row: int, place: Place, value: Tree) -> None:
        """What the container gave."""
        self.records[row] = replace(self.records[row], outputs=self._seen(value, place))

    def broke(self, row: int, message: str) -> None:
        """The container itself cannot take or give what it should; a finding says so already."""
        self.records[row] = replace(self.records[row], failure=Failure(message, reported=True))

    def row_of(self, place: Place, step: Step) -> int:
        """The row that a step at this place has had."""
        name = place.prefix + step.name
        return next(i for i in reversed(range(len(self.records))) if self.records[i].name == name)

    def not_built(self, place: Place, step: Step, leaf: Leaf, message: str) -> None:
        """The row of a layer that could not be built; a finding says so already."""
        arguments = summary(leaf.module, leaf.given, show)
        failure = Failure(message, reported=True)
        kernel = kernel_of(leaf.module, leaf.type, leaf.given)
        more = {"arguments": arguments, "kernel": kernel, "given": leaf.given, "failure": failure}
        self.records.append(self._base(place, step, leaf.type, leaf.flow, **more))

    def failed(self, place: Place, step: Step, leaf: Leaf, use: Use, failure: Failure) -> None:
        """The row of a layer that raised."""
        self.records.append(self._layer(place, step, leaf, use, failure=failure))

    def ran(self, place: Place, step: Step, leaf: Leaf, use: Use, value: Tree, *, multiplies: bool = True) -> None:
        """The row of a layer that gave ``value``; what no input gives is the same at every step.

        ``multiplies``: a user's own layer that has products of matrices in it, or may have.
        """
        outputs = self._seen(value, place) if leaf.inputs else tuple(infos_of(value))
        cost = self._costs.of(leaf.module, leaf.flow, value, place.times, multiplies=multiplies)
        self.records.append(self._layer(place, step, leaf, use, outputs=outputs, cost=cost))

    def contains(self, place: Place, step: Step, leaf: Leaf, value: Tree, *, multiplies: bool) -> None:
        """The row of a user's module, before those of its inner layers; ``multiplies``: matrices, outside of those."""
        record = replace(
            self._layer(place, step, leaf, Use()), container=True, parameters=(), formula=None, kernel=None
        )
        cost = UNKNOWN_PRODUCTS if multiplies else None
        self.records.append(replace(record, keras_params=0, outputs=self._seen(value, place), cost=cost))

    def inner(self, place: Place, step: Step, inner: Inner, taken: Tree, given: Tree, shared: str | None) -> None:
        """The row of a layer inside a user's module; ``shared``: the module is that of another step."""
        full = f"{place.prefix}{step.name}."
        again = f"{shared}.{inner.name}" if shared else full + inner.shared if inner.shared else None
        module = inner.module if inner.module is not None else nn.Identity()
        record = self._layer(place, step, Leaf(inner.type, None, {}, {}, module, Flow(), None), Use(shared=again))
        if inner.module is None:  # a parameter that lies in no layer
            record = replace(record, parameters=_parameters(inner.parameters), arguments="", formula=None)
            record = replace(record, keras_params=sum(parameter.count for parameter in record.parameters))
            given = [TensorInfo(tuple(Axis(Size.number(n)) for n in p.shape)) for p in record.parameters]
        record = replace(record, name=full + inner.name, depth=place.depth + 1, keys={}, function=False)
        record = replace(record, cost=self._costs.inner(inner, taken, given, place.times))
        self.records.append(replace(record, inputs=self._seen(taken, place), outputs=self._seen(given, place)))

    def _layer(self, place: Place, step: Step, leaf: Leaf, use: Use, **more: Any) -> LayerRecord:
        return self._base(
            place,
            step,
            leaf.type,
            leaf.flow,
            given=leaf.given,
            inferred=leaf.inferred,
            depends_on=use.follows,
            sized_by=use.sized_by,
            parameters=_parameters(named_parameters(leaf.module)),
            shared_with=use.shared,
            **self._described(leaf),
            **more,
        )

    def _described(self, leaf: Leaf) -> Mapping[str, Any]:
        """What is the same for every layer of one kind."""
        if not leaf.is_known_by_kind:
            return self._looked_at(leaf)
        key = (leaf.kind, repr(leaf.given), self._world)
        found = self._known.get(key)
        return found if found is not None else self._known.put(key, self._looked_at(leaf))

    def _looked_at(self, leaf: Leaf) -> Mapping[str, Any]:
        return {
            "arguments": summary(leaf.module, leaf.given, show),
            "kernel": kernel_of(leaf.module, leaf.type, resolved(leaf.given, self.sizes)),
            "formula": family_of_module(leaf.module).formula(leaf.module) or None,
            "keras_params": keras_count(leaf.module),
        }

    def _base(self, place: Place, step: Step, type_name: str, flow: Flow, **more: Any) -> LayerRecord:
        return LayerRecord(
            name=place.prefix + step.name,
            type=type_name,
            path=step.path,
            uses=step.uses,
            op_path=step.op_path,
            keys=_written_keys(step, type_name),
            depth=place.depth,
            function=isinstance(step.operation, Function) or type_name in CONSTANTS,
            time_distributed=place.folded,
            inputs=self._seen(flow, place),
            times=place.times,
            time=step.time,
            **more,
        )

    def _seen(self, tree: Tree, place: Place) -> tuple[TensorInfo, ...]:
        return tuple(self._view(info, place.frame) for info in infos_of(tree))

    def _view(self, info: TensorInfo, frame: Frame | None) -> TensorInfo:
        if frame is None:
            return info
        key = (id(frame), id(info))  # both are kept, so that no other object takes their place
        if key not in self._views:
            self._views[key] = (frame, info, frame.seen(info, self.sizes))
        return self._views[key][2]


def _parameters(named: Iterable[tuple[str, nn.Parameter]]) -> tuple[ParameterInfo, ...]:
    return tuple(
        ParameterInfo(name, tuple(p.shape), p.numel() * p.element_size(), p.requires_grad, id(p)) for name, p in named
    )


def _kind(operation: Operation) -> str:
    return f"share {operation.target}" if isinstance(operation, Share) else operation.type


def _written_keys(step: Step, type_name: str) -> dict[str, object]:
    """The step keys as the spec has them; a name that was not given is left out."""
    kind = type_name.rpartition(".")[2].lower()
    numbered = step.name.startswith(f"{kind}_") and step.name.rpartition("_")[2].isdecimal()
    keys = {
        "name": None if numbered else step.name,
        "from": step.source,
        "as": step.parts,
        "call": dict(step.call) or None,
    }
    keys |= {"trainable": step.trainable, "time": step.time}
    return {key: value for key, value in keys.items() if value is not None}

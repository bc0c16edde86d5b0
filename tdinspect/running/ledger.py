"""The rows of a walk, as they come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import nn

from tdinspect.building.wiring import Flow
from tdinspect.domain.spec import Function, Step, show
from tdinspect.domain.trace import Failure, LayerRecord, ParameterInfo, TensorInfo
from tdinspect.domain.tree import Tree
from tdinspect.layers import family_of, keras_count
from tdinspect.layers.summary import summary
from tdinspect.running.folding import Fold
from tdinspect.running.sides import Leaf, infos_of


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step stands: the prefix of its full name, how deep, and inside which fold."""

    prefix: str = ""
    depth: int = 0
    fold: Fold | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """How a step uses its layer: the symbols that its own sizes follow, and whose weights it uses again."""

    follows: frozenset[str] = frozenset()
    shared: str | None = None


class Ledger:
    """Records in the order of the forward pass; shapes as the model outside any TimeDistributed sees them."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes
        self.records: list[LayerRecord] = []

    def opened(self, place: Place, step: Step, type_name: str, flow: Flow) -> int:
        """A container's row, before its children; returns its index for ``closed``."""
        self.records.append(replace(self._base(place, step, type_name, flow), container=True))
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

    def not_built(self, place: Place, step: Step, leaf: Leaf, message: str) -> None:
        """The row of a layer that could not be built; a finding says so already."""
        base = self._base(place, step, leaf.type, leaf.flow)
        arguments = summary(leaf.module, leaf.given, show)
        failure = Failure(message, reported=True)
        self.records.append(replace(base, arguments=arguments, given=leaf.given, failure=failure))

    def failed(self, place: Place, step: Step, leaf: Leaf, use: Use, failure: Failure) -> None:
        """The row of a layer that raised."""
        self.records.append(replace(self._layer(place, step, leaf, use), failure=failure))

    def ran(self, place: Place, step: Step, leaf: Leaf, use: Use, value: Tree) -> None:
        """The row of a layer that gave ``value``."""
        self.records.append(replace(self._layer(place, step, leaf, use), outputs=self._seen(value, place)))

    def _layer(self, place: Place, step: Step, leaf: Leaf, use: Use) -> LayerRecord:
        return replace(
            self._base(place, step, leaf.type, leaf.flow),
            arguments=summary(leaf.module, leaf.given, show),
            given=leaf.given,
            inferred=leaf.inferred,
            depends_on=use.follows,
            parameters=_parameters(leaf.module),
            formula=family_of(leaf.type).formula(leaf.module) or None,
            keras_params=keras_count(leaf.module),
            shared_with=use.shared,
        )

    def _base(self, place: Place, step: Step, type_name: str, flow: Flow) -> LayerRecord:
        return LayerRecord(
            name=place.prefix + step.name,
            type=type_name,
            path=step.path,
            op_path=step.op_path,
            keys=_written_keys(step, type_name),
            depth=place.depth,
            function=isinstance(step.operation, Function),
            time_distributed=place.fold is not None,
            inputs=self._seen(flow, place),
            time=step.time,
        )

    def _seen(self, tree: Tree, place: Place) -> tuple[TensorInfo, ...]:
        fold, infos = place.fold, infos_of(tree)
        return tuple(infos) if fold is None else tuple(fold.seen(info, self.sizes) for info in infos)


def _parameters(module: nn.Module) -> tuple[ParameterInfo, ...]:
    return tuple(
        ParameterInfo(name, tuple(p.shape), p.numel() * p.element_size(), p.requires_grad, id(p))
        for name, p in module.named_parameters()
    )


def _written_keys(step: Step, type_name: str) -> dict[str, object]:
    """The step keys as the spec has them; a name that was not given is left out."""
    numbered = step.name.startswith(f"{type_name.lower()}_") and step.name.rpartition("_")[2].isdecimal()
    keys = {
        "name": None if numbered else step.name,
        "from": step.source,
        "as": step.parts,
        "call": dict(step.call) or None,
    }
    keys |= {"trainable": step.trainable, "time": step.time}
    return {key: value for key, value in keys.items() if value is not None}

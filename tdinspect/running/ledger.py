"""The rows of a walk, as they come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import nn

from tdinspect.building.tensor_function import TensorFunction
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


class Ledger:
    """Records in the order of the forward pass; shapes as the model outside any TimeDistributed sees them."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes
        self.records: list[LayerRecord] = []

    def opened(self, place: Place, step: Step, type_name: str, flow: Flow) -> int:
        """A container's row, before its children; returns its index for ``closed``."""
        self.records.append(replace(self._base(place, step, type_name, flow), container=True))
        return len(self.records) - 1

    def closed(self, row: int, place: Place, value: Tree) -> None:
        """What the container gave."""
        self.records[row] = replace(self.records[row], outputs=self._seen(value, place))

    def failed(self, place: Place, step: Step, leaf: Leaf, failure: Failure) -> None:
        """The row of a layer that raised."""
        base = self._base(place, step, leaf.type, leaf.flow)
        arguments = summary(leaf.module, leaf.given, show)
        self.records.append(replace(base, arguments=arguments, given=leaf.given, failure=failure))

    def ran(
        self, place: Place, step: Step, leaf: Leaf, value: Tree, follows: frozenset[str], shared: str | None
    ) -> None:
        """The row of a layer that ran; ``follows`` has the symbols its own sizes depend on."""
        module = leaf.module
        self.records.append(
            replace(
                self._base(place, step, leaf.type, leaf.flow),
                function=isinstance(module, TensorFunction),
                arguments=summary(module, leaf.given, show),
                given=leaf.given,
                inferred=leaf.inferred,
                depends_on=follows,
                outputs=self._seen(value, place),
                parameters=_parameters(module),
                formula=family_of(leaf.type).formula(module) or None,
                keras_params=keras_count(module),
                shared_with=shared,
                time=step.time,
            )
        )

    def _base(self, place: Place, step: Step, type_name: str, flow: Flow) -> LayerRecord:
        return LayerRecord(
            name=place.prefix + step.name,
            type=type_name,
            path=step.path,
            depth=place.depth,
            function=isinstance(step.operation, Function),
            time_distributed=place.fold is not None,
            inputs=self._seen(flow, place),
        )

    def _seen(self, tree: Tree, place: Place) -> tuple[TensorInfo, ...]:
        fold, infos = place.fold, infos_of(tree)
        return tuple(infos) if fold is None else tuple(fold.seen(info, self.sizes) for info in infos)


def _parameters(module: nn.Module) -> tuple[ParameterInfo, ...]:
    return tuple(
        ParameterInfo(name, tuple(p.shape), p.numel() * p.element_size(), p.requires_grad, id(p))
        for name, p in module.named_parameters()
    )

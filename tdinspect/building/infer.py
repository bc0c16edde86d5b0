"""Sizes that the incoming shapes tell, never read from the time axis, the batch axis or a fold of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tdinspect.building.signatures import eager_class, layer_parameters
from tdinspect.building.wiring import Flow
from tdinspect.domain.finding import Finding
from tdinspect.domain.size import Size
from tdinspect.domain.spec import Step
from tdinspect.domain.trace import TensorInfo
from tdinspect.layers import inferred_from, is_inferable
from tdinspect.layers.family import Source


class Refused(Exception):
    """A size that cannot be inferred; carries the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a layer stands: the sizes of all symbols, which of them are time; ``folded``: under TimeDistributed."""

    sizes: Mapping[str, int]
    clocks: Collection[str]
    folded: bool


def infer(type_name: str, given: Mapping[str, object], flow: Flow, where: Surroundings, step: Step) -> dict[str, Size]:
    """The left-out sizes of a torch.nn layer by argument, with the symbols they depend on.

    Raises Refused where a needed size stands on no axis, or on one that is time or batch.
    """
    found: dict[str, Size] = {}
    for parameter in layer_parameters(eager_class(type_name)):
        if not is_inferable(parameter.name) or parameter.name in given:
            continue
        source = inferred_from(type_name, parameter.name)
        info = _incoming(flow, source)
        if info is None or not -len(info.axes) <= source.axis < len(info.axes):
            if parameter.required:
                raise Refused(_no_axis(type_name, parameter.name, info, source, step))
            continue
        axis = info.axes[source.axis]
        if axis.carries:
            raise Refused(_time_or_batch(type_name, parameter.name, info, source, where, step))
        found[parameter.name] = axis.size
    return found


def _incoming(flow: Flow, source: Source) -> TensorInfo | None:
    info = flow.args[source.input] if source.input < len(flow.args) else flow.kwargs.get(source.name)
    return info if isinstance(info, TensorInfo) else None


def _no_axis(type_name: str, name: str, info: TensorInfo | None, source: Source, step: Step) -> Finding:
    if info is None:
        message = f"{type_name}: {name} cannot be inferred: no tensor comes in as its {source.name}"
    else:
        message = f"{type_name}: {name} would be axis {source.axis} of its input, which has {len(info.axes)} axes only"
    return Finding("TD005", message, step.op_path, on_key=True, help=f"give {name}")


def _time_or_batch(
    type_name: str, name: str, info: TensorInfo, source: Source, where: Surroundings, step: Step
) -> Finding:
    axis = info.axes[source.axis]
    index = source.axis % len(info.axes)
    roles = ["time" if symbol in where.clocks else "the batch" for symbol in sorted(axis.carries)]
    what = " folded with ".join(dict.fromkeys(roles))
    message = f"{type_name} would take {name} from axis {index} of {info.text(where.sizes)}, which is {what}"
    text = f"bring the features to axis {index} first (`permute`), or give {name} if this is meant"
    code = "TD204" if where.folded else "TD201"
    return Finding(code, message, step.op_path, on_key=True, help=text)

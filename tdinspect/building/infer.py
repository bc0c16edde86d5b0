"""Sizes that the incoming shapes tell, never read from the time axis, the batch axis or a fold of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache

from tdinspect.building.parts import in_words, one_tensor_of
from tdinspect.building.signatures import Parameter, eager_class, layer_classes, layer_parameters
from tdinspect.building.wiring import Flow
from tdinspect.domain.finding import Finding
from tdinspect.domain.size import Size
from tdinspect.domain.spec import Arguments, Layer, Step, resolved
from tdinspect.domain.trace import TensorInfo
from tdinspect.layers import inferred_from, is_inferable
from tdinspect.layers.family import Source as InputAxis

_NOTHING = object()  # where no input comes in; None is one


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


def completed(layer: Layer, flow: Flow, where: Surroundings, step: Step) -> tuple[Layer, dict[str, Size]]:
    """The layer with every argument it needs at the spec's sizes, and those that were left out, by argument.

    An argument that is a layer is completed from what enters the outer one; its sizes are named
    ``encoder_layer.d_model``. Raises Refused where a needed size stands on no axis, or on one that is time or batch.
    """
    return _completed(layer, flow, where, step, "")


def _completed(layer: Layer, flow: Flow, where: Surroundings, step: Step, prefix: str) -> tuple[Layer, dict[str, Size]]:
    given: dict[str, object] = resolved(dict(layer.args.named), where.sizes)
    inferred: dict[str, Size] = {}
    if layer.type in layer_classes():
        found = _infer(layer.type, given, flow, where, step, nested=bool(prefix))
        given |= {name: size.value(where.sizes) for name, size in found.items()}
        inferred |= {prefix + name: size for name, size in found.items()}
    for name, value in given.items():
        if isinstance(value, Layer):
            given[name], inside = _completed(value, flow, where, step, f"{prefix}{name}.")
            inferred |= inside
    return replace(layer, args=Arguments(named=given)), inferred


def contradiction(layer: Layer, flow: Flow, sizes: Mapping[str, int]) -> tuple[str, str] | None:
    """A given size that the incoming shape contradicts: its argument, and a sentence that names both sizes."""
    if layer.type not in layer_classes():
        return None
    for name, given in layer.args.named.items():
        if not is_inferable(name) or not isinstance(given, int):
            continue
        source = inferred_from(layer.type, name)
        info = _incoming(flow, source, nested=False)
        if info is None or not -len(info.axes) <= source.axis < len(info.axes):
            continue
        axis = info.axes[source.axis]
        if not axis.carries and axis.size.value(sizes) != given:
            where = f"axis {source.axis % len(info.axes)} of {info.text(sizes)}"
            return name, f"{name} is {given}, and {where} has {axis.size.value(sizes)}"
    return None


@cache
def _inferable(type_name: str) -> tuple[Parameter, ...]:
    """The parameters of a class whose values shapes may tell."""
    return tuple(p for p in layer_parameters(eager_class(type_name)) if is_inferable(p.name))


def _infer(
    type_name: str, given: Mapping[str, object], flow: Flow, where: Surroundings, step: Step, nested: bool
) -> dict[str, Size]:
    found: dict[str, Size] = {}
    for parameter in _inferable(type_name):
        if parameter.name in given:
            continue
        source = inferred_from(type_name, parameter.name)
        info = _incoming(flow, source, nested)
        if info is None or not -len(info.axes) <= source.axis < len(info.axes):
            if parameter.required:
                coming = _coming(flow, source, nested)
                raise Refused(_no_axis(type_name, parameter.name, info or coming, source, step))
            continue
        axis = info.axes[source.axis]
        if axis.carries:
            raise Refused(_time_or_batch(type_name, parameter.name, info, source, where, step))
        found[parameter.name] = axis.size
    return found


def _incoming(flow: Flow, source: InputAxis, nested: bool) -> TensorInfo | None:
    info = _coming(flow, source, nested)
    return info if isinstance(info, TensorInfo) else None


def _coming(flow: Flow, source: InputAxis, nested: bool) -> object:
    """What comes in there, be it a tensor or not; _NOTHING where nothing does."""
    if source.input < len(flow.args):
        return flow.args[source.input]
    others = iter(flow.kwargs.values())
    # An inner layer takes what the outer one takes, under whatever name.
    return flow.kwargs.get(source.name, next(others, _NOTHING) if nested else _NOTHING)


def _no_axis(type_name: str, name: str, info: object, source: InputAxis, step: Step) -> Finding:
    if info is _NOTHING:
        message = f"{type_name}: {name} cannot be inferred: no tensor comes in as its {source.name}"
    elif not isinstance(info, TensorInfo):
        message = f"{type_name} takes a tensor as its {source.name}, and what comes in is {in_words(info)}"
        return Finding("TD005", message, step.op_path, on_key=True, help=one_tensor_of(info))
    else:
        count = f"{len(info.axes)} axis" if len(info.axes) == 1 else f"{len(info.axes)} axes"
        message = f"{type_name}: {name} would be axis {source.axis} of its input, which has {count} only"
        needed = -source.axis if source.axis < 0 else source.axis + 1
        text = f"it needs an input of {needed} axes or more: look at the steps before it"
        return Finding("TD005", message, step.op_path, on_key=True, help=text)
    return Finding("TD005", message, step.op_path, on_key=True, help=f"give {name}")


def _time_or_batch(
    type_name: str, name: str, info: TensorInfo, source: InputAxis, where: Surroundings, step: Step
) -> Finding:
    axis = info.axes[source.axis]
    index = source.axis % len(info.axes)
    roles = ["time" if symbol in where.clocks else "the batch" for symbol in sorted(axis.carries)]
    what = " folded with ".join(dict.fromkeys(roles))
    message = f"{type_name} would take {name} from axis {index} of {info.text(where.sizes)}, which is {what}"
    text = _instead(type_name, name, info, source, where.folded)
    code = "TD204" if where.folded else "TD201"
    return Finding(code, message, step.op_path, on_key=True, help=text)


def _instead(type_name: str, name: str, info: TensorInfo, source: InputAxis, folded: bool) -> str:
    index = source.axis % len(info.axes)
    others = [i for i, axis in enumerate(info.axes) if not axis.carries]
    if folded and index == 0:  # the fold stays first, so no permute helps
        add = f"`unsqueeze: {source.axis}`"
        return f"give each step the axes that {type_name} takes ({add}), or take it out of TimeDistributed"
    meant = f"or give {name} if this is meant"
    if not others:
        return f"no other axis has features: add one (`unsqueeze: {source.axis}`), {meant}"
    low, high = sorted((index, others[0]))
    move = f"- transpose: {{dim0: {low}, dim1: {high}}}" if len(others) == 1 else "permute"
    return f"bring the features to axis {index} first (`{move}`), {meant}"

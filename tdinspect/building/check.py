"""Every operation of a spec against torch's own signatures, before anything is built: TD004, TD005 and TD009."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tdinspect.building.arguments import bind_arguments
from tdinspect.building.functions import FUNCTIONS
from tdinspect.building.signatures import (
    function_parameters,
    is_tensor,
    layer_classes,
    layer_parameters,
    nearest,
)
from tdinspect.domain.finding import Finding
from tdinspect.domain.location import Path
from tdinspect.domain.spec import CONTAINERS, Container, Function, Layer, Step


@dataclass(frozen=True, slots=True)
class Checked:
    """The arguments of every layer and function by the path of its step, and what is wrong with them."""

    arguments: Mapping[Path, Mapping[str, object]]
    findings: tuple[Finding, ...]


def check_operations(steps: Iterable[Step]) -> Checked:
    """Check names and arguments of all steps, inner ones too."""
    arguments: dict[Path, Mapping[str, object]] = {}
    findings: list[Finding] = []
    for step, source in _with_sources(steps):
        operation = step.operation
        if isinstance(operation, Layer):
            bound, problems = _check_layer(operation, step)
        elif isinstance(operation, Function):
            bound, problems = _check_function(operation, step, source)
        else:
            continue
        arguments[step.path] = bound
        findings.extend(problems)
    return Checked(arguments, tuple(findings))


def all_steps(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps with those inside containers, in the order of the file."""
    for step in steps:
        yield step
        if isinstance(step.operation, Container):
            yield from all_steps(step.operation.steps)


def _with_sources(steps: Iterable[Step], entering: object = None) -> Iterator[tuple[Step, object]]:
    """Every step with the names it takes; the first step of a container takes what enters the container."""
    for step in steps:
        source = entering if step.source is None else step.source
        yield step, source
        if isinstance(step.operation, Container):
            yield from _with_sources(step.operation.steps, source)
        entering = None


def _check_layer(layer: Layer, step: Step) -> tuple[dict[str, object], list[Finding]]:
    if "." in layer.type:
        package = layer.type.partition(".")[0]
        message = f"{layer.type} is outside torch.nn, and importing it would run the code of {package}"
        return {}, [Finding("TD009", message, step.op_path, on_key=True, help="layers of your own are not built yet")]
    if layer.type not in layer_classes():
        return {}, [_unknown("layer", layer.type, [*layer_classes(), *CONTAINERS], step)]
    return bind_arguments(layer.type, layer.args, layer_parameters(layer.type), step.op_path)


def _check_function(function: Function, step: Step, source: object) -> tuple[dict[str, object], list[Finding]]:
    if function.type not in FUNCTIONS:
        return {}, [_unknown("function", function.type, [*FUNCTIONS, *layer_classes()], step)]
    parameters = function_parameters(FUNCTIONS[function.type])
    tensors = [parameter for parameter in parameters if is_tensor(parameter)]
    filled = len(source) if isinstance(source, tuple) else 1
    by_name = set(source) if isinstance(source, Mapping) else {p.name for p in tensors[:filled]}
    constants = [parameter for parameter in parameters if parameter.name not in by_name]
    return bind_arguments(function.type, function.args, constants, step.op_path)


def _unknown(kind: str, name: str, known: Iterable[str], step: Step) -> Finding:
    likely = nearest(name, known)
    text = f"did you mean `{likely}`?" if likely else f"a {kind} is named as in torch"
    return Finding("TD004", f"there is no {kind} {name}", step.op_path, on_key=True, help=text)

"""Every operation of a spec against torch's own signatures, before anything is built: TD004, TD005, TD007 and TD009."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from tdinspect.building.arguments import bind_arguments, takes_module
from tdinspect.building.functions import FUNCTIONS
from tdinspect.building.imports import imported, parameters_of
from tdinspect.building.signatures import (
    Parameter,
    function_parameters,
    is_tensor,
    layer_classes,
    layer_parameters,
    nearest,
)
from tdinspect.building.sources import source_parameters
from tdinspect.domain.finding import Finding
from tdinspect.domain.location import Path
from tdinspect.domain.spec import (
    CONTAINERS,
    Arguments,
    Container,
    Function,
    Layer,
    ModelSpec,
    Operation,
    Repeat,
    Residual,
    Source,
    Step,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """The spec with every argument by its name and every layer's class found, and what is wrong with it."""

    spec: ModelSpec
    findings: tuple[Finding, ...]


def check_operations(spec: ModelSpec, allowed: Collection[str] = ()) -> Checked:
    """Check names and arguments of all steps, inner ones too. ``allowed`` are the packages that may be imported."""
    check = _Check(spec, allowed)
    steps = check.steps(spec.steps, None)
    return Checked(replace(spec, steps=steps), (*_hiding_blocks(spec), *check.findings))


def _hiding_blocks(spec: ModelSpec) -> list[Finding]:
    return [
        Finding("TD007", f"the block {name} has the name of a torch.nn class", path, on_key=True, help="rename it")
        for name, path in spec.blocks.items()
        if name in layer_classes()
    ]


class _Check:
    def __init__(self, spec: ModelSpec, allowed: Collection[str]) -> None:
        self.spec, self.allowed = spec, allowed
        self.findings: list[Finding] = []
        self.users: dict[str, Callable[..., object]] = {}
        self.done: dict[tuple[int, int], Operation] = {}  # the copies of a repeat have one operation

    def steps(self, steps: Iterable[Step], entering: object) -> tuple[Step, ...]:
        """The checked steps; the first takes what enters the container."""
        checked = []
        for step in steps:
            checked.append(self._step(step, entering if step.source is None else step.source))
            entering = None
        return tuple(checked)

    def _step(self, step: Step, source: object) -> Step:
        key = (id(step.operation), len(source) if isinstance(source, tuple) else 1)
        if key not in self.done:
            before = len(self.findings)
            self.done[key] = self._operation(step, source)
            self.findings[before:] = [f if f.uses else replace(f, uses=step.uses) for f in self.findings[before:]]
        return replace(step, operation=self.done[key])

    def _operation(self, step: Step, source: object) -> Operation:
        operation = step.operation
        if isinstance(operation, Layer):
            return self._layer(operation, step.op_path)
        if isinstance(operation, Function):
            return self._function(operation, step, source)
        if isinstance(operation, Source):
            bound = self._bound(operation.type, operation.args, source_parameters(operation.type), step)
            return replace(operation, args=bound)
        if isinstance(operation, Container):
            return self._container(operation, source)
        return operation

    def _container(self, container: Container, source: object) -> Container:
        checked = replace(container, steps=self.steps(container.steps, source))
        if isinstance(checked, Repeat):
            checked = replace(checked, steps=tuple(replace(copy, entering=source) for copy in checked.steps))
        if isinstance(checked, Residual) and checked.shortcut is not None:
            return replace(checked, shortcut=self._step(checked.shortcut, source))
        return checked

    def _layer(self, layer: Layer, path: Path) -> Layer:
        found = self._made_by(layer, path)
        if isinstance(found, Finding):
            self.findings.append(found)
            return layer
        make, parameters, accepts_any = found
        args = self._with_modules(layer.args, parameters, path)
        bound, problems = bind_arguments(
            layer.type, args, parameters, path, accepts_any, inferable=_is_torch(layer), sizes=self.spec.sizes
        )
        self.findings.extend(problems)
        return replace(layer, args=Arguments(named=bound), make=make)

    def _made_by(self, layer: Layer, path: Path) -> Finding | tuple[Callable[..., object], tuple[Parameter, ...], bool]:
        if not _is_torch(layer):
            make = self.users.get(layer.type) or imported(layer.type, self.allowed, path)
            if not isinstance(make, Finding):
                self.users[layer.type] = make  # an import that fails is tried, and told, at each place
            return make if isinstance(make, Finding) else (make, *parameters_of(make))
        if layer.type not in layer_classes():
            return _unknown("layer", layer.type, [*self.spec.blocks, *layer_classes(), *CONTAINERS], path)
        return layer_classes()[layer.type], layer_parameters(layer.type), False

    def _with_modules(self, args: Arguments, parameters: Iterable[Parameter], path: Path) -> Arguments:
        """Arguments that are modules, checked in their turn; a bare name is one where a module is wanted."""
        known = {parameter.name: parameter for parameter in parameters}
        named = dict(args.named)
        for name, value in named.items():
            place = (*path, name)
            before, bare = len(self.findings), isinstance(value, str)
            if isinstance(value, str) and name in known and takes_module(known[name]) and value in layer_classes():
                value = Layer(value, Arguments(), place)
            if isinstance(value, Layer):
                named[name] = self._layer(value, value.path or place)
            if bare:  # the name itself is the value, and no key
                self.findings[before:] = [replace(found, on_key=False) for found in self.findings[before:]]
        return replace(args, named=named)

    def _function(self, function: Function, step: Step, source: object) -> Function:
        if function.type not in FUNCTIONS:
            known = [*FUNCTIONS, *layer_classes()]
            self.findings.append(_unknown("function", function.type, known, step.op_path))
            return function
        parameters = function_parameters(FUNCTIONS[function.type])
        tensors = [parameter for parameter in parameters if is_tensor(parameter)]
        filled = len(source) if isinstance(source, tuple) else 1
        by_name = set(source) if isinstance(source, Mapping) else {p.name for p in tensors[:filled]}
        constants = tuple(parameter for parameter in parameters if parameter.name not in by_name)
        return replace(function, args=self._bound(function.type, function.args, constants, step))

    def _bound(self, what: str, args: Arguments, parameters: tuple[Parameter, ...], step: Step) -> Arguments:
        bound, problems = bind_arguments(what, args, parameters, step.op_path, sizes=self.spec.sizes)
        self.findings.extend(problems)
        return Arguments(named=bound)


_ELSE = {
    "layer": "a layer is named as in torch",
    "function": "the functions are a fixed list of those of torch that only compute with tensors",
}


def _is_torch(layer: Layer) -> bool:
    return "." not in layer.type


def _unknown(kind: str, name: str, known: Iterable[str], path: Path) -> Finding:
    known = tuple(known)
    ranks = [f"`{name}{rank}d`" for rank in (1, 2, 3) if f"{name}{rank}d" in known]
    likely = nearest(name, known)
    text = f"did you mean `{likely}`?" if likely else _ELSE[kind]
    if len(ranks) > 1:
        text = f"did you mean {', '.join(ranks[:-1])} or {ranks[-1]}?"
    return Finding("TD004", f"there is no {kind} {name}", path, on_key=True, help=text)

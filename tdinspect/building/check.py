"""Every operation of a spec against torch's own signatures, before anything is built: TD003 to TD009."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from tdinspect.building.arguments import bind_arguments, takes_module, type_problem
from tdinspect.building.forward import (
    Forward,
    Incoming,
    check_inputs,
    check_list,
    forward_of_class,
    forward_of_layer,
    result_of,
    result_of_layer,
)
from tdinspect.building.functions import FUNCTIONS, TAKES_LIST
from tdinspect.building.imports import imported, parameters_of
from tdinspect.building.keras import family_in_torch, in_torch, instead
from tdinspect.building.limits import check_limits
from tdinspect.building.parts import check_parts
from tdinspect.building.signatures import (
    Parameter,
    function_parameters,
    is_only_tensor,
    is_tensor,
    layer_classes,
    layer_parameters,
)
from tdinspect.building.sources import source_parameters
from tdinspect.domain.finding import Finding
from tdinspect.domain.limits import Limits
from tdinspect.domain.location import Path
from tdinspect.domain.nearest import nearest
from tdinspect.domain.spec import (
    CONTAINERS,
    Arguments,
    Block,
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
from tdinspect.domain.tree import Tree

_USUAL = Limits()
MAX_FINDINGS = 1000  # more than anyone reads; each may cost a search for the nearest name


@dataclass(frozen=True, slots=True)
class Checked:
    """The spec with every argument by its name and every layer's class found, and what is wrong with it."""

    spec: ModelSpec
    findings: tuple[Finding, ...]


def check_operations(spec: ModelSpec, allowed: Collection[str] = (), limits: Limits = _USUAL) -> Checked:
    """Check names and arguments of all steps, inner ones too. ``allowed`` are the packages that may be imported."""
    check = _Check(spec, allowed, limits)
    steps = check.steps(spec.steps, Incoming())
    findings = (*_hiding_blocks(spec), *check.findings)
    if len(findings) > MAX_FINDINGS:  # past them nothing was looked at
        more = Finding("TD008", f"more than {MAX_FINDINGS:,} mistakes; not all are listed", ())
        findings = (*findings[:MAX_FINDINGS], more)
    return Checked(replace(spec, steps=steps), findings)


def _hiding_blocks(spec: ModelSpec) -> list[Finding]:
    return [
        Finding("TD007", f"the block {name} has the name of a torch.nn class", path, on_key=True, help="rename it")
        for name, path in spec.blocks.items()
        if name in layer_classes()
    ]


class _Check:
    def __init__(self, spec: ModelSpec, allowed: Collection[str], limits: Limits) -> None:
        self.spec, self.allowed, self.limits = spec, allowed, limits
        self.names = {*spec.sizes, *spec.vars}
        self.findings: list[Finding] = []
        self.users: dict[str, Callable[..., object]] = {}
        self.done: dict[tuple[int, int], Operation] = {}  # the copies of a repeat have one operation

    def steps(self, steps: Iterable[Step], entering: Incoming, *, copies: bool = False) -> tuple[Step, ...]:
        """The checked steps; the first takes what enters the container, copies all do."""
        checked = []
        for step in steps:
            if len(self.findings) > MAX_FINDINGS:
                break
            checked.append(self._step(step, entering if step.source is None else Incoming(step.source, step.path)))
            entering = entering if copies else Incoming()
        return tuple(checked)

    def _step(self, step: Step, incoming: Incoming) -> Step:
        key = (id(step.operation), incoming.count)
        if key not in self.done:
            before = len(self.findings)
            self.done[key] = self._operation(step, incoming)
            self.findings[before:] = [f if f.uses else replace(f, uses=step.uses) for f in self.findings[before:]]
        operation = self.done[key]
        return step if operation is step.operation else replace(step, operation=operation)

    def _operation(self, step: Step, incoming: Incoming) -> Operation:
        operation = step.operation
        if step.call and isinstance(operation, Source | Container):
            message = f"{operation.type} has no forward call of its own"
            text = "write `call` beside the step inside that it is for"
            help = text if isinstance(operation, Container) else "leave `call` out"
            self.findings.append(Finding("TD003", message, (*step.path, "call"), on_key=True, help=help))
        if isinstance(operation, Layer):
            layer = self._layer(operation, step.op_path)
            self._check_flow(layer, step, incoming)
            return layer
        if isinstance(operation, Function):
            return self._function(operation, step, incoming)
        if isinstance(operation, Source):
            bound = self._bound(operation.type, operation.args, source_parameters(operation.type), step)
            return replace(operation, args=bound)
        if isinstance(operation, Container):
            return self._container(operation, incoming)
        return operation

    def _container(self, container: Container, incoming: Incoming) -> Container:
        inside = Incoming() if isinstance(container, Block) else incoming  # a block's others come by their names
        checked = replace(container, steps=self.steps(container.steps, inside, copies=isinstance(container, Repeat)))
        if isinstance(checked, Repeat):
            source = incoming.source
            checked = replace(
                checked, steps=tuple(replace(copy, entering=copy.entering or source) for copy in checked.steps)
            )
        if isinstance(checked, Residual) and checked.shortcut is not None:
            return replace(checked, shortcut=self._step(checked.shortcut, incoming))
        return checked

    def _layer(self, layer: Layer, path: Path) -> Layer:
        found = self._made_by(layer, path)
        if isinstance(found, Finding):
            self.findings.append(found)
            return layer
        make, parameters, accepts_any = found
        args = self._with_modules(layer.args, parameters, path)
        bound, problems = bind_arguments(
            layer.type, args, parameters, path, accepts_any, inferable=_is_torch(layer), names=self.names
        )
        self.findings.extend(_for_the_call(layer, problems) if _is_torch(layer) else problems)
        if _is_torch(layer):
            self.findings += check_limits(layer.type, args, bound, parameters, path, self.spec.sizes, self.limits)
        return replace(layer, args=Arguments(named=bound), make=make)

    def _check_flow(self, layer: Layer, step: Step, incoming: Incoming) -> None:
        """What comes in and which parts go out, where the class is known."""
        if layer.make is None:
            return
        forward = forward_of_layer(layer.type) if _is_torch(layer) else forward_of_class(layer.make)
        if forward is not None:
            self.findings += check_inputs(layer.type, forward, step, incoming)
        if _is_torch(layer):
            self._check_parts(step, result_of_layer(layer.type, layer.args.named))

    def _check_parts(self, step: Step, result: Tree) -> None:
        """``result`` is None where it is not known."""
        wrong = None if result is None else check_parts(step, result)
        if wrong is not None:
            self.findings.append(wrong)

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
        if not any(isinstance(value, Layer | str) for value in args.named.values()):
            return args
        known = {parameter.name: parameter for parameter in parameters}
        named = dict(args.named)
        for name, value in named.items():
            place = (*path, name)
            before, bare = len(self.findings), isinstance(value, str)
            if isinstance(value, str) and name in known and takes_module(known[name]) and value in layer_classes():
                named[name] = value = Layer(value, Arguments(), place)
            if isinstance(value, Layer) and (name not in known or _suits(known[name], value)):
                named[name] = self._layer(value, value.path or place)
            if bare:  # the name itself is the value, and no key
                self.findings[before:] = [replace(found, on_key=False) for found in self.findings[before:]]
        return replace(args, named=named)

    def _function(self, function: Function, step: Step, incoming: Incoming) -> Function:
        if function.type not in FUNCTIONS:
            known = [*FUNCTIONS, *layer_classes(), *self.spec.blocks, "share"]
            self.findings.append(_unknown("function", function.type, known, step.op_path))
            return function
        if function.type in TAKES_LIST and not incoming.names:
            self.findings += check_list(function.type, incoming)
            incoming = Incoming("the list", incoming.path)
        parameters = function_parameters(FUNCTIONS[function.type])
        tensors = [parameter for parameter in parameters if is_tensor(parameter)]
        # What may be a number, too (`add: 2`), is asked for as an argument; what is given as one is wrong, not missing.
        asked = {p.name for p in tensors if is_only_tensor(p)} - function.args.named.keys()
        inputs = tuple(replace(p, required=p.required and p.name in asked) for p in tensors)
        others = {p.name for p in parameters if p.name in step.call and not is_only_tensor(p)}
        call = {name: value for name, value in step.call.items() if name not in others}
        self.findings += check_inputs(function.type, Forward(inputs), replace(step, call=call), incoming)
        self._check_parts(step, result_of(FUNCTIONS[function.type]))
        filled = {*others, *(incoming.names or (p.name for p in tensors[: incoming.count]))}
        constants = tuple(p for p in parameters if p.name not in filled and not is_only_tensor(p))
        args = self._without_inputs(function, step, filled, {p.name for p in tensors if is_only_tensor(p)})
        return replace(function, args=self._bound(function.type, args, constants, step))

    def _without_inputs(
        self, function: Function, step: Step, filled: Collection[str], tensors: Collection[str]
    ) -> Arguments:
        """The arguments without those that come in already, or that only an input can be; both are noted."""
        named = dict(function.args.named)
        for name in function.args.named:
            if name in filled:
                where = "call" if name in step.call else "from"
                message, text = f"{name} comes in by `{where}` already", "leave one of them out"
            elif name in tensors:
                message = f"{name} is a tensor, and comes in by `from`"
                text = f"name it beside `{function.type}`: `from: [..., {name.upper()}]`"
            else:
                continue
            del named[name]
            place = (*step.op_path, name)
            self.findings.append(Finding("TD005", f"{function.type}: {message}", place, on_key=True, help=text))
        return replace(function.args, named=named)

    def _bound(self, what: str, args: Arguments, parameters: tuple[Parameter, ...], step: Step) -> Arguments:
        bound, problems = bind_arguments(what, args, parameters, step.op_path, names=self.names)
        self.findings.extend(problems)
        self.findings += check_limits(what, args, bound, parameters, step.op_path, self.spec.sizes, None)
        return Arguments(named=bound)


_ELSE = {
    "layer": "a layer is named as in torch",
    "function": "the functions are a fixed list of those of torch that only compute with tensors",
}


def _for_the_call(layer: Layer, problems: Iterable[Finding]) -> Iterator[Finding]:
    """The findings, with what to do for an argument that `forward` takes and the constructor does not."""
    forward = forward_of_layer(layer.type)
    names = {parameter.name for parameter in forward.parameters} if forward else set()
    for found in problems:
        name = found.path[-1]
        help = f"it is for the call: `call: {{{name}: ...}}` beside `{layer.type}`"
        yield replace(found, help=help) if found.on_key and name in names else found


def _suits(parameter: Parameter, layer: Layer) -> bool:
    """False for a layer of another kind than is wanted: what is wrong inside it does not matter then."""
    return type_problem(parameter.annotation, parameter.default, layer) is None


def _is_torch(layer: Layer) -> bool:
    return "." not in layer.type


def _unknown(kind: str, name: str, known: Iterable[str], path: Path) -> Finding:
    known = tuple(known)
    family = family_in_torch(name)
    ranks = [f"`{family}{rank}d`" for rank in (1, 2, 3) if f"{family}{rank}d" in known]
    likely = in_torch(name, (*known, *FUNCTIONS)) or nearest(name, known)
    text = f"did you mean `{likely}`?" if likely else instead(name) or _ELSE[kind]
    if len(ranks) > 1:
        text = f"did you mean {', '.join(ranks[:-1])} or {ranks[-1]}?"
    return Finding("TD004", f"there is no {kind} {name}", path, on_key=True, help=text)

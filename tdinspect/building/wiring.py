"""Which values flow where: scopes of names, and the steps run one after another over values of any kind.

The same code carries tensors (a model's forward pass) and TensorInfo (the pass over shapes).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from tdinspect.building.functions import TAKES_LIST
from tdinspect.domain.spec import Block, Container, Function, Recurrent, Repeat, Source, Step
from tdinspect.domain.tree import Tree, first, leaves, map_tree


class WrongInputs(Exception):
    """What comes into a container is not what its steps read: a shared use with other inputs than the first."""


@dataclass(slots=True)
class Scope:
    """Names and their values; a name that is not here is looked for outside."""

    parent: Scope | None = None
    values: dict[str, Tree] = field(default_factory=dict)

    def define(self, name: str, value: Tree) -> None:
        """Give a name its value."""
        self.values[name] = value

    def __getitem__(self, name: str) -> Tree:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.parent
        raise WrongInputs(f"`{name}` does not come in")


@dataclass(frozen=True, slots=True)
class Flow:
    """The inputs of a step: positional and by keyword."""

    args: tuple[Tree, ...] = ()
    kwargs: Mapping[str, Tree] = field(default_factory=dict)


_NOTHING: Mapping[str, str] = MappingProxyType({})
Perform = Callable[[Step, Flow, Scope], Tree]


def run_steps(steps: Iterable[Step], scope: Scope, flow: Flow, perform: Perform) -> Tree:
    """Run the steps in order, each on what its ``from`` names or part 0 of the step before; returns the last value."""
    value: Tree = None
    for step in steps:
        value = perform(step, step_inputs(step, scope, flow), scope)
        bind_names(step, value, scope)
        flow = Flow((first(value),))
    return value


def run_inside(container: Container, scope: Scope, flow: Flow, perform: Perform) -> Tree:
    """Run the steps of a container in its own scope: copies one after the other, a block up to its outputs."""
    if isinstance(container, Repeat):
        return _run_copies(container, scope, flow, perform)
    value = run_steps(container.steps, scope, flow, perform)
    if isinstance(container, Block) and container.outputs:
        values = tuple(scope[name] for name in container.outputs)
        return values if len(values) > 1 else values[0]
    return value


def _run_copies(repeat: Repeat, scope: Scope, flow: Flow, perform: Perform) -> Tree:
    """Each copy takes the one before as its first input, and the same other inputs."""
    value: Tree = None
    for copy in repeat.steps:
        value = perform(copy, _for_function(copy, flow), scope)
        bind_names(copy, value, scope)
        if flow.args:
            flow = Flow((first(value), *flow.args[1:]), flow.kwargs)
        else:
            keyword = next(iter(flow.kwargs))
            flow = Flow((), {**flow.kwargs, keyword: first(value)})
    return value


def step_inputs(step: Step, scope: Scope, before: Flow) -> Flow:
    """What goes into a step."""
    source = step.source
    if source is None:
        flow = Flow() if isinstance(step.operation, Source) else before
    elif isinstance(source, Mapping):
        return Flow(kwargs={key: _lookup(names, scope) for key, names in source.items()})
    elif isinstance(source, tuple):
        flow = Flow(tuple(_lookup(names, scope) for names in source))
    else:
        flow = Flow((_lookup(source, scope),))
    return _for_function(step, flow)


def _for_function(step: Step, flow: Flow) -> Flow:
    if isinstance(step.operation, Function) and step.operation.type in TAKES_LIST:
        return Flow((list(flow.args),), flow.kwargs)
    return flow


def _lookup(names: Tree, scope: Scope) -> Tree:
    return map_tree(lambda name: scope[name], names)


def bind_names(step: Step, value: Tree, scope: Scope) -> None:
    """The step's own name is part 0 of its result; its ``as`` names are the parts they stand for."""
    scope.define(step.name, first(value))
    if step.parts is not None:
        _bind_parts(step.parts, value, scope)


def _bind_parts(names: Tree, value: Tree, scope: Scope) -> None:
    if isinstance(names, str):
        if names != "_":
            scope.define(names, value)
        return
    for name, part in zip(names, value, strict=False):
        _bind_parts(name, part, scope)


def parts_fit(names: Tree, value: Tree) -> bool:
    """True when ``as`` names no more parts than there are."""
    if isinstance(names, str):
        return True
    if not isinstance(value, tuple | list) or len(names) > len(value):
        return False
    return all(parts_fit(name, part) for name, part in zip(names, value, strict=False))


def enter(step: Step, flow: Flow, outer: Scope | None) -> tuple[Scope, Flow]:
    """A container's own scope and what its first step takes.

    The outer names are seen too; without ``outer`` (under TimeDistributed and Recurrent) only those of its ``from``.
    A block sees what enters under the names of its inputs.
    """
    scope = Scope(parent=outer)
    if isinstance(step.operation, Block):
        values = dict(zip(step.operation.inputs, flow.args, strict=False)) | dict(flow.kwargs)
        if len(flow.args) + len(flow.kwargs) != len(step.operation.inputs) or values.keys() != {*step.operation.inputs}:
            raise WrongInputs(f"the block takes {', '.join(step.operation.inputs)}")
        for name, value in values.items():
            scope.define(name, value)
        return scope, Flow((values[step.operation.inputs[0]],)) if step.operation.inputs else flow
    names: list[Tree] = []
    source = step.source if step.entering is None else step.entering
    if isinstance(source, Mapping):
        names = list(source.values())
    elif source is not None:
        names = list(source) if isinstance(source, tuple) else [source]
    for name, value in zip(names, [*flow.args, *flow.kwargs.values()], strict=False):
        _bind_parts(name, value, scope)
    return scope, flow


def name_around(name: str, prefix: str, *known: Collection[str], shared: Mapping[str, str] = _NOTHING) -> str:
    """The full name of an earlier step that ``name`` means at this place: the nearest around that is known.

    ``shared`` has the first use of each container that is used again: inside it names mean what they do there.
    """
    prefix = _written_at(prefix, shared)
    while prefix and not any(prefix + name in names for names in known):
        prefix = prefix.rstrip(".").rpartition(".")[0]
        prefix += "." if prefix else ""
    return prefix + name


def _written_at(prefix: str, shared: Mapping[str, str]) -> str:
    """Where that is written which runs at ``prefix``."""
    used = max((name for name in shared if prefix.startswith(f"{name}.")), key=len, default=None)
    return prefix if used is None else _written_at(shared[used] + prefix.removeprefix(used), shared)


def used_again(step: Step, original: Step) -> Step:
    """A step with `share`, doing what ``original`` does; what comes in has the names inside that it has there."""
    entering = original.source if original.entering is None else original.entering
    return replace(step, operation=original.operation, entering=entering)


def names_read(step: Step) -> Iterator[str]:
    """Every name that a step reads: its ``from``, the outputs of a block, the states of a Recurrent."""
    yield from leaves(step.source)
    if isinstance(step.operation, Block):
        yield from step.operation.outputs
    elif isinstance(step.operation, Recurrent):
        yield from step.operation.next.values()
        yield from step.operation.initial.values()

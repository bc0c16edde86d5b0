"""Which values flow where: scopes of names, and the steps run one after another over values of any kind.

The same code carries tensors (a model's forward pass) and TensorInfo (the pass over shapes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tdinspect.building.functions import TAKES_LIST
from tdinspect.domain.spec import Function, Step
from tdinspect.domain.tree import Tree, first, map_tree


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
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Flow:
    """The inputs of a step: positional and by keyword."""

    args: tuple[Tree, ...] = ()
    kwargs: Mapping[str, Tree] = field(default_factory=dict)


Perform = Callable[[Step, Flow, Scope], Tree]


def run_steps(steps: Iterable[Step], scope: Scope, flow: Flow, perform: Perform) -> Tree:
    """Run the steps in order, each on what its ``from`` names or part 0 of the step before; returns the last value."""
    value: Tree = None
    for step in steps:
        value = perform(step, step_inputs(step, scope, flow), scope)
        bind_names(step, value, scope)
        flow = Flow((first(value),))
    return value


def step_inputs(step: Step, scope: Scope, before: Flow) -> Flow:
    """What goes into a step."""
    source = step.source
    if source is None:
        flow = before
    elif isinstance(source, Mapping):
        return Flow(kwargs={key: _lookup(names, scope) for key, names in source.items()})
    elif isinstance(source, tuple):
        flow = Flow(tuple(_lookup(names, scope) for names in source))
    else:
        flow = Flow((_lookup(source, scope),))
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


def inner_scope(step: Step, flow: Flow, outer: Scope | None) -> Scope:
    """A container's own scope: the outer names too; without ``outer`` (under TimeDistributed) only its ``from``."""
    scope = Scope(parent=outer)
    names: list[Tree] = []
    values: list[Tree] = list(flow.args)
    if isinstance(step.source, Mapping):
        names, values = list(step.source.values()), list(flow.kwargs.values())
    elif step.source is not None:
        names = list(step.source) if isinstance(step.source, tuple) else [step.source]
    for name, value in zip(names, values, strict=False):
        _bind_parts(name, value, scope)
    return scope

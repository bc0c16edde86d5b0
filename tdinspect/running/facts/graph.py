"""Which step takes which value: the wiring of a spec, walked once with names in the place of tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

from tdinspect.building.wiring import (
    Flow,
    Perform,
    Scope,
    WrongInputs,
    enter,
    name_around,
    run_inside,
    run_steps,
    used_again,
)
from tdinspect.domain.spec import Container, ModelSpec, Recurrent, Residual, Share, Step
from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import Tree, first, leaves, map_tree
from tdinspect.running.sides import Leaf


@dataclass(frozen=True, slots=True)
class Value:
    """One tensor: the node that gives it, and which part of its result it is, counted from left to right."""

    node: str
    part: int = 0


@dataclass(slots=True)
class Graph:
    """``takes`` has the values that go into each node, from left to right; nodes are leaf rows by their names.

    Inputs of the model, sums of a Residual and states of a Recurrent are nodes too. ``outputs`` is None where the walk
    could not reach the end. ``named`` are the nodes whose whole result an ``as`` takes apart, ``dropped`` how many
    outputs of a block nothing takes, by its name.
    """

    takes: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    dropped: dict[str, int] = field(default_factory=dict)
    outputs: tuple[Value, ...] | None = None

    def users(self) -> Mapping[Value, list[str]]:
        """The nodes that take each value."""
        found: dict[Value, list[str]] = {}
        for node, values in self.takes.items():
            for value in values:
                found.setdefault(value, []).append(node)
        return found

    def reaching(self) -> frozenset[str] | None:
        """The nodes of which something reaches an output; None where nobody knows the outputs."""
        if self.outputs is None:
            return None
        found: set[str] = set()
        left = [value.node for value in self.outputs]
        while left:
            node = left.pop()
            if node not in found:
                found.add(node)
                left += [value.node for value in self.takes.get(node, ())]
        return frozenset(found)


def graph_of(spec: ModelSpec, built: Mapping[str, Leaf]) -> Graph:
    """The wiring of the steps that ran; ``built`` are the leaf rows by their names."""
    walk = _Walk(built)
    scope = Scope()
    for given in spec.inputs:
        scope.define(given.name, Value(f"input {given.name}"))
    try:
        last = run_steps(spec.steps, scope, Flow((scope[spec.inputs[0].name],)), walk.performer(""))
        named = [scope[name] for name in spec.outputs] or [first(last)]
    except (_Stopped, WrongInputs):
        return walk.graph
    walk.graph.outputs = tuple(_values(named))
    return walk.graph


class _Stopped(Exception):
    """The pass over shapes came no further."""


class _Walk:
    def __init__(self, built: Mapping[str, Leaf]) -> None:
        self.built = built
        self.graph = Graph()
        self.containers: dict[str, Step] = {}
        self.shared: dict[str, str] = {}  # the first use of each that is used again

    def performer(self, prefix: str) -> Perform:
        def perform(step: Step, flow: Flow, scope: Scope) -> Tree:
            value = self._step(step, flow, scope, prefix)
            if step.parts is not None:
                self.graph.named.update(part.node for part in _values(value))
            return value

        return perform

    def _step(self, step: Step, flow: Flow, scope: Scope, prefix: str) -> Tree:
        operation = step.operation
        if isinstance(operation, Share):
            target = name_around(operation.target, prefix, self.containers, self.built, shared=self.shared)
            original = self.containers.get(target)
            if original is not None:
                self.shared[prefix + step.name] = target
                operation, step = original.operation, used_again(step, original)
        if isinstance(operation, Container):
            self.containers[prefix + step.name] = step
            return self._container(step, operation, flow, scope, prefix)
        leaf = self.built.get(prefix + step.name)
        if leaf is None or leaf.value is None:
            raise _Stopped
        return self._gives(prefix + step.name, (flow.args, dict(flow.kwargs)), leaf.value)

    def _gives(self, node: str, inputs: Tree, like: Tree) -> Tree:
        """The result of a node, of the same structure as ``like``."""
        self.graph.takes[node] = tuple(_values(inputs))
        parts = count()
        return map_tree(lambda part: Value(node, next(parts)) if isinstance(part, TensorInfo) else part, like)

    def _container(self, step: Step, container: Container, flow: Flow, scope: Scope, prefix: str) -> Tree:
        full = prefix + step.name
        apart = container.type == "TimeDistributed" or isinstance(container, Recurrent)
        inside, entering = enter(step, flow, None if apart else scope)
        perform = self.performer(f"{full}.")
        if isinstance(container, Recurrent):
            for name in container.state:
                inside.define(name, Value(f"{full} state {name}"))
        value = run_inside(container, inside, entering, perform)
        if isinstance(container, Residual):
            shortcut = container.shortcut
            before = entering.args[0] if shortcut is None else first(perform(shortcut, entering, inside))
            self.graph.takes[f"{full} sum"] = tuple(_values([before, first(value)]))
            value = Value(f"{full} sum")
        if isinstance(container, Recurrent):
            for name in container.state:
                states = [scope[container.initial[name]]] if name in container.initial else []
                states += [first(inside[container.next[name]])] if name in container.next else []
                self.graph.takes[f"{full} state {name}"] = tuple(_values(states))
        for name, inner in inside.values.items():
            scope.define(f"{step.name}.{name}", inner)
        if step.parts is not None:
            return value
        nodes = {part.node for part in _values(value)}
        if isinstance(value, tuple) and len(nodes) > 1 and not nodes <= self.graph.named:
            self.graph.dropped[full] = len(value) - 1
        return first(value)


def _values(tree: Tree) -> list[Value]:
    return [value for value in leaves(tree) if isinstance(value, Value)]

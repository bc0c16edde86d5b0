"""A built spec: a real, trainable nn.Module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from torch import Tensor, nn

from tdinspect.building.check import all_steps
from tdinspect.building.time_distributed import TimeDistributed
from tdinspect.building.wiring import Flow, Scope, inner_scope, run_steps
from tdinspect.domain.spec import ModelSpec, Step
from tdinspect.domain.tree import Tree, first, leaves


class Steps(nn.Module):
    """Steps under one name, each child under its step's name; ``exported``: the inner names that are read outside."""

    def __init__(self, steps: Sequence[Step], children: Mapping[str, nn.Module], exported: Iterable[str] = ()) -> None:
        super().__init__()
        self.steps = tuple(steps)
        self.exported = tuple(exported)
        self._attribute: dict[str, str] = {}
        for name, child in children.items():
            attribute = name
            while hasattr(self, attribute) or (attribute != name and attribute in children):
                attribute += "_"
            self._attribute[name] = attribute
            self.add_module(attribute, child)

    def run(self, flow: Flow, scope: Scope) -> Tree:
        """Run in a scope that holds the names the steps may read."""
        return run_steps(self.steps, scope, flow, self._perform)

    def _perform(self, step: Step, flow: Flow, scope: Scope) -> Tree:
        child = self.get_submodule(self._attribute[step.name])
        if isinstance(child, Steps):
            inside = inner_scope(step, flow, scope)
            value = child.run(flow, inside)
            return _export(step, value, {name: inside[name] for name in child.exported}, scope)
        if isinstance(child, TimeDistributed) and isinstance(child.module, Folded):
            value, exported = child(*flow.args, **flow.kwargs)
            return _export(step, value, exported, scope)
        return child(*flow.args, **flow.kwargs, **step.call)


class Folded(nn.Module):
    """The body of a TimeDistributed container: its steps see only what is folded for them."""

    def __init__(self, step: Step, body: Steps) -> None:
        super().__init__()
        self.step = step
        self.body = body

    def forward(self, *inputs: Tree, **named: Tree) -> tuple[Tree, dict[str, Tree]]:
        """The last step's value, and the inner values that are read outside."""
        flow = Flow(inputs, named)
        scope = inner_scope(self.step, flow, None)
        value = self.body.run(flow, scope)
        if self.step.parts is None:  # states and the like, which nothing reads, need not unfold
            value = first(value)
        return value, {name: scope[name] for name in self.body.exported}


def _export(step: Step, value: Tree, inner: Mapping[str, Tree], scope: Scope) -> Tree:
    for name, part in inner.items():
        scope.define(f"{step.name}.{name}", part)
    return value


def exported_names(spec: ModelSpec) -> frozenset[str]:
    """Every dotted name that a ``from`` or ``outputs`` reads, as each container on its way sees it.

    ``td.block.conv`` exports ``conv`` from ``block``, and ``block.conv`` from ``td``.
    """
    names = {name for step in all_steps(spec.steps) for name in leaves(step.source)}
    parts = [name.split(".") for name in (*names, *spec.outputs)]
    return frozenset(".".join(words[i:]) for words in parts for i in range(len(words) - 1))


class BuiltModel(nn.Module):
    """The model of a spec. Inputs come in the spec's order or by name; several outputs come as a dict by name."""

    def __init__(self, spec: ModelSpec, body: Steps, run_sizes: dict[str, int]) -> None:
        super().__init__()
        self.spec = spec
        self.body = body
        self._run_sizes = run_sizes

    def forward(self, *inputs: Tensor, **named: Tensor) -> Tree:
        """Shapes in: those of the spec's ``inputs``, with any size for a symbol that the model leaves free.

        Raises TypeError unless every input is given once.
        """
        values = self._by_name(inputs, named)
        for given in self.spec.inputs:
            for entry, size in zip(given.shape, values[given.name].shape, strict=False):
                if isinstance(entry, str):
                    self._run_sizes[entry] = size
        scope = Scope(values=dict(values))
        flow = Flow((values[self.spec.inputs[0].name],))
        result = self.body.run(flow, scope)
        if self.spec.outputs:
            return {name: first(scope[name]) for name in self.spec.outputs}
        return first(result)

    def _by_name(self, inputs: Sequence[Tensor], named: Mapping[str, Tensor]) -> dict[str, Tensor]:
        names = [given.name for given in self.spec.inputs]
        values = dict(zip(names, inputs, strict=False)) | dict(named)
        if len(inputs) + len(named) != len(names) or set(values) != set(names):
            got = ", ".join([*([f"{len(inputs)} in order"] if inputs else []), *named]) or "none"
            raise TypeError(f"{self.spec.name} takes the inputs {', '.join(names)}; got {got}")
        return values

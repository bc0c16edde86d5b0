"""A built spec: a real, trainable nn.Module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tdinspect.building.tensor_function import Run
from tdinspect.building.wiring import Flow, Scope, enter, names_read, run_inside, run_steps
from tdinspect.domain.spec import Container, ModelSpec, Recurrent, Residual, Step, all_steps, resolved
from tdinspect.domain.tree import Tree, first, leaves, map_tree
from tdinspect.time_distributed import TimeDistributed


class Steps(nn.Module):
    """Steps under one name, each child under its step's name; ``exported``: the inner names that are read outside."""

    def __init__(
        self,
        steps: Sequence[Step],
        children: Mapping[str, nn.Module],
        exported: Iterable[str] = (),
        step: Step | None = None,
    ) -> None:
        super().__init__()
        self.steps = tuple(steps)
        self.step = step
        self.exported = tuple(exported)
        self._attribute: dict[str, str] = {}
        for name, child in children.items():
            attribute = name
            while hasattr(self, attribute) or (attribute != name and attribute in children):
                attribute += "_"
            self._attribute[name] = attribute
            self.add_module(attribute, child)

    def run(self, flow: Flow, scope: Scope, container: Container | None = None) -> Tree:
        """Run in a scope that holds the names the steps may read; ``container`` says how, where it is not the model."""
        if container is None:
            return run_steps(self.steps, scope, flow, self.perform)
        return run_inside(container, scope, flow, self.perform)

    def child(self, step: Step) -> nn.Module:
        """The module of one of the steps."""
        return self.get_submodule(self._attribute[step.name])

    def perform(self, step: Step, flow: Flow, scope: Scope) -> Tree:
        """One step on its inputs."""
        child = self.child(step)
        if isinstance(child, Steps):
            return self._inside(step, child, flow, scope)
        if isinstance(child, TimeDistributed) and isinstance(child.module, Folded):
            value, exported = child(*flow.args, **flow.kwargs)
            return _export(step, value, exported, scope)
        if isinstance(child, Loop):
            value, exported = child(flow, child.initial_states(scope))
            return _export(step, value, exported, scope)
        return child(*flow.args, **flow.kwargs, **step.call)

    def _inside(self, step: Step, child: Steps, flow: Flow, scope: Scope) -> Tree:
        assert child.step is not None
        container = child.step.operation
        assert isinstance(container, Container)
        inside, entering = enter(child.step, flow, scope)
        value = child.run(entering, inside, container)
        if isinstance(container, Residual):
            shortcut = container.shortcut
            before = entering.args[0] if shortcut is None else first(child.perform(shortcut, entering, inside))
            value = before + first(value)
        return _export(step, value, {name: inside[name] for name in child.exported}, scope)


class Folded(nn.Module):
    """The body of a TimeDistributed container: its steps see only what is folded for them."""

    def __init__(self, step: Step, body: Steps) -> None:
        super().__init__()
        self.step = step
        self.body = body

    def forward(self, *inputs: Tree, **named: Tree) -> tuple[Tree, dict[str, Tree]]:
        """The last step's value, and the inner values that are read outside."""
        scope, flow = enter(self.step, Flow(inputs, named), None)
        value = self.body.run(flow, scope)
        if self.step.parts is None:  # states and the like, which nothing reads, need not unfold
            value = first(value)
        return value, {name: scope[name] for name in self.body.exported}


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a Recurrent finds its steps: for each tensor that enters the axis it is cut along, or None.

    ``time`` is the axis of the first input, where the outputs are stacked; ``batch`` that of one step of it.
    """

    axes: tuple[int | None, ...]
    time: int
    batch: int | None


class Loop(nn.Module):
    """The steps of a Recurrent, run once per time step in order; what they give is stacked along time."""

    def __init__(self, step: Step, body: Steps, clock: Clock, run: Run) -> None:
        super().__init__()
        assert isinstance(step.operation, Recurrent)
        self.step = step
        self.recurrent = step.operation
        self.body = body
        self.clock = clock
        self._run = run

    def initial_states(self, scope: Scope) -> dict[str, Tree]:
        """The outer values that states start from."""
        return {name: scope[outer] for name, outer in self.recurrent.initial.items()}

    def forward(self, flow: Flow, initial: Mapping[str, Tree]) -> tuple[Tree, dict[str, Tree]]:
        """The last step's values stacked along time, and the inner values that are read outside, likewise.

        Raises ValueError for a sequence without steps.
        """
        tensors = list(leaves((flow.args, flow.kwargs)))
        sequence = next(t for t, axis in zip(tensors, self.clock.axes, strict=True) if axis is not None)
        length = sequence.shape[self.clock.time]
        if length == 0:
            raise ValueError("Recurrent needs at least one time step")
        states = self._zeros(sequence.select(self.clock.time, 0)) | dict(initial)
        results: list[Tree] = []
        for t in range(length):
            scope, entering = enter(self.step, self._at(t, flow), None)
            for name, state in states.items():
                scope.define(name, state)
            value = self.body.run(entering, scope)
            if self.step.parts is None:
                value = first(value)
            results.append((value, {name: scope[name] for name in self.body.exported}))
            states = {name: first(scope[after]) for name, after in self.recurrent.next.items()}
        value, exported = self._stacked(results)
        return value, exported

    def _at(self, t: int, flow: Flow) -> Flow:
        axes = iter(self.clock.axes)

        def cut(tensor: Tensor) -> Tensor:
            axis = next(axes)
            return tensor if axis is None else tensor.select(axis, t)

        return Flow(map_tree(cut, flow.args), map_tree(cut, dict(flow.kwargs)))

    def _zeros(self, sample: Tensor) -> dict[str, Tree]:
        batch = () if self.clock.batch is None else (sample.shape[self.clock.batch],)
        dtype = sample.dtype if sample.dtype.is_floating_point else torch.get_default_dtype()
        sizes = self._run.sizes
        return {
            name: sample.new_zeros((*batch, *_entries(shape, sizes)), dtype=dtype)
            for name, shape in self.recurrent.state.items()
            if name not in self.recurrent.initial
        }

    def _stacked(self, results: Sequence[Tree]) -> Tree:
        columns = iter(list(zip(*map(leaves, results), strict=True)))
        return map_tree(lambda part: torch.stack(next(columns), min(self.clock.time, part.ndim)), results[0])


def _entries(shape: Sequence[object], sizes: Mapping[str, int]) -> list[int]:
    return [sizes[entry] if isinstance(entry, str) else entry for entry in resolved(tuple(shape), sizes)]


def _export(step: Step, value: Tree, inner: Mapping[str, Tree], scope: Scope) -> Tree:
    for name, part in inner.items():
        scope.define(f"{step.name}.{name}", part)
    return value


def exported_names(spec: ModelSpec) -> frozenset[str]:
    """Every dotted name that is read, as each container on its way sees it.

    ``td.block.conv`` exports ``conv`` from ``block``, and ``block.conv`` from ``td``.
    """
    names = {name for step in all_steps(spec.steps) for name in names_read(step)}
    parts = [name.split(".") for name in (*names, *spec.outputs)]
    return frozenset(".".join(words[i:]) for words in parts for i in range(len(words) - 1))


class BuiltModel(nn.Module):
    """The model of a spec. Inputs come in the spec's order or by name; several outputs come as a dict by name."""

    def __init__(self, spec: ModelSpec, body: Steps, run: Run) -> None:
        super().__init__()
        self.spec = spec
        self.body = body
        self._run = run

    def forward(self, *inputs: Tensor, **named: Tensor) -> Tree:
        """Shapes in: those of the spec's ``inputs``, with any size for a symbol that the model leaves free.

        Raises TypeError unless every input is given once.
        """
        values = self._by_name(inputs, named)
        self._run.device = next(iter(values.values())).device
        for given in self.spec.inputs:
            for entry, size in zip(given.shape, values[given.name].shape, strict=False):
                if isinstance(entry, str):
                    self._run.sizes[entry] = size
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

"""Build a spec and see its shapes, in one walk: each layer is built from the shapes that reach it, then run.

The walk stops at the first layer that raises; everything before it is reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn

from torch import nn

from tdinspect.building.check import Checked
from tdinspect.building.construct import construct
from tdinspect.building.infer import Refused, Surroundings, infer
from tdinspect.building.model import BuiltModel, Folded, Steps, exported_names
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.building.time_distributed import TimeDistributed
from tdinspect.building.wiring import Flow, Scope, inner_scope, parts_fit, run_steps
from tdinspect.domain.finding import Finding
from tdinspect.domain.spec import Container, Expression, Function, Layer, ModelSpec, Share, Step, resolved
from tdinspect.domain.trace import Failure, TensorInfo, Trace
from tdinspect.domain.tree import Tree, first, leaves, map_tree
from tdinspect.layers import index_bound
from tdinspect.running.call import World
from tdinspect.running.engine import inspecting
from tdinspect.running.folding import Fold, choose_fold
from tdinspect.running.ledger import Ledger, Place, Use
from tdinspect.running.sides import Leaf, fold_of, infos_of, map_infos, run_bare, run_wrapped
from tdinspect.running.symbols import input_infos, with_constants, world_of
from tdinspect.running.transfer import LayerError, transfer


@dataclass(frozen=True, slots=True)
class Assembly:
    """A built model (None when the walk stopped), what was seen, and what was found on the way.

    ``leaves`` has the module and the inputs of every leaf row by its name, for probes; ``highs`` bounds the integers
    of inputs that reach an embedding.
    """

    model: BuiltModel | None
    inputs: Mapping[str, TensorInfo]
    trace: Trace
    findings: tuple[Finding, ...]
    world: World
    leaves: Mapping[str, Leaf]
    highs: Mapping[str, int]


class _Stop(Exception):
    """The walk cannot go on."""


@dataclass(frozen=True, slots=True)
class _Place(Place):
    """Where the walk is, with the modules of this scope by the names of their steps."""

    children: dict[str, nn.Module] = field(default_factory=dict)
    shares: str | None = None  # the prefix of the container whose modules are used again here
    frozen: bool = False


def assemble(spec: ModelSpec, checked: Checked, *, device: str = "auto", initialise: bool = False) -> Assembly:
    """Build ``spec`` and pass shapes through it. Without ``initialise`` the weights are whatever memory holds."""
    world = world_of(spec, device)
    walk = _Walk(with_constants(spec, world.sizes), checked, world, initialise)
    with inspecting(initialising=initialise):
        return walk.run()


def assemble_again(spec: ModelSpec, checked: Checked, first_time: Assembly) -> Assembly:
    """Walk the same layers, already built, along other wiring: ``spec`` has the same leaf steps by name."""
    walk = _Walk(spec, checked, first_time.world, initialise=False)
    walk.leaves.update(first_time.leaves)
    with inspecting():
        return walk.run(_Place(shares=""))


class _Walk:
    def __init__(self, spec: ModelSpec, checked: Checked, world: World, initialise: bool) -> None:
        self.spec, self.checked, self.world, self.initialise = spec, checked, world, initialise
        self.exported = exported_names(spec)
        self.ledger = Ledger(world.sizes)
        self.findings: list[Finding] = []
        self.leaves: dict[str, Leaf] = {}
        self.highs: dict[str, int] = {}
        self.containers: dict[str, Step] = {}

    def run(self, place: _Place | None = None) -> Assembly:
        inputs = input_infos(self.spec)
        scope = Scope(values=dict(inputs))
        place = place or _Place()
        outputs: dict[str, TensorInfo] = {}
        model = None
        try:
            value = self._steps(self.spec.steps, scope, Flow((next(iter(inputs.values())),)), place)
            outputs = self._outputs(scope, value)
            model = BuiltModel(self.spec, Steps(self.spec.steps, place.children), self.world.run_sizes)
            model.train()
        except _Stop:
            pass
        trace = Trace(tuple(self.ledger.records), outputs)
        return Assembly(model, inputs, trace, tuple(self.findings), self.world, self.leaves, self.highs)

    def _outputs(self, scope: Scope, last: Tree) -> dict[str, TensorInfo]:
        named = {name: first(scope[name]) for name in self.spec.outputs} or {"output": first(last)}
        for name, value in named.items():
            if not isinstance(value, TensorInfo):
                self._stop(Finding("TD003", f"the output {name} is not one tensor", ("outputs",)))
        return named

    def _stop(self, finding: Finding) -> NoReturn:
        self.findings.append(finding)
        raise _Stop

    def _steps(self, steps: tuple[Step, ...], scope: Scope, flow: Flow, place: _Place) -> Tree:
        def perform(step: Step, flow: Flow, scope: Scope) -> Tree:
            value = self._step(step, flow, scope, place)
            self._check_parts(step, value)
            return value

        return run_steps(steps, scope, flow, perform)

    def _check_parts(self, step: Step, value: Tree) -> None:
        if isinstance(step.parts, tuple) and not parts_fit(step.parts, value):
            count = len(value) if isinstance(value, tuple | list) else 1
            message = f"`as` names {len(step.parts)} parts, and {step.name} gives {count}"
            self._stop(Finding("TD003", message, (*step.path, "as"), help="a name may stand for a whole tuple"))

    def _step(self, step: Step, flow: Flow, scope: Scope, place: _Place) -> Tree:
        operation = step.operation
        if isinstance(operation, Container):
            shares = None if place.shares is None else f"{place.shares}{step.name}."
            return self._container(step, operation, flow, scope, place, shares)
        if isinstance(operation, Share):
            return self._shared(step, operation, flow, scope, place)
        if isinstance(operation, Function):
            constants = self.checked.arguments[step.path]
            module: nn.Module = TensorFunction(operation.type, constants, self.world.run_sizes)
            leaf = Leaf(operation.type, constants, constants, {}, module, flow, place.fold)
            return self._leaf(step, leaf, place, Use())
        return self._layer(step, operation, flow, place)

    def _layer(self, step: Step, layer: Layer, flow: Flow, place: _Place) -> Tree:
        if place.shares is not None:
            return self._reuse(step, place.shares + step.name, flow, place)
        arguments = self.checked.arguments[step.path]
        given = resolved(dict(arguments), self.world.sizes)
        where = Surroundings(self.world.sizes, self.world.clocks, folded=place.fold is not None)
        try:
            inferred = infer(layer.type, given, flow, where, step)
            told = {name: size.value(self.world.sizes) for name, size in inferred.items()}
            module = construct(layer.type, {**given, **told}, initialise=self.initialise)
        except Refused as refused:
            self._refuse(step, layer, place, flow, refused.finding)
        except Exception as problem:  # a constructor may raise anything
            finding = Finding("TD005", f"{layer.type}: {problem}", step.op_path, on_key=True)
            self._refuse(step, layer, place, flow, finding)
        empty = next((named for named in module.named_parameters() if named[1].numel() == 0), None)
        if empty is not None:
            message = f"{layer.type}: its {empty[0]} has no elements, {tuple(empty[1].shape)}"
            self._refuse(step, layer, place, flow, Finding("TD005", message, step.op_path, on_key=True))
        if place.frozen or step.trainable is False:
            module.requires_grad_(False)
        follows = frozenset().union(
            *(size.symbols for size in inferred.values()),
            *(value.symbols for value in leaves(arguments) if isinstance(value, Expression)),
        )
        leaf = Leaf(layer.type, {**given, **told}, given, told, module.eval(), flow, place.fold)
        return self._leaf(step, leaf, place, Use(follows))

    def _refuse(self, step: Step, layer: Layer, place: _Place, flow: Flow, finding: Finding) -> NoReturn:
        """A layer that could not be built: its row says why, and the walk stops."""
        leaf = Leaf(layer.type, {}, self.checked.arguments[step.path], {}, nn.Identity(), flow, place.fold)
        self.ledger.not_built(place, step, leaf, finding.message)
        self._stop(finding)

    def _shared(self, step: Step, share: Share, flow: Flow, scope: Scope, place: _Place) -> Tree:
        if step.trainable is not None:
            text = f"write it on the step that has the weights, {share.target}"
            finding = Finding(
                "TD003", "`trainable` does not belong to a shared use", (*step.path, "trainable"), help=text
            )
            self._stop(finding)
        target = self._resolve(share.target, place)
        if target not in self.containers:
            return self._reuse(step, target, flow, place)
        original = self.containers[target]
        assert isinstance(original.operation, Container)
        again = replace(step, operation=original.operation)
        return self._container(again, original.operation, flow, scope, place, shares=f"{target}.")

    def _reuse(self, step: Step, target: str, flow: Flow, place: _Place) -> Tree:
        if target not in self.leaves:  # the first walk stopped before it
            raise _Stop
        original = self.leaves[target]
        leaf = replace(original, inferred={}, flow=flow, fold=place.fold)
        return self._leaf(step, leaf, place, Use(shared=target))

    def _resolve(self, name: str, place: _Place) -> str:
        prefix = place.prefix
        while prefix and prefix + name not in self.leaves and prefix + name not in self.containers:
            prefix = prefix.rstrip(".").rpartition(".")[0]
            prefix += "." if prefix else ""
        return prefix + name

    def _leaf(self, step: Step, leaf: Leaf, place: _Place, use: Use) -> Tree:
        flow = replace(leaf.flow, kwargs={**leaf.flow.kwargs, **step.call})
        full, module = place.prefix + step.name, leaf.module
        self.leaves[full] = replace(leaf, flow=flow)
        place.children[step.name] = module
        self._note_high(module, flow)
        try:
            value = transfer(module, flow.args, flow.kwargs, self.world)
        except LayerError as error:
            self.ledger.failed(place, step, self.leaves[full], use, self._failure(error, self.leaves[full]))
            raise _Stop from error
        self.ledger.ran(place, step, self.leaves[full], use, value)
        return value

    def _note_high(self, module: nn.Module, flow: Flow) -> None:
        bound = index_bound(module)
        origin = next((info.origin for info in infos_of(flow)), None)
        if bound is not None and origin is not None:
            self.highs[origin] = min(bound, self.highs.get(origin, bound))

    def _failure(self, error: LayerError, leaf: Leaf) -> Failure:
        """The layer's words, and what it gives on the other side of TimeDistributed."""
        other = None
        try:
            if leaf.fold is not None:
                other = run_bare(leaf, self.world)
            elif (fold := fold_of(leaf, self.world)) is not None:
                other = run_wrapped(leaf, fold, self.world)
        except (LayerError, ValueError):
            pass  # no other side works either
        return Failure(error.text, other, in_time_distributed=leaf.fold is not None)

    def _container(
        self, step: Step, container: Container, flow: Flow, scope: Scope, place: _Place, shares: str | None = None
    ) -> Tree:
        full = place.prefix + step.name
        self.containers[full] = step
        row = self.ledger.opened(place, step, container.type, flow)
        own = self._fold(step, flow, place, row) if container.type == "TimeDistributed" else None
        frozen = place.frozen or step.trainable is False
        inside = _Place(f"{full}.", place.depth + 1, own or place.fold, shares=shares, frozen=frozen)
        inner_flow = self._enter(step, own, flow, row)
        inner = inner_scope(step, inner_flow, None if own else scope)
        value = self._steps(container.steps, inner, inner_flow, inside)
        value = self._leave(step, own, value if step.parts else first(value), row)
        self.ledger.closed(row, place, value)
        exported = [name for name in inner.values if f"{step.name}.{name}" in self.exported]
        for name in exported:
            scope.define(f"{step.name}.{name}", self._leave(step, own, inner.values[name], row))
        self._add_container(step, container, own, inside, exported, place)
        return value

    def _add_container(
        self, step: Step, container: Container, own: Fold | None, inside: _Place, exported: list[str], place: _Place
    ) -> None:
        body: nn.Module = Steps(container.steps, inside.children, exported)
        if own is not None:
            assert isinstance(body, Steps)
            body = TimeDistributed(Folded(step, body), time_axis=own.time_axis, batch_axis=own.batch_axis)
        place.children[step.name] = body

    def _fold(self, step: Step, flow: Flow, place: _Place, row: int) -> Fold:
        infos = infos_of(flow)
        if not infos:
            finding = Finding("TD003", "TimeDistributed needs a tensor to come in", step.op_path, on_key=True)
            self._stop_at(row, finding)
        found = choose_fold(step, infos[0], self.world, nested=place.fold is not None)
        if isinstance(found, Finding):
            self._stop_at(row, found)
        self.ledger.folded(row, found)
        return replace(found, outer=place.fold)

    def _enter(self, step: Step, fold: Fold | None, flow: Flow, row: int) -> Flow:
        if fold is None:
            return flow
        try:
            return map_infos(fold.inside, flow)
        except ValueError as problem:
            self._stop_at(row, Finding("TD101", f"ValueError: {problem}", step.op_path, on_key=True))

    def _leave(self, step: Step, fold: Fold | None, value: Tree, row: int) -> Tree:
        if fold is None:
            return value
        try:
            return map_tree(lambda info: fold.outside(info, self.world.sizes), value)
        except ValueError as problem:
            self._stop_at(row, Finding("TD101", f"ValueError: {problem}", step.op_path, on_key=True))

    def _stop_at(self, row: int, finding: Finding) -> NoReturn:
        """A container that cannot take or give what it should: its row says why, and the walk stops."""
        self.ledger.broke(row, finding.message)
        self._stop(finding)

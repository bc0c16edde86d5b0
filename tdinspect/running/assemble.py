"""Build a spec and see its shapes, in one walk: each layer is built from the shapes that reach it, then run.

The walk stops at the first layer that raises; everything before it is reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import NoReturn

from torch import nn

from tdinspect.building.construct import Workshop, named_parameters
from tdinspect.building.infer import Refused, Surroundings, completed, contradiction
from tdinspect.building.limits import place_of_largest
from tdinspect.building.model import BuiltModel, Steps, exported_names
from tdinspect.building.parts import check_parts, in_words, one_tensor_of
from tdinspect.building.sources import LearnedTensor, TensorSource
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.building.wiring import Flow, Perform, Scope, name_around, run_steps, used_again
from tdinspect.domain.expression import MAX_VALUE
from tdinspect.domain.finding import Finding
from tdinspect.domain.size import Size
from tdinspect.domain.spec import Container, Expression, Function, Layer, ModelSpec, Share, Source, Step, resolved
from tdinspect.domain.trace import Failure, TensorInfo, Trace
from tdinspect.domain.tree import Tree, first, leaves
from tdinspect.layers import index_bound
from tdinspect.running.call import World
from tdinspect.running.enclosed import Enclosed, Spot, Stop
from tdinspect.running.engine import inspecting
from tdinspect.running.inside import Watched, is_leaf
from tdinspect.running.ledger import Ledger, Use
from tdinspect.running.sides import Leaf, Transfers, infos_of, other_side
from tdinspect.running.symbols import input_infos, with_constants, world_of
from tdinspect.running.transfer import LayerError, transfer


@dataclass(frozen=True, slots=True)
class Assembly:
    """A built model (None when the walk stopped), what was seen, and what was found on the way.

    ``leaves`` has the module and the inputs of every leaf row by its name, for probes; ``highs`` bounds the integers
    of inputs that reach an embedding; ``sums`` are the two values that each Residual adds.
    """

    model: BuiltModel | None
    inputs: Mapping[str, TensorInfo]
    trace: Trace
    findings: tuple[Finding, ...]
    world: World
    leaves: Mapping[str, Leaf]
    highs: Mapping[str, int]
    sums: tuple[tuple[TensorInfo, TensorInfo], ...] = ()


def assemble(spec: ModelSpec, *, device: str = "auto", initialise: bool = False) -> Assembly:
    """Build a checked spec and pass shapes through it. Without ``initialise`` weights are whatever memory holds."""
    world = world_of(spec, device)
    walk = _Walk(with_constants(spec, world.sizes), world, initialise)
    with inspecting(initialising=initialise):
        made = walk.run()
    assert made.model or made.findings or any(row.failure for row in made.trace.layers), "it ended without a reason"
    return made


def assemble_again(spec: ModelSpec, first_time: Assembly) -> Assembly:
    """Walk the same layers, already built, along other wiring: ``spec`` has the same leaf steps by name."""
    walk = _Walk(spec, first_time.world, initialise=False)
    walk.leaves.update(first_time.leaves)
    with inspecting():
        return walk.run(Spot(shares=""))


class _Walk:
    def __init__(self, spec: ModelSpec, world: World, initialise: bool) -> None:
        self.spec, self.world, self.workshop = spec, world, Workshop(initialise)
        self.exported = exported_names(spec)
        self.ledger = Ledger(world)
        self.transfers = Transfers(world)
        self.findings: list[Finding] = []
        self.leaves: dict[str, Leaf] = {}
        self.highs: dict[str, int] = {}
        self.containers: dict[str, Step] = {}
        self.sums: list[tuple[TensorInfo, TensorInfo]] = []

    def run(self, place: Spot | None = None) -> Assembly:
        inputs = input_infos(self.spec)
        scope = Scope(values=dict(inputs))
        place = place or Spot()
        outputs: dict[str, TensorInfo] = {}
        model = None
        try:
            flow = Flow((next(iter(inputs.values())),))
            value = run_steps(self.spec.steps, scope, flow, self.performer(place))
            outputs = self._outputs(scope, value)
            model = BuiltModel(self.spec, Steps(self.spec.steps, place.children), self.world.run)
            model.train()
        except Stop:
            pass
        values = {name: value for name, value in scope.values.items() if isinstance(value, TensorInfo)}
        trace = Trace(tuple(self.ledger.records), outputs, values)
        found = (trace, tuple(self.findings), self.world, self.leaves, self.highs, tuple(self.sums))
        return Assembly(model, inputs, *found)

    def _outputs(self, scope: Scope, last: Tree) -> dict[str, TensorInfo]:
        named = {name: scope[name] for name in self.spec.outputs} or {"output": first(last)}
        for index, (name, value) in enumerate(named.items()):
            if not isinstance(value, TensorInfo):
                what = f"the output `{name}`" if self.spec.outputs else "the model's output"
                message = f"{what} is {in_words(value)}, not one tensor"
                path = ("outputs", index) if self.spec.outputs else ("layers", len(self.spec.steps) - 1)
                self.stop(Finding("TD003", message, path, help=one_tensor_of(value)))
        return named

    def stop(self, finding: Finding, step: Step | None = None) -> NoReturn:
        """Note why, and end the walk."""
        self.findings.append(finding if step is None else replace(finding, uses=step.uses))
        raise Stop

    def performer(self, place: Spot) -> Perform:
        """What does a step at this place."""

        def perform(step: Step, flow: Flow, scope: Scope) -> Tree:
            value = self._step(step, flow, scope, place)
            self._check_parts(step, value, place)
            return value

        return perform

    def _check_parts(self, step: Step, value: Tree, place: Spot) -> None:
        wrong = check_parts(step, value)
        if wrong is not None:
            self.ledger.broke(self.ledger.row_of(place, step), wrong.message)
            self.stop(wrong, step)

    def _step(self, step: Step, flow: Flow, scope: Scope, place: Spot) -> Tree:
        operation = step.operation
        if isinstance(operation, Container):
            shares = None if place.shares is None else f"{place.shares}{step.name}."
            return self._container(step, operation, flow, scope, place, shares)
        if isinstance(operation, Share):
            return self._shared(step, operation, flow, scope, place)
        if isinstance(operation, Function):
            return self._function(
                step, TensorFunction(operation.type, operation.args.named, self.world.run), flow, place
            )
        if isinstance(operation, Source) and operation.type != "parameter":
            return self._function(step, TensorSource(operation.type, operation.args.named, self.world.run), flow, place)
        if place.shares is not None:
            return self._reuse(step, place.shares + step.name, flow, place)
        layer = Layer("parameter", operation.args, make=LearnedTensor) if isinstance(operation, Source) else operation
        return self._layer(step, layer, flow, place)

    def _function(self, step: Step, module: TensorFunction, flow: Flow, place: Spot) -> Tree:
        leaf = Leaf(module.name, None, module.constants, {}, module, flow, place.fold)
        value = self._leaf(step, leaf, place, Use())
        if isinstance(module, TensorSource) and prod(value.shape(self.world.sizes)) > MAX_VALUE:
            message = f"{module.name} has more than 2**62 elements"
            self.stop(Finding("TD008", message, step.op_path, on_key=True), step)
        return value

    def _layer(self, step: Step, layer: Layer, flow: Flow, place: Spot) -> Tree:
        where = Surroundings(self.world.sizes, self.world.clocks, folded=place.folded)
        inferred: Mapping[str, Size] = {}
        try:
            complete, inferred = completed(layer, flow, where, step)
            module = self.workshop.made(complete)
        except Refused as refused:
            self._refuse(step, layer, place, flow, refused.finding)
        except Exception as problem:  # a constructor may raise anything
            told_here = (f"{name} is {size.value(where.sizes)}" for name, size in inferred.items())
            read = f"read off its input: {', '.join(told_here)}" if inferred else None
            words = f"{layer.type}: {problem}"
            finding = Finding("TD005", words, step.op_path, on_key=True, help=read)
            if "overflow" in str(problem):
                finding = Finding("TD008", words, place_of_largest(layer, step.op_path, where.sizes), help=read)
            self._refuse(step, layer, place, flow, finding)
        empty = next((named for named in named_parameters(module) if named[1].numel() == 0), None)
        if empty is not None:
            message = f"{layer.type}: its {empty[0]} has no elements, {tuple(empty[1].shape)}"
            self._refuse(step, layer, place, flow, Finding("TD005", message, step.op_path, on_key=True))
        if place.frozen or step.trainable is False:
            module.requires_grad_(False)
        follows = frozenset().union(
            *(size.symbols for size in inferred.values()),
            *(value.symbols for value in leaves(layer.args.named) if isinstance(value, Expression)),
        )
        told = {name: size.value(self.world.sizes) for name, size in inferred.items()}
        given = resolved(dict(layer.args.named), self.world.sizes)
        module = module.eval() if module.training else module
        leaf = Leaf(layer.type, complete, given, told, module, flow, place.fold)
        sized_by = {name: size for name, size in inferred.items() if not size.is_number}
        return self._leaf(step, leaf, place, Use(follows, sized_by=sized_by))

    def _refuse(self, step: Step, layer: Layer, place: Spot, flow: Flow, finding: Finding) -> NoReturn:
        """A layer that could not be built: its row says why, and the walk stops."""
        leaf = Leaf(layer.type, None, layer.args.named, {}, nn.Identity(), flow, place.fold)
        self.ledger.not_built(place, step, leaf, finding.message)
        self.stop(finding, step)

    def _shared(self, step: Step, share: Share, flow: Flow, scope: Scope, place: Spot) -> Tree:
        if step.trainable is not None:
            text = f"write it on the step that has the weights, {share.target}"
            message = "`trainable` does not belong to a shared use"
            self.stop(Finding("TD003", message, (*step.path, "trainable"), help=text), step)
        # In a container that is used again names mean what they do at its first use.
        target = name_around(share.target, place.shares or place.prefix, self.leaves, self.containers)
        if target not in self.containers:
            return self._reuse(step, target, flow, place)
        original = self.containers[target]
        assert isinstance(original.operation, Container)
        again = used_again(step, original)
        return self._container(again, original.operation, flow, scope, place, shares=f"{target}.")

    def _reuse(self, step: Step, target: str, flow: Flow, place: Spot) -> Tree:
        if target not in self.leaves:  # the first walk stopped before it
            raise Stop
        original = self.leaves[target]
        leaf = replace(original, inferred={}, flow=flow, fold=place.fold)
        return self._leaf(step, leaf, place, Use(shared=target))

    def _leaf(self, step: Step, leaf: Leaf, place: Spot, use: Use) -> Tree:
        if step.call:
            leaf = replace(leaf, flow=replace(leaf.flow, kwargs={**leaf.flow.kwargs, **step.call}))
        full = place.prefix + step.name
        self.leaves[full] = leaf
        place.children[step.name] = leaf.module
        self._note_high(leaf.module, leaf.flow)
        try:
            if leaf.layer is not None and "." in leaf.layer.type:
                return self._user_module(step, leaf, place, use)
            value = self.transfers.of(leaf)
        except LayerError as error:
            self.ledger.failed(place, step, leaf, use, self._failure(error, leaf))
            raise Stop from error
        self._note_contradiction(step, leaf)
        self.leaves[full] = leaf.that_gave(value)
        self.ledger.ran(place, step, leaf, use, value)
        return value

    def _user_module(self, step: Step, leaf: Leaf, place: Spot, use: Use) -> Tree:
        """A module of the user's own: its row, and one for each layer inside."""
        watched = Watched(leaf.module)
        value, calls = transfer(watched, leaf.flow.args, leaf.flow.kwargs, self.world)
        self.leaves[place.prefix + step.name] = replace(leaf, value=value)
        if is_leaf(leaf.module):
            self.ledger.ran(place, step, leaf, use, value, multiplies=bool(watched.products))
            return value
        self.ledger.contains(place, step, leaf, value, multiplies="" in watched.products)
        not_called = [(None, None)] * (len(watched.layers) - len(calls))
        for inner, (taken, given) in zip(watched.layers, [*calls, *not_called], strict=True):
            self.ledger.inner(place, step, inner, taken, given, use.shared)
        return value

    def _note_contradiction(self, step: Step, leaf: Leaf) -> None:
        """A given size that the shapes contradict, where torch lets it pass (a norm without weights)."""
        found = None if leaf.layer is None else contradiction(leaf.layer, leaf.flow, self.world.sizes)
        if found is not None and found[0] in leaf.given:
            help = f"leave {found[0]} out, and it is read off the shape"
            finding = Finding("TD005", f"{leaf.type}: {found[1]}", (*step.op_path, found[0]), help=help, uses=step.uses)
            self.findings.append(finding)

    def _note_high(self, module: nn.Module, flow: Flow) -> None:
        bound = index_bound(module)
        if bound is None:
            return
        origin = next((info.origin for info in infos_of(flow)), None)
        if origin is not None:
            self.highs[origin] = min(bound, self.highs.get(origin, bound))

    def _failure(self, error: LayerError, leaf: Leaf) -> Failure:
        """The layer's words, and what it gives on the other side of TimeDistributed."""
        other = other_side(leaf, self.world)
        wrong = None if leaf.layer is None else contradiction(leaf.layer, leaf.flow, self.world.sizes)
        told = wrong[1] if wrong else _beyond_the_table(leaf) or _no_tensor(leaf)
        return Failure(error.text, other, in_time_distributed=leaf.fold is not None, contradiction=told)

    def _container(
        self, step: Step, container: Container, flow: Flow, scope: Scope, place: Spot, shares: str | None
    ) -> Tree:
        self.containers[place.prefix + step.name] = step
        return Enclosed(self, step, container, flow, scope, place, shares).run()


def _no_tensor(leaf: Leaf) -> str | None:
    """What comes in first, where it is no tensor; a list is what `cat` takes."""
    value: Tree = next(iter((*leaf.flow.args, *leaf.flow.kwargs.values())), [])
    if isinstance(value, TensorInfo | list):
        return None
    return f"its input is {in_words(value)}: {one_tensor_of(value)}"


def _beyond_the_table(leaf: Leaf) -> str | None:
    bound, high = index_bound(leaf.module), next((info.high for info in leaf.inputs), None)
    if bound is None or high is None or high <= bound:
        return None
    return f"it has {bound} rows, and indices reach {high - 1}"

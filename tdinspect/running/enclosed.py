"""One container in a walk: its row, what its steps see, what it gives, and the module that does the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn, Protocol

from torch import nn

from tdinspect.building.model import Clock, Folded, Loop, Steps
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.building.wiring import Flow, Perform, Scope, WrongInputs, enter, run_inside
from tdinspect.domain.finding import Finding
from tdinspect.domain.spec import Container, Recurrent, Residual, Step, inner_steps
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.domain.tree import Tree, first, map_tree
from tdinspect.running.call import World
from tdinspect.running.folding import Cut, Fold, Frame, choose_cut, choose_fold
from tdinspect.running.ledger import Ledger, Place
from tdinspect.running.sides import Leaf, Transfers, infos_of, map_infos
from tdinspect.running.symbols import size_of
from tdinspect.running.transfer import LayerError
from tdinspect.time_distributed import TimeDistributed


class Stop(Exception):
    """The walk cannot go on."""


@dataclass(frozen=True, slots=True)
class Spot(Place):
    """Where the walk is, with the modules of this scope by the names of their steps."""

    children: dict[str, nn.Module] = field(default_factory=dict)
    shares: str | None = None  # the prefix of the container whose modules are used again here
    frozen: bool = False


class Walk(Protocol):
    """What a container needs of the walk around it."""

    world: World
    ledger: Ledger
    transfers: Transfers
    exported: frozenset[str]
    sums: list[tuple[TensorInfo, TensorInfo]]

    def performer(self, place: Spot) -> Perform:
        """What does a step at this place."""

    def stop(self, finding: Finding, step: Step | None = None) -> NoReturn:
        """Note why, and end the walk."""


class Enclosed:
    """A container on the inputs that reach it."""

    def __init__(
        self,
        walk: Walk,
        step: Step,
        container: Container,
        flow: Flow,
        scope: Scope,
        place: Spot,
        shares: str | None,
    ) -> None:
        self.walk, self.step, self.container, self.flow, self.scope, self.place = (
            walk, step, container, flow, scope, place,
        )  # fmt: skip
        self.shares = shares
        self.row = walk.ledger.opened(place, step, container, flow)

    def run(self) -> Tree:
        """What the container gives to the steps around it. Ends the walk where it cannot run."""
        step, place = self.step, self.place
        frame = self._frame()
        inside = Spot(
            f"{place.prefix}{step.name}.",
            place.depth + 1,
            frame or place.frame,
            shares=self.shares,
            frozen=place.frozen or step.trainable is False,
        )
        entering = self.flow if frame is None else map_infos(lambda info: self._try(frame.inside, info), self.flow)
        try:
            inner, entering = enter(step, entering, None if frame else self.scope)
            value = self._body(inner, entering, inside)
        except WrongInputs as problem:
            help = "a shared use, and a copy, takes as many inputs as the first, in the same order"
            self._stop(Finding("TD006", f"{step.name}: {problem}", step.op_path, on_key=True, help=help))
        if step.parts is None:
            value = first(value)
        value = self._leave(frame, value)
        self.walk.ledger.closed(self.row, place, value)
        exported = [name for name in inner.values if f"{step.name}.{name}" in self.walk.exported]
        for name in exported:
            self.scope.define(f"{step.name}.{name}", self._leave(frame, inner.values[name]))
        place.children[step.name] = self._module(frame, inside, exported)
        return value

    def _body(self, scope: Scope, flow: Flow, inside: Spot) -> Tree:
        perform = self.walk.performer(inside)
        if isinstance(self.container, Recurrent):
            states = self._states(scope)
            value = run_inside(self.container, scope, flow, perform)
            self._check_states(scope, states)
            return value
        value = run_inside(self.container, scope, flow, perform)
        if not isinstance(self.container, Residual):
            return value
        shortcut = self.container.shortcut
        before = flow.args[0] if shortcut is None else first(perform(shortcut, flow, scope))
        return self._added(before, first(value))

    def _added(self, before: Tree, value: Tree) -> Tree:
        if isinstance(before, TensorInfo) and isinstance(value, TensorInfo):
            self.walk.sums.append((before, value))
        add = TensorFunction("add", {}, self.walk.world.run)
        try:
            return self.walk.transfers.of(Leaf("add", None, {}, {}, add, Flow((before, value)), None))
        except LayerError as error:
            sizes = self.walk.world.sizes
            shapes = " and ".join(x.text(sizes) for x in (before, value) if isinstance(x, TensorInfo))
            help = "give it a `shortcut` that makes the shapes equal: `Residual: {layers: [...], shortcut: [...]}`"
            if isinstance(self.container, Residual) and self.container.shortcut is not None:
                help = "the first shape is what the shortcut gives, the second what the layers give: make them equal"
            self._stop(Finding("TD101", f"Residual adds {shapes}: {error.text}", self.step.op_path, True, help))

    def _states(self, scope: Scope) -> dict[str, TensorInfo]:
        """The states of a Recurrent, made known inside."""
        assert isinstance(self.container, Recurrent)
        states: dict[str, TensorInfo] = {}
        sizes = self.walk.world.sizes
        for name, shape in self.container.state.items():
            outer = self.container.initial.get(name)
            value = None if outer is None else first(self.scope[outer])
            declared = TensorInfo((*self._batch(), *(Axis(size_of(entry, sizes)) for entry in shape)))
            if isinstance(value, TensorInfo) and value.shape(sizes) != declared.shape(sizes):
                message = f"the state {name} is {declared.text(sizes)}, and {outer}, which it starts from, is"
                path = (*self.step.op_path, "initial", name)
                self._stop(Finding("TD003", f"{message} {value.text(sizes)}", path, help="a state keeps its shape"))
            value = value if isinstance(value, TensorInfo) else declared
            states[name] = value
            scope.define(name, value)
        return states

    def _batch(self) -> tuple[Axis, ...]:
        """The batch axis of one step of the first input, where it has one."""
        found = self._batch_index()
        return () if found is None else (self._one_step().axes[found],)

    def _batch_index(self) -> int | None:
        return 0 if self.place.folded else self._one_step().axis_of(self.walk.world.batch)

    def _one_step(self) -> TensorInfo:
        return self._cut().inside(infos_of(self.flow)[0])

    def _cut(self) -> Cut:
        assert isinstance(self._chosen, Cut)
        return self._chosen

    def _check_states(self, scope: Scope, states: Mapping[str, TensorInfo]) -> None:
        assert isinstance(self.container, Recurrent)
        sizes = self.walk.world.sizes
        for name, after in self.container.next.items():
            value, before = first(scope[after]), states.get(name)
            if before is None or not isinstance(value, TensorInfo):
                continue
            if [axis.size for axis in value.axes] != [axis.size for axis in before.axes]:
                message = f"the state {name} is {before.text(sizes)}, and {after}, which it takes next, is"
                path = (*self.step.op_path, "next", name)
                self._stop(Finding("TD003", f"{message} {value.text(sizes)}", path, help="a state keeps its shape"))

    def _frame(self) -> Frame | None:
        self._chosen: Frame | None = None
        if self.container.type == "TimeDistributed":
            self._chosen = self._choose_fold()
        elif isinstance(self.container, Recurrent):
            found = choose_cut(self.step, self._first_tensor(), self.walk.world, self.place.folded)
            self._chosen = self._with_outer(found)
        return self._chosen

    def _choose_fold(self) -> Frame:
        found = choose_fold(self.step, self._first_tensor(), self.walk.world, nested=self.place.folded)
        if isinstance(found, Fold):
            self.walk.ledger.folded(self.row, found)
        return self._with_outer(found)

    def _with_outer(self, found: Fold | Cut | Finding) -> Frame:
        if isinstance(found, Finding):
            self._stop(found)
        return replace(found, outer=self.place.frame)

    def _first_tensor(self) -> TensorInfo:
        infos = infos_of(self.flow)
        if not infos:
            message = f"{self.container.type} needs a tensor to come in"
            self._stop(Finding("TD003", message, self.step.op_path, on_key=True))
        return infos[0]

    def _leave(self, frame: Frame | None, value: Tree) -> Tree:
        if frame is None:
            return value
        return map_tree(lambda info: self._try(lambda i: frame.outside(i, self.walk.world.sizes), info), value)

    def _try(self, change: Callable[[TensorInfo], TensorInfo], info: TensorInfo) -> TensorInfo:
        try:
            return change(info)
        except ValueError as problem:
            self._stop(Finding("TD101", f"ValueError: {problem}", self.step.op_path, on_key=True))

    def _stop(self, finding: Finding) -> NoReturn:
        """A container that cannot take or give what it should: its row says why, and the walk stops."""
        self.walk.ledger.broke(self.row, finding.message)
        self.walk.stop(finding, self.step)

    def _module(self, frame: Frame | None, inside: Spot, exported: Iterable[str]) -> nn.Module:
        steps = inner_steps(self.container)
        body = Steps(steps, inside.children, exported, self.step)
        if isinstance(frame, Fold):
            return self._time_distributed(frame, Folded(self.step, body))
        if isinstance(frame, Cut):
            axes = tuple(frame.axis(info) for info in infos_of(self.flow))
            return Loop(self.step, body, Clock(axes, frame.time_axis, self._batch_index()), self.walk.world.run)
        return body

    def _time_distributed(self, frame: Fold, body: Folded) -> TimeDistributed:
        """The wrapper that a TimeDistributed of the spec becomes; what its guard would say, the walk has said."""
        options = self.container.options
        size = options.get("chunk_size")
        return TimeDistributed(
            body,
            time_axis=frame.time_axis,
            batch_axis=frame.batch_axis,
            mode=str(options.get("mode", "fold")),
            chunk_size=size if isinstance(size, int) else None,
            guard=False,
        )

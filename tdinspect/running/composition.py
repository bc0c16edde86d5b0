"""Which steps of the model's inputs each value follows: the effects of the layers, put together along the wiring.

Nothing runs here. What cancels out (``x - x``) still counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from torch import nn

from tdinspect.building.model import Folded, Loop, Steps
from tdinspect.building.time_distributed import TimeDistributed
from tdinspect.building.wiring import Flow, Perform, Scope, enter, run_inside, run_steps
from tdinspect.domain.effect import Effect, Rows, composed, united
from tdinspect.domain.spec import Container, Residual, Step
from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import Tree, first, leaves, map_tree
from tdinspect.running.sides import Leaf


class Unknown(Exception):
    """Nothing can be said about a layer on the way."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A value: its rows over the steps of each model input that it follows, and whether samples are mixed in it.

    It has one row for each of its steps, one where it has no time axis.
    """

    rows: Mapping[str, Rows] = field(default_factory=dict)
    mixed: bool = False

    def of_step(self, t: int) -> Seen:
        """One step of it."""
        return Seen({name: (rows[t],) for name, rows in self.rows.items()}, self.mixed)


class Composition:
    """The steps of a built model, done with Seen values. ``effect`` gives what a leaf does, None where unknown."""

    def __init__(self, leaves: Mapping[str, Leaf], effect: Callable[[Leaf], Effect | None]) -> None:
        self.leaves, self.effect = leaves, effect

    def run(self, body: Steps, scope: Scope, flow: Flow, prefix: str = "") -> Tree:
        """The last value of the steps. Raises Unknown."""
        return run_steps(body.steps, scope, flow, self._performer(body, prefix))

    def _performer(self, body: Steps, prefix: str) -> Perform:
        def perform(step: Step, flow: Flow, scope: Scope) -> Tree:
            child, inner = body.child(step), f"{prefix}{step.name}."
            if isinstance(child, TimeDistributed) and isinstance(child.module, Folded):
                folded = child.module
                inside, entering = enter(folded.step, flow, None)
                value = self.run(folded.body, inside, entering, inner)
                return _exported(step, value, folded.body, inside, scope)
            if isinstance(child, Loop):
                return self._loop(step, child, flow, scope, inner)
            if isinstance(child, Steps):
                return self._inside(step, child, flow, scope, inner)
            return self._leaf(self.leaves[prefix + step.name], flow)

        return perform

    def _inside(self, step: Step, child: Steps, flow: Flow, scope: Scope, prefix: str) -> Tree:
        assert child.step is not None
        container = child.step.operation
        assert isinstance(container, Container)
        inside, entering = enter(child.step, flow, scope)
        perform = self._performer(child, prefix)
        value = run_inside(container, inside, entering, perform)
        if isinstance(container, Residual):
            shortcut = container.shortcut
            before = entering.args[0] if shortcut is None else first(perform(shortcut, entering, inside))
            value = _together([before, first(value)])
        return _exported(step, value, child, inside, scope)

    def _loop(self, step: Step, loop: Loop, flow: Flow, scope: Scope, prefix: str) -> Tree:
        """A Recurrent, step by step: each sees its own slice of what is cut, and the states."""
        values = _seen((flow.args, flow.kwargs))
        cut = [value for value, axis in zip(values, loop.clock.axes, strict=True) if axis is not None]
        length = max((len(rows) for value in cut for rows in value.rows.values()), default=0)
        states: dict[str, Tree] = dict.fromkeys(loop.recurrent.state, Seen()) | loop.initial_states(scope)
        results = []
        for t in range(length):
            axes = iter(loop.clock.axes)

            def at(value: object, t: int = t, axes: Iterable[int | None] = axes) -> object:
                if not isinstance(value, Seen):
                    return value
                return value if next(iter(axes)) is None else value.of_step(t)

            now = Flow(map_tree(at, flow.args), map_tree(at, dict(flow.kwargs)))
            inside, entering = enter(loop.step, now, None)
            for name, state in states.items():
                inside.define(name, state)
            value = self.run(loop.body, inside, entering, prefix)
            value = first(value) if loop.step.parts is None else value
            results.append((value, {name: inside[name] for name in loop.body.exported}))
            states = {name: first(inside[after]) for name, after in loop.recurrent.next.items()}
        if not results:
            raise Unknown
        columns = iter(list(zip(*map(leaves, results), strict=True)))
        value, exported = map_tree(lambda _: _stacked(next(columns)), results[0])
        for name, part in exported.items():
            scope.define(f"{step.name}.{name}", part)
        return value

    def _leaf(self, leaf: Leaf, flow: Flow) -> Tree:
        values = _seen((flow.args, {**flow.kwargs}))
        effect = self.effect(leaf) if values else Effect({})
        if effect is None:
            raise Unknown
        numbered = iter(range(len(leaf.outputs)))

        def after(info: object) -> object:
            return _passed(effect, next(numbered), values) if isinstance(info, TensorInfo) else info

        return map_tree(after, leaf.value)


def _passed(effect: Effect, output: int, values: list[Seen]) -> Seen:
    """One output of a layer."""
    rows: dict[str, Rows] = {}
    for i, value in enumerate(values):
        own = effect.links.get((output, i))
        if own is None:
            continue
        for name, before in value.rows.items():
            reached = composed(own, before)
            rows[name] = united(rows[name], reached) if name in rows else reached
    mixes = bool(effect.mixes_batch and effect.mixes_batch[output])
    return Seen(rows, mixes or any(value.mixed for value in values))


def _together(values: list[Seen]) -> Seen:
    """A sum: of one step and several, the one is added to each."""
    rows: dict[str, Rows] = {}
    length = max((len(found) for value in values for found in value.rows.values()), default=1)
    for value in values:
        for name, found in value.rows.items():
            full = found if len(found) == length else found * length
            rows[name] = united(rows[name], full) if name in rows else full
    return Seen(rows, any(value.mixed for value in values))


def _stacked(steps: tuple[Seen, ...]) -> Seen:
    """The values of a loop's steps along time; a step that has an axis of steps itself counts as one."""
    names = dict.fromkeys(name for step in steps for name in step.rows)
    whole = {name: tuple(_any(step.rows.get(name, ())) for step in steps) for name in names}
    return Seen(whole, any(step.mixed for step in steps))


def _any(rows: Rows) -> int:
    total = 0
    for row in rows:
        total |= row
    return total


def _seen(tree: Tree) -> list[Seen]:
    return [value for value in leaves(tree) if isinstance(value, Seen)]


def _exported(step: Step, value: Tree, child: Steps, inside: Scope, scope: Scope) -> Tree:
    for name in child.exported:
        scope.define(f"{step.name}.{name}", inside[name])
    return value

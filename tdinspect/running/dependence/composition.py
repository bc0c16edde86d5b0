"""Which steps of the model's inputs each value follows: the effects of the layers, put together along the wiring.

Nothing runs here. What cancels out (``x - x``) still counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import prod

from torch import Tensor

from tdinspect.building.model import Folded, Loop, Steps
from tdinspect.building.sources import TensorSource
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.building.wiring import Flow, Perform, Scope, enter, run_inside, run_steps
from tdinspect.domain.effect import Effect, Rows, composed, each, union, united
from tdinspect.domain.spec import Container, Residual, Step
from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import Tree, first, leaves, map_tree
from tdinspect.running.call import World
from tdinspect.running.sides import Leaf
from tdinspect.time_distributed import TimeDistributed

_SMALL = 1 << 20  # numbers in a constant up to which it is made

EffectOf = Callable[[str, Leaf, Mapping[int, Tensor]], Effect | None]


class Unknown(Exception):
    """Nothing can be said about a layer on the way."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A value: its rows over the steps, and over the samples, of each model input that it follows.

    It has one row for each of its own steps (samples), one where it has no such axis. ``constant`` is what it is at
    these sizes where no input and no weight is in it: a mask.
    """

    rows: Mapping[str, Rows] = field(default_factory=dict)
    samples: Mapping[str, Rows] = field(default_factory=dict)
    constant: Tensor | None = None

    def of_step(self, t: int) -> Seen:
        """One step of it."""
        return Seen({name: (rows[t],) for name, rows in self.rows.items()}, self.samples)


class Composition:
    """The steps of a built model, done with Seen values at these sizes.

    ``effect`` gives what the leaf of a name does, with the constants among its inputs; None where that is not known.
    """

    def __init__(self, leaves: Mapping[str, Leaf], effect: EffectOf, world: World, sizes: Mapping[str, int]) -> None:
        self.leaves, self.effect, self.world, self.sizes = leaves, effect, world, sizes

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
            return self._leaf(prefix + step.name, flow, step)

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

    def _leaf(self, name: str, flow: Flow, step: Step) -> Tree:
        leaf = self.leaves[name]
        values = _seen((flow.args, {**flow.kwargs}))
        constant = self._constant(leaf, flow, step)
        if constant is not None:
            return Seen(constant=constant)
        masks = {i: value.constant for i, value in enumerate(values) if value.constant is not None}
        effect = self.effect(name, leaf, masks) if values else Effect({})
        if effect is None:
            raise Unknown
        numbered = iter(range(len(leaf.outputs)))

        def after(info: object) -> object:
            return _passed(effect, next(numbered), values) if isinstance(info, TensorInfo) else info

        return map_tree(after, leaf.value)

    def _constant(self, leaf: Leaf, flow: Flow, step: Step) -> Tensor | None:
        """What a function of constants gives, where it is small enough to look at."""
        if not isinstance(leaf.module, TensorSource | TensorFunction):
            return None
        if any(value.constant is None for value in _seen((flow.args, {**flow.kwargs}))):
            return None
        if sum(prod(info.shape(self.sizes)) for info in leaf.outputs) > _SMALL:
            return None
        self.world.run.sizes.update(self.sizes)
        args, kwargs = map_tree(_value, flow.args), map_tree(_value, {**flow.kwargs, **step.call})
        try:
            result = leaf.module(*args, **kwargs)
        except Exception:  # at these sizes the constants do not fit each other
            return None
        return result if isinstance(result, Tensor) else None


def _value(value: object) -> object:
    return value.constant if isinstance(value, Seen) else value


def _passed(effect: Effect, output: int, values: list[Seen]) -> Seen:
    """One output of a layer."""
    return Seen(
        _after(effect.links, output, [value.rows for value in values]),
        _after(effect.samples, output, [value.samples for value in values]),
    )


def _after(links: Mapping[tuple[int, int], Rows], output: int, values: list[Mapping[str, Rows]]) -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    for i, value in enumerate(values):
        own = links.get((output, i))
        if own is None:
            continue
        for name, before in value.items():
            if own != each(len(before)) and any(row >> len(before) for row in own):
                raise Unknown  # the layer does not run at these sizes: it picks a step that is not there
            reached = composed(own, before)
            found[name] = united(found[name], reached) if name in found else reached
    return found


def _together(values: list[Seen]) -> Seen:
    """A sum: of one step and several, the one is added to each."""
    return Seen(_sum([value.rows for value in values]), _sum([value.samples for value in values]))


def _sum(values: list[Mapping[str, Rows]]) -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    length = max((len(rows) for value in values for rows in value.values()), default=1)
    for value in values:
        for name, rows in value.items():
            full = rows if len(rows) == length else rows * length
            found[name] = united(found[name], full) if name in found else full
    return found


def _stacked(steps: tuple[Seen, ...]) -> Seen:
    """The values of a loop's steps along time; a step that has an axis of steps itself counts as one."""
    names = dict.fromkeys(name for step in steps for name in step.rows)
    whole = {name: tuple(union(step.rows.get(name, ())) for step in steps) for name in names}
    return Seen(whole, _sum([step.samples for step in steps]))


def _seen(tree: Tree) -> list[Seen]:
    return [value for value in leaves(tree) if isinstance(value, Seen)]


def _exported(step: Step, value: Tree, child: Steps, inside: Scope, scope: Scope) -> Tree:
    for name in child.exported:
        scope.define(f"{step.name}.{name}", inside[name])
    return value

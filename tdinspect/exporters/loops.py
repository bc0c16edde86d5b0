"""Recurrent as code: a loop over time."""

from __future__ import annotations

from dataclasses import replace

from tdinspect.building.wiring import Flow, Scope, enter, run_inside
from tdinspect.domain.spec import Recurrent, Step
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.domain.tree import Tree, first, leaves, map_tree
from tdinspect.exporters.code import EMPTY, Code, Group, Item, Join, Ref, Shape, Text, Value, call, method
from tdinspect.exporters.framed import mapped
from tdinspect.exporters.statements import Append, Assign, Update
from tdinspect.exporters.walk import Spot, Walk
from tdinspect.exporters.writing import tensors
from tdinspect.running.folding import Cut
from tdinspect.running.symbols import size_of


def recurrent(walk: Walk, step: Step, flow: Flow, scope: Scope | None, spot: Spot) -> Tree:
    """A loop over time: states before it, the steps in it, what they give stacked behind it."""
    return _Loop(walk, step, flow, scope, spot).run()


class _Loop:
    def __init__(self, walk: Walk, step: Step, flow: Flow, scope: Scope | None, spot: Spot) -> None:
        self.walk, self.step, self.flow, self.scope, self.spot = walk, step, flow, scope, spot
        assert isinstance(step.operation, Recurrent)
        self.operation = step.operation
        self.clock = walk.seen.clocks[spot.prefix + step.name]
        entering = tensors([flow.args, dict(flow.kwargs)])
        self.axes = {id(value): axis for value, axis in zip(entering, self.clock.axes, strict=True)}
        self.sequence = next(v for v, axis in zip(entering, self.clock.axes, strict=True) if axis is not None)
        assert self.sequence.info is not None
        time = self.sequence.info.axes[self.clock.time]
        self.cut = Cut("", self.clock.time, time)

    def run(self) -> Tree:
        w, inside = self.spot.writing, self.spot.inside(self.step)
        states = {name: self._state(name) for name in self.operation.state}
        t = Value("t", True, kind="item")
        length = self._size(self.clock.time)
        before = len(w.block)
        with w.loop(t, call("range", length)):
            inner, entering = enter(self.step, mapped(self.flow, lambda value: self._at(value, t)), None)
            for name, state in states.items():
                inner.define(name, state)
            value = run_inside(self.operation, inner, entering, self.walk.performer(inside))
            if self.step.parts is None:
                value = first(value)
            collected: list[tuple[Value, Value]] = []
            result = map_tree(lambda part: self._collect(part, collected), value)
            exported: dict[str, Tree] = {}
            outer = Scope()
            self.walk.export(self.step, inner, outer, lambda v: map_tree(lambda p: self._collect(p, collected), v))
            exported.update(outer.values)
            after = [first(inner[name]) for name in self.operation.next.values()]
            w.say(Update(tuple(states[name] for name in self.operation.next), tuple(map(Ref, after))))
        for listed, _ in reversed(collected):
            w.block.insert(before, Assign(listed, Text("[]")))
        for listed, stacked in collected:
            assert stacked.info is not None and listed.info is not None
            axis = min(self.clock.time, len(listed.info.axes))
            w.say(Assign(stacked, call("torch.stack", Ref(listed), dim=Text(str(axis)))))
        for name, found in exported.items():
            if self.scope is not None:
                self.scope.define(name, found)
        return self._named(result)

    def _size(self, axis: int) -> Code:
        """The size of an axis of the sequence: its symbol, where that is known."""
        assert self.sequence.info is not None
        symbol, w = str(self.sequence.info.axes[axis].size), self.spot.writing
        if symbol.isidentifier() and w.told(symbol):
            return Ref(w.size(symbol))
        return Join((Ref(self.sequence), Text(f".shape[{axis}]")))

    def _named(self, result: Tree) -> Tree:
        """The stacked values under the names of the step."""
        made = self.walk.values(self.step, map_tree(lambda value: value.info, result))
        for stacked, named in zip(leaves(result), leaves(made), strict=True):
            stacked.hint, stacked.named = named.hint, named.named
        return result

    def _state(self, name: str) -> Value:
        """The variable of a state, with what it starts from."""
        w, outer = self.spot.writing, self.operation.initial.get(name)
        if outer is not None:
            assert self.scope is not None
            start = self.scope[outer]
            if not isinstance(start, Value):
                self.walk.refuse(self.step, f"the state {name} starts from a tuple")
            return w.let(Value(name, True, start.info, shape=start.shape), Ref(start))
        sizes, shape = self.walk.seen.sizes, self.operation.state[name]
        assert self.sequence.info is not None
        entries: list[Code] = []
        axes: list[Axis] = []
        if self.clock.batch is not None:
            index = self.clock.batch + (self.clock.batch >= self.clock.time)
            entries.append(self._size(index))
            axes.append(self.sequence.info.axes[index])
        for entry in shape:
            entries.append(Ref(w.size(entry)) if isinstance(entry, str) else self.walk.constant(entry, self.spot))
            axes.append(Axis(size_of(entry, sizes)))
        info = TensorInfo(tuple(axes))
        value = Value(name, True, info, shape=Shape(info.symbols(sizes)))
        if self.sequence.info.dtype.startswith(("float", "bfloat")):
            return w.let(value, method(Ref(self.sequence), "new_zeros", *entries))
        tuple_ = Group(EMPTY, tuple(Item(entry) for entry in entries))
        return w.let(value, method(Ref(self.sequence), "new_zeros", tuple_, dtype=Text("torch.get_default_dtype()")))

    def _at(self, value: Value, t: Value) -> Value:
        """One time step of what enters; what has no time enters whole."""
        axis = self.axes[id(value)]
        if axis is None:
            return value
        assert value.info is not None
        axes = value.info.axes
        info = replace(value.info, axes=(*axes[:axis], *axes[axis + 1 :]))
        cut = Value(f"{value.hint}_t", True, info, shape=Shape(info.symbols(self.walk.seen.sizes)))
        code = Join((Ref(value), Text("[" + ":, " * axis), Ref(t), Text("]")))
        return self.spot.writing.let(cut, code)

    def _collect(self, value: Value, collected: list[tuple[Value, Value]]) -> Value:
        assert value.info is not None
        listed = Value(f"{value.hint}_steps" if value.named else "steps", True, value.info, kind="list")
        info = self.cut.outside(value.info, self.walk.seen.sizes)
        stacked = Value(value.hint, value.named, info, shape=Shape(info.symbols(self.walk.seen.sizes)))
        self.spot.writing.say(Append(listed, Ref(value)))
        collected.append((listed, stacked))
        return stacked

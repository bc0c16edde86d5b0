"""Which steps of a model take the last step of a bidirectional recurrence, in whatever spelling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import nn

from tdinspect.building.tensor_function import TensorFunction
from tdinspect.domain.effect import Rows, composed
from tdinspect.domain.trace import LayerRecord
from tdinspect.running.call import World
from tdinspect.running.dependence.effects import known_effect
from tdinspect.running.dependence.times import time_size
from tdinspect.running.facts.graph import Graph, Value
from tdinspect.running.sides import Leaf, infos_of

# They may take one direction's half of the features, whose last step is what it should be.
_HALVES = frozenset(("narrow", "chunk", "split", "tensor_split", "select", "unbind", "unflatten", "index_select"))


class LastSteps:
    """A walk against the wiring, from a function that picks a step to the recurrence that gave it.

    ``looked_at`` are the sizes of the effects in the rows. What is step 8 of 9 need not be the last of 30: where that
    is shorter than the spec's own length, only what is known without a run counts.
    """

    def __init__(
        self,
        graph: Graph,
        records: Mapping[str, LayerRecord],
        leaves: Mapping[str, Leaf],
        world: World,
        looked_at: Mapping[str, int],
    ) -> None:
        self.graph, self.records, self.leaves, self.world = graph, records, leaves, world
        self.users, self.outputs = graph.users(), {*(graph.outputs or ())}
        self.in_full = all(looked_at.get(clock) == world.sizes[clock] for clock in world.clocks)

    def source(self, name: str) -> str | None:
        """The bidirectional recurrence of which this step takes the last step and nothing else; None for others."""
        leaf = self.leaves[name]
        parts = [value for value in (Value(name, i) for i in range(len(leaf.outputs))) if self._is_used(value)]
        if not isinstance(leaf.module, TensorFunction) or not parts:
            return None
        found = {self._source_of(value) for value in parts}
        return found.pop() if len(found) == 1 else None

    def _is_used(self, value: Value) -> bool:
        return value in self.users or value in self.outputs

    def _source_of(self, value: Value) -> str | None:
        """One axis of several steps comes in, and one step goes on: this is where it is taken."""
        if self._goes_on_in_halves(value):
            return None
        before = self._before(value)
        rows: Rows | None = None
        if before is None or _steps(self.leaves[value.node], value.part, self.world) > 1:
            return None
        while before is not None:
            own, i = before
            found = self._rows(value, i)
            if found is None:
                return None
            rows = found if rows is None else composed(rows, found)
            source = self.leaves.get(own.node)
            if source is None or any(row.bit_count() != 1 for row in rows):
                return None
            if isinstance(source.module, nn.RNNBase):
                return own.node if self._is_last(own, source, rows) else None
            if self._takes_half(source, own.part):
                return None
            value, before = own, self._before(own)
        return None

    def _before(self, value: Value) -> tuple[Value, int] | None:
        """The one value with steps that goes in, and which input it is."""
        infos = infos_of(self.leaves[value.node].flow)
        taken: Sequence[Value] = self.graph.takes.get(value.node, ())
        fold = self.leaves[value.node].fold
        timed = [i for i, info in enumerate(infos) if time_size(info, fold, self.world) is not None]
        return (taken[timed[0]], timed[0]) if len(timed) == 1 and len(taken) == len(infos) else None

    def _rows(self, value: Value, i: int) -> Rows | None:
        """The rows of a value over the steps of input ``i``, at the spec's own length."""
        if self.in_full:
            effect = self.records[value.node].effect
        else:
            effect = known_effect(self.leaves[value.node], self.world, self.world.sizes)
        return None if effect is None else effect.links.get((value.part, i))

    def _is_last(self, value: Value, source: Leaf, rows: Rows) -> bool:
        axes, steps = self.records[value.node].axes, _steps(source, value.part, self.world)
        both_ways = bool(source.module.bidirectional) and axes is not None and axes.time == "mixes"
        return both_ways and value.part == 0 and steps > 1 and all(row == 1 << steps - 1 for row in rows)

    def _goes_on_in_halves(self, value: Value) -> bool:
        users = self.users.get(value, [])
        return value not in self.outputs and all(self._takes_half(self.leaves.get(user), 0) for user in users)

    def _takes_half(self, leaf: Leaf | None, part: int) -> bool:
        """Whether it takes a part of the features."""
        if leaf is None or leaf.type not in _HALVES:
            return False
        return leaf.inputs[0].axes[-1].size != leaf.outputs[part].axes[-1].size


def _steps(leaf: Leaf, part: int, world: World) -> int:
    time = time_size(leaf.outputs[part], leaf.fold, world)
    return 1 if time is None else time.value(world.sizes)

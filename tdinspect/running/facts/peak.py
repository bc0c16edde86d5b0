"""The memory that values take at most at one time in a pass without gradients, from shapes and wiring alone.

A value is kept until the last step that takes it has run; inputs and outputs of the model are kept throughout. Each
value counts as memory of its own, also one that torch makes as a view. What a layer needs while it runs is not known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate

from tdinspect.domain.spec import ModelSpec
from tdinspect.domain.trace import TensorInfo
from tdinspect.running.assemble import Assembly
from tdinspect.running.costs.layers import Costs
from tdinspect.running.facts.graph import Graph, Value, graph_of


def with_peak(spec: ModelSpec, assembly: Assembly) -> Assembly:
    """The same assembly, its trace with the largest sum of what is kept while a step runs.

    None is known where the pass did not come to its end.
    """
    if assembly.model is None:
        return assembly
    graph = graph_of(spec, assembly.leaves)
    peak = None if graph.outputs is None else _Lives(graph, assembly).peak()
    return replace(assembly, trace=replace(assembly.trace, peak_bytes=peak))


@dataclass(slots=True)
class _Life:
    """From the step that makes a value to the last that takes it, both counted."""

    bytes: int
    first: int
    last: int


@dataclass(slots=True)
class _Loop:
    """A Recurrent: from its first step to its last, and how often they run."""

    first: int
    last: int
    calls: int


class _Lives:
    def __init__(self, graph: Graph, assembly: Assembly) -> None:
        self.graph, self.assembly = graph, assembly
        self.costs = Costs(assembly.world.sizes)
        self.at = {node: index for index, node in enumerate(graph.takes)}
        self.users = graph.users()
        self.outputs = {*(graph.outputs or ())}
        records = assembly.trace.layers
        self.times = {record.name: record.times.value(assembly.world.sizes) for record in records}
        self.loops = self._spans({record.name for record in records if record.type == "Recurrent"})

    def peak(self) -> int:
        """The largest sum over the steps."""
        end = len(self.at)
        changes = [0] * (end + 2)
        for life in self._lives(end):
            changes[life.first] += life.bytes
            changes[life.last + 1] -= life.bytes
        return max(accumulate(changes))

    def _lives(self, end: int) -> list[_Life]:
        found = [_Life(self.costs.bytes(info), 0, end) for info in self.assembly.inputs.values()]
        for node, leaf in self.assembly.leaves.items():
            if node in self.at:
                found += [self._life(Value(node, part), info, end) for part, info in enumerate(leaf.outputs)]
        for node, taken in self.graph.takes.items():
            if node not in self.assembly.leaves and (like := self._like(taken)) is not None:
                found.append(self._life(Value(node), like, end))
        return found

    def _life(self, value: Value, info: TensorInfo, end: int) -> _Life:
        """What a Recurrent is given stays until its last step, and what leaves it is there once for each step."""
        made, users = self.at[value.node], self.users.get(value, [])
        last = max((self._until(user, made) for user in users), default=made)
        calls = self._calls(value.node)
        outside = [self._calls(user) for user in users] + [1] * (value in self.outputs)
        copies = calls // min([calls, *outside])
        first = min([made, *(self.at[user] for user in users)])  # a state is taken before its next value is made
        return _Life(copies * self.costs.bytes(info), first, end if value in self.outputs else max(last, made))

    def _until(self, user: str, made: int) -> int:
        """The end of the outermost Recurrent that a step stands in and the value does not, or the step itself."""
        around = [self.loops[name] for name in _around(user) if name in self.loops]
        return max([self.at[user], *(loop.last for loop in around if not loop.first <= made <= loop.last)])

    def _calls(self, node: str) -> int:
        """How often a pass runs a step; a sum runs as often as its container, a state as often as what is inside."""
        if " state " in node:
            return self.loops[node.rpartition(" state ")[0]].calls
        return self.times.get(node.removesuffix(" sum"), 1)

    def _like(self, taken: tuple[Value, ...]) -> TensorInfo | None:
        """A sum and a state have the shape of what they are made of."""
        infos = [self._info(value) for value in taken]
        return next((info for info in infos if info is not None), None)

    def _info(self, value: Value) -> TensorInfo | None:
        leaf = self.assembly.leaves.get(value.node)
        if leaf is not None:
            return leaf.outputs[value.part]
        if value.node.startswith("input "):
            return self.assembly.inputs.get(value.node.removeprefix("input "))
        inner = [taken for taken in self.graph.takes.get(value.node, ()) if taken.node != value.node]
        return self._like(tuple(taken for taken in inner if taken.node in self.assembly.leaves))

    def _spans(self, names: set[str]) -> dict[str, _Loop]:
        """Where the steps of each Recurrent stand, and how often they run."""
        found: dict[str, _Loop] = {}
        for node, index in self.at.items():
            for name in _around(node):
                if name in names:
                    loop = found.setdefault(name, _Loop(index, index, self._inside(node, name)))
                    loop.last = index
        return found

    def _inside(self, node: str, loop: str) -> int:
        """How often a Recurrent runs its steps: as often as the first of them, which may hold further ones."""
        first = node[len(loop) + 1 :].partition(".")[0]
        return self.times.get(f"{loop}.{first}", 1)


def _around(node: str) -> list[str]:
    """The containers that a step stands in; a state stands in its own."""
    name, _, state = node.partition(" state ")
    parts = name.split(".")
    return [".".join(parts[: i + 1]) for i in range(len(parts) if state else len(parts) - 1)]

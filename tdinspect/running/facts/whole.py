"""What a container does to time as a whole, where the spec says what it is meant to do."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from itertools import count

from tdinspect.building.model import Steps
from tdinspect.building.wiring import Flow, Perform, Scope
from tdinspect.domain.effect import Rows, TimeEffect, each
from tdinspect.domain.spec import Container, Step
from tdinspect.domain.trace import LayerRecord
from tdinspect.domain.tree import Tree, first, map_tree
from tdinspect.running.assemble import Assembly
from tdinspect.running.dependence.composition import Composition, Seen, Unknown
from tdinspect.running.dependence.times import time_size, word_of


def times_of_containers(assembly: Assembly, sizes: Mapping[str, int]) -> Mapping[str, TimeEffect | None]:
    """For every container with a `time` of its own, by its name, the word that is true of it.

    Nothing is said of those that hold a layer nobody knows, nor of those of a model that stops.
    """
    meant = {record.name: record for record in assembly.trace.layers if record.container and record.time is not None}
    if assembly.model is None or not meant:
        return {}
    watch = _Watch(assembly, sizes, meant)
    values = {name: Seen() for name in assembly.inputs}
    with suppress(Unknown):
        watch.run(assembly.model.body, Scope(values=dict(values)), Flow((next(iter(values.values())),)))
    return watch.found


class _Watch(Composition):
    """Each of these containers is walked with inputs of its own, one row a step."""

    def __init__(self, assembly: Assembly, sizes: Mapping[str, int], meant: Mapping[str, LayerRecord]) -> None:
        effects = {record.name: record.effect for record in assembly.trace.layers}
        super().__init__(assembly.leaves, lambda name, *_: effects.get(name), assembly.world, sizes)
        self.meant = meant
        self.found: dict[str, TimeEffect | None] = {}

    def _performer(self, body: Steps, prefix: str) -> Perform:
        perform = super()._performer(body, prefix)

        def watched(step: Step, flow: Flow, scope: Scope) -> Tree:
            record = self.meant.get(prefix + step.name)
            if record is not None and isinstance(step.operation, Container):
                self._look(record, perform, step, flow, scope)
            return perform(step, flow, scope)

        return watched

    def _look(self, record: LayerRecord, perform: Perform, step: Step, flow: Flow, scope: Scope) -> None:
        numbers = count()

        def own(value: object) -> object:
            if not isinstance(value, Seen):
                return value
            i = next(numbers)
            time = time_size(record.inputs[i], None, self.world)
            return Seen({str(i): each(1 if time is None else time.value(self.sizes))})

        entering = Flow(map_tree(own, flow.args), map_tree(own, dict(flow.kwargs)))
        value = first(perform(step, entering, Scope(parent=scope)))
        if isinstance(value, Seen):
            self.found[record.name] = self._word(record, value.rows)

    def _word(self, record: LayerRecord, rows: Mapping[str, Rows]) -> TimeEffect | None:
        found = [(rows.get(str(i)), time_size(info, None, self.world)) for i, info in enumerate(record.inputs)]
        return word_of(found, time_size(record.outputs[0], None, self.world), self.world, self.sizes)

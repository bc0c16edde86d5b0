"""What each layer and the whole model do to time and batch, at sizes small enough to look at every step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tdinspect.building.wiring import Flow, Scope
from tdinspect.domain.effect import (
    AxisEffect,
    BatchEffect,
    Effect,
    ModelAxes,
    Rows,
    TimeEffect,
    each,
    joined,
    model_effect,
    receptive_field,
    time_effect,
)
from tdinspect.domain.size import Size
from tdinspect.domain.spec import ModelSpec, Recurrent, all_steps
from tdinspect.domain.trace import LayerRecord, TensorInfo
from tdinspect.domain.tree import first
from tdinspect.running.assemble import Assembly
from tdinspect.running.composition import Composition, Seen, Unknown
from tdinspect.running.effects import effect_of, known_effect
from tdinspect.running.engine import inspecting
from tdinspect.running.sides import Leaf, infos_of
from tdinspect.running.times import clock_of, rate, time_size

_SHORT = 16  # steps up to which every step of the spec's own length is looked at
_LENGTHS = (9, 12, 16, 24, 32, 48, 64, 96, 128, 256)
_LONG = (64, 256, 1024, 4096)  # where a receptive field is looked for


def analyse_axes(spec: ModelSpec, assembly: Assembly) -> Assembly:
    """The same assembly, with the effect of every layer and function that ran, and of a model that runs."""
    analysis = _Analysis(assembly, _small_sizes(assembly))
    with inspecting():
        layers = tuple(map(analysis.judged, assembly.trace.layers))
        model = analysis.model(spec) if assembly.model is not None else None
    return replace(assembly, trace=replace(assembly.trace, layers=layers, axes=model))


class _Analysis:
    def __init__(self, assembly: Assembly, sizes: Mapping[str, int]) -> None:
        self.assembly, self.world, self.sizes = assembly, assembly.world, sizes
        self.known: dict[object, Effect | None] = {}

    def effect(self, leaf: Leaf) -> Effect | None:
        """What a layer does at the small sizes; the copies of a repeat are looked at once."""
        key = (leaf.kind, repr(leaf.flow), leaf.fold)
        if key not in self.known:
            self.known[key] = effect_of(leaf, self.world, self.sizes)
        return self.known[key]

    def judged(self, record: LayerRecord) -> LayerRecord:
        """A row with its effect."""
        leaf = self.assembly.leaves.get(record.name)
        if leaf is None or record.container or record.failure is not None or not leaf.outputs:
            return record
        found = self.effect(leaf)
        return record if found is None else replace(record, effect=found, axes=self._of_layer(leaf, found))

    def _of_layer(self, leaf: Leaf, effect: Effect) -> AxisEffect:
        batch = None if effect.mixes_batch is None else effect.mixes_batch[0]
        before = [time_size(info, leaf.fold, self.world) for info in infos_of(leaf.flow)]
        after = time_size(leaf.outputs[0], leaf.fold, self.world)
        found = [(effect.links.get((0, i)), size) for i, size in enumerate(before) if size is not None]
        return AxisEffect(self._word(found, after), None if batch is None else "mixes" if batch else "independent")

    def _word(self, found: Sequence[tuple[Rows | None, Size]], after: Size | None) -> TimeEffect | None:
        """The word for a value with the time axis ``after``, by its rows over each time axis that comes in."""
        if not found:
            return None
        if after is None:
            return "gone"
        # Another clock (the source of a translation) has steps of its own: none of them is before or after.
        clock = clock_of(after, self.world)
        same = [(rows, size) for rows, size in found if rows is not None and clock_of(size, self.world) == clock]
        words = [time_effect(rows, size.value(self.sizes), rate(size, after, self.world)) for rows, size in same]
        return joined(words)

    def model(self, spec: ModelSpec) -> ModelAxes | None:
        """The whole model; None where a layer on the way is not known."""
        try:
            outputs = self._outputs(spec, self.sizes)
        except Unknown:
            return None
        inputs = {name: time_size(info, None, self.world) for name, info in self.assembly.inputs.items()}
        timed = {name: size for name, size in inputs.items() if size is not None}
        after = {name: self._after(name) for name in outputs}
        words = [
            self._word([(value.rows.get(name), size) for name, size in timed.items()], after[output])
            for output, value in outputs.items()
        ]
        shown = next((name for name in outputs if after[name] is not None), next(iter(outputs)))
        entered = next((name for name in timed if name in outputs[shown].rows), None)
        if entered is None:
            return ModelAxes(model_effect(words), self._batch(outputs.values()))
        rows, steps = outputs[shown].rows[entered], timed[entered].value(self.sizes)
        return ModelAxes(
            model_effect(words), self._batch(outputs.values()), rows, steps, self._receptive_field(spec, shown, entered)
        )

    def _batch(self, outputs: Iterable[Seen]) -> BatchEffect | None:
        if all(info.axis_of(self.world.batch) is None for info in self.assembly.inputs.values()):
            return None
        return "mixes" if any(value.mixed for value in outputs) else "independent"

    def _after(self, output: str) -> Size | None:
        return time_size(self.assembly.trace.outputs[output], None, self.world)

    def _outputs(self, spec: ModelSpec, sizes: Mapping[str, int]) -> dict[str, Seen]:
        """What each output follows. Raises Unknown."""
        model = self.assembly.model
        assert model is not None
        effect = self.effect if sizes is self.sizes else lambda leaf: known_effect(leaf, self.world, sizes)
        values: dict[str, Seen] = {}
        for name, info in self.assembly.inputs.items():
            size = time_size(info, None, self.world)
            values[name] = Seen({name: each(1 if size is None else size.value(sizes))})
        scope = Scope(values=dict(values))
        composition = Composition(self.assembly.leaves, effect)
        last = composition.run(model.body, scope, Flow((next(iter(values.values())),)))
        return {name: first(scope[name]) for name in spec.outputs} or {"output": first(last)}

    def _receptive_field(self, spec: ModelSpec, output: str, entered: str) -> int | None:
        """How many input steps one output step can follow, where more steps in do not make it more.

        Looked for by what is known of the layers alone: None where one had to be probed.
        """
        if any(isinstance(step.operation, Recurrent) for step in all_steps(spec.steps)) or self._endless():
            return None
        for length in _LONG:
            try:
                rows = self._outputs(spec, self._long(length))[output].rows.get(entered, ())
            except Unknown:
                return None
            span = receptive_field(rows)
            if span is None or span < length // 2:
                return span
        return None

    def _long(self, length: int) -> Mapping[str, int]:
        return {**self.sizes, **dict.fromkeys(self.world.clocks, length)}

    def _endless(self) -> bool:
        """True where one layer alone sees as far as there are steps, or is not known."""
        sizes = self._long(_LONG[-1])
        for leaf in self.assembly.leaves.values():
            before = [time_size(info, leaf.fold, self.world) for info in infos_of(leaf.flow)]
            effect = known_effect(leaf, self.world, sizes) if any(before) else Effect({})
            if effect is None:
                return True
            steps = [1 if size is None else size.value(sizes) for size in before]
            if any(steps[i] > 1 and receptive_field(rows) == steps[i] for (_, i), rows in effect.links.items()):
                return True
        return False


def _small_sizes(assembly: Assembly) -> Mapping[str, int]:
    """The spec's own sizes where they are small, else as few steps as every layer takes."""
    world = assembly.world
    own = dict(world.sizes)
    long = [clock for clock in world.clocks if own[clock] > _SHORT]
    infos = [info for leaf in assembly.leaves.values() for info in (*infos_of(leaf.flow), *leaf.outputs)]
    for length in _LENGTHS if long else ():
        shorter = {clock: min(own[clock], length + i) for i, clock in enumerate(long)}
        sizes = {**own, **shorter}
        if all(size > 0 for info in infos for size in info.shape(sizes)):
            return sizes
    return own

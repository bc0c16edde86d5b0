"""What each layer and the whole model do to time and batch, at sizes small enough to look at every step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from torch import Tensor

from tdinspect.building.wiring import Flow, Scope
from tdinspect.domain.effect import (
    AxisEffect,
    BatchEffect,
    Effect,
    ModelAxes,
    Rows,
    TimeEffect,
    each,
    mixes_samples,
    model_effect,
    receptive_field,
)
from tdinspect.domain.remembered import Remembered
from tdinspect.domain.size import Size
from tdinspect.domain.spec import ModelSpec, Recurrent, all_steps
from tdinspect.domain.trace import LayerRecord
from tdinspect.domain.tree import first
from tdinspect.running.assemble import Assembly
from tdinspect.running.dependence.composition import Composition, Seen, Unknown
from tdinspect.running.dependence.effects import effect_of, known_effect, module_effect
from tdinspect.running.dependence.times import time_size, word_of
from tdinspect.running.engine import inspecting
from tdinspect.running.sides import Leaf

_SHORT = 16  # steps up to which every step of the spec's own length is looked at
_ENOUGH = 4  # fewer steps do not show what a layer does to them
_LENGTHS = (9, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
_MASKS = frozenset(("causal_mask", "masked_fill", "where", "tril", "triu"))
_LARGE = 20_000_000  # parameters of a model up to which it is run some fifty times
_WIDEST = 512  # steps that no single window spans
_LONG = (64, 128, 256, 512, 1024, 2048, 4096)  # where a receptive field is looked for

_EFFECTS: Remembered[Effect | None] = Remembered()

ConstantsAt = Callable[[Mapping[str, int]], Mapping[str, Mapping[int, Tensor]]]


def analyse_axes(spec: ModelSpec, assembly: Assembly, *, receptive_field: bool = True) -> Assembly:
    """The same assembly, with the effect of every layer and function that ran, and of a model that runs.

    Its receptive field is looked for on request: over thousands of steps, where it is wide.
    """
    own, small = assembly.world.sizes, _small_sizes(assembly)
    with inspecting():
        found, certain = _analysed(spec, assembly, small, receptive_field)
        if not certain and small != own and max((own[c] for c in assembly.world.clocks), default=1) <= _LENGTHS[-1]:
            # Something in it takes the spec's own sizes only.
            found, _ = _analysed(spec, assembly, own, receptive_field)
    return found


def _analysed(spec: ModelSpec, assembly: Assembly, sizes: Mapping[str, int], wide: bool) -> tuple[Assembly, bool]:
    analysis = _Analysis(assembly, sizes)
    model = analysis.model(spec, wide) if assembly.model is not None else None
    layers = tuple(map(analysis.judged, assembly.trace.layers))
    judged = replace(assembly, trace=replace(assembly.trace, layers=layers, axes=model, looked_at=sizes))
    certain = model is not None or assembly.model is None
    return judged, certain and None not in analysis.known.values()


def judged_layers(assembly: Assembly, constants_at: ConstantsAt) -> Assembly:
    """The same assembly, the rows with their effects, for a model whose wiring nobody knows.

    ``constants_at(sizes)`` has for the names of leaves those of their inputs that no input of the model moves.
    """
    own, small = assembly.world.sizes, _small_sizes(assembly)
    for sizes in (small, own):
        analysis = _Analysis(assembly, sizes)
        with inspecting():
            # Only runs look at the values, and a pass for them costs as much as the module.
            for name, values in constants_at(sizes).items() if analysis.has_unknown() else ():
                analysis.effect_in_the_model(name, assembly.leaves[name], values)
            layers = tuple(map(analysis.judged, assembly.trace.layers))
        if None not in analysis.known.values() or max(own.values(), default=0) > _LENGTHS[-1]:
            break  # else something in it takes its own sizes only
    return replace(assembly, trace=replace(assembly.trace, layers=layers, looked_at=sizes))


class _Analysis:
    def __init__(self, assembly: Assembly, sizes: Mapping[str, int]) -> None:
        self.assembly, self.world, self.sizes = assembly, assembly.world, sizes
        self.sizes_key = tuple(sizes.items())
        self.known: dict[object, Effect | None] = {}
        self.in_the_model: dict[str, Effect | None] = {}  # by name, with the masks that reach the layer there

    def effect(self, leaf: Leaf, constants: Mapping[int, Tensor] = MappingProxyType({})) -> Effect | None:
        """What a layer does at the small sizes; the copies of a repeat are looked at once."""
        values = tuple((i, id(value)) for i, value in constants.items())
        key = (leaf.call, values)
        if key not in self.known:
            alone = leaf.is_known_by_kind and not constants
            self.known[key] = self._remembered(leaf) if alone else self._found(leaf, constants)
        return self.known[key]

    def _remembered(self, leaf: Leaf) -> Effect | None:
        key = (leaf.call, self.sizes_key, self.world.key)
        found = _EFFECTS.get(key)
        return found if found is not None else _EFFECTS.put(key, self._found(leaf, {}))

    def _found(self, leaf: Leaf, constants: Mapping[int, Tensor]) -> Effect | None:
        return effect_of(leaf, self.world, self.sizes, constants)

    def effect_in_the_model(self, name: str, leaf: Leaf, constants: Mapping[int, Tensor]) -> Effect | None:
        """What it does there, where some of its inputs do not move."""
        self.in_the_model[name] = found = self.effect(leaf, constants)
        return found

    def has_unknown(self) -> bool:
        """Whether some layer is not known by its family, but has to be run."""
        return any(known_effect(leaf, self.world, self.sizes) is None for leaf in self._unlike())

    def _unlike(self) -> Iterable[Leaf]:
        """The leaves, of equal calls one."""
        return {leaf.call: leaf for leaf in self.assembly.leaves.values()}.values()

    def judged(self, record: LayerRecord) -> LayerRecord:
        """A row with its effect."""
        leaf = self.assembly.leaves.get(record.name)
        if leaf is None or record.failure is not None or not leaf.outputs:
            return record
        found = self.in_the_model.get(record.name) or self.effect(leaf)
        return record if found is None else record.with_more(effect=found, axes=self._of_layer(leaf, found))

    def _of_layer(self, leaf: Leaf, effect: Effect) -> AxisEffect:
        batch = None if effect.mixes_batch is None else effect.mixes_batch[0]
        before = [time_size(info, leaf.fold, self.world) for info in leaf.inputs]
        after = time_size(leaf.outputs[0], leaf.fold, self.world)
        found = [(effect.links.get((0, i)), size) for i, size in enumerate(before)]
        word = word_of(found, after, self.world, self.sizes)
        return AxisEffect(word, None if batch is None else "mixes" if batch else "independent")

    def model(self, spec: ModelSpec, wide: bool) -> ModelAxes | None:
        """The whole model; None where nothing can be said about it. ``wide``: with its receptive field."""
        inputs = {name: time_size(info, None, self.world) for name, info in self.assembly.inputs.items()}
        timed = {name: size for name, size in inputs.items() if size is not None}
        after = {name: self._after(name) for name in self.assembly.trace.outputs}

        def words_of(outputs: Mapping[str, Seen]) -> list[TimeEffect | None]:
            return [
                word_of(
                    [(value.rows.get(name), size) for name, size in timed.items()],
                    after[output],
                    self.world,
                    self.sizes,
                )
                for output, value in outputs.items()
            ]

        outputs = self._composed(spec)
        if outputs is None or ("mixes" in words_of(outputs) and self._masked()):
            outputs = self._in_runs() or outputs  # what a mask takes away, no layer alone shows
        if outputs is None:
            return None
        words = words_of(outputs)
        shown = next((name for name in outputs if after[name] is not None), next(iter(outputs)))
        entered = next((name for name in timed if name in outputs[shown].rows), None)
        if entered is None:
            return ModelAxes(model_effect(words), self._batch(outputs))
        rows, steps = outputs[shown].rows[entered], timed[entered].value(self.sizes)
        field = self._receptive_field(spec, shown, entered) if wide else None
        return ModelAxes(model_effect(words), self._batch(outputs), rows, steps, field)

    def _composed(self, spec: ModelSpec) -> dict[str, Seen] | None:
        try:
            return self._outputs(spec, self.sizes)
        except Unknown:
            return None

    def _masked(self) -> bool:
        """True where attention may be written out with a mask."""
        return any(leaf.type in _MASKS for leaf in self.assembly.leaves.values())

    def _in_runs(self) -> dict[str, Seen] | None:
        """What each output follows, seen in runs of the whole model; None for one that is too large for that."""
        model, trace = self.assembly.model, self.assembly.trace
        assert model is not None
        if sum(parameter.numel() for parameter in model.parameters()) > _LARGE:
            return None
        flow = Flow(tuple(self.assembly.inputs.values()))
        found = module_effect(model, flow, tuple(trace.outputs.values()), self.world, self.sizes)
        if found is None:
            return None
        names = list(self.assembly.inputs)

        def of(links: Mapping[tuple[int, int], Rows], output: int) -> dict[str, Rows]:
            return {names[i]: rows for (o, i), rows in links.items() if o == output}

        return {output: Seen(of(found.links, o), of(found.samples, o)) for o, output in enumerate(trace.outputs)}

    def _batch(self, outputs: Mapping[str, Seen]) -> BatchEffect | None:
        batch = self.world.batch
        if all(info.axis_of(batch) is None for info in self.assembly.inputs.values()):
            return None
        found = (
            mixes_samples(rows, self.assembly.trace.outputs[output].axis_of(batch) is not None)
            for output, seen in outputs.items()
            for rows in seen.samples.values()
        )
        return "mixes" if any(found) else "independent"

    def _after(self, output: str) -> Size | None:
        return time_size(self.assembly.trace.outputs[output], None, self.world)

    def _outputs(self, spec: ModelSpec, sizes: Mapping[str, int]) -> dict[str, Seen]:
        """What each output follows. Raises Unknown."""
        model = self.assembly.model
        assert model is not None
        values: dict[str, Seen] = {}
        for name, info in self.assembly.inputs.items():
            steps, samples = time_size(info, None, self.world), info.axis_of(self.world.batch)
            values[name] = Seen(
                {name: each(1 if steps is None else steps.value(sizes))},
                {} if samples is None else {name: each(info.axes[samples].size.value(sizes))},
            )
        scope = Scope(values=dict(values))

        def known(name: str, leaf: Leaf, constants: Mapping[int, Tensor]) -> Effect | None:
            return known_effect(leaf, self.world, sizes)

        effect = self.effect_in_the_model if sizes is self.sizes else known
        composition = Composition(self.assembly.leaves, effect, self.world, sizes)
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
        sizes = self._long(_WIDEST)
        for leaf in self._unlike():
            if leaf.fold is not None:  # it sees one step, or all that are folded
                found = self.effect(leaf)
                if found is not None and self._of_layer(leaf, found).time == "mixes":
                    return True
                continue
            before = [time_size(info, None, self.world) for info in leaf.inputs]
            effect = known_effect(leaf, self.world, sizes) if any(before) else Effect({})
            if effect is None:
                return True
            steps = [1 if size is None else size.value(sizes) for size in before]
            if any(steps[i] > 1 and receptive_field(rows) == steps[i] for (_, i), rows in effect.links.items()):
                return True
        return False


def _small_sizes(assembly: Assembly) -> Mapping[str, int]:
    """The spec's own sizes where they are small, else as few steps as leave some to every layer."""
    world = assembly.world
    own = dict(world.sizes)
    few = dict(own)
    if world.batch is not None:
        few[world.batch] = min(max(own[world.batch], 2), 3)  # one sample cannot show that samples mix
    long = [clock for clock in world.clocks if own[clock] > _SHORT]
    seen = [(i, leaf.fold) for leaf in assembly.leaves.values() for i in (*leaf.inputs, *leaf.outputs)]
    times = {size for info, fold in seen if (size := time_size(info, fold, world)) is not None}
    others = {axis.size for info, _ in seen for axis in info.axes}
    for length in _LENGTHS if long else ():
        sizes = {**few, **{clock: min(own[clock], length + i) for i, clock in enumerate(long)}}
        if all(size.value(sizes) >= min(_ENOUGH, size.value(own)) for size in times) and all(
            size.value(sizes) > 0 for size in others
        ):
            return sizes
    return few

"""Where samples or steps run into each other though no step of the model mixes them by itself."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from tdinspect.building.tensor_function import TensorFunction
from tdinspect.building.wiring import Flow, Scope
from tdinspect.domain.effect import each
from tdinspect.domain.spec import Step
from tdinspect.domain.trace import LayerRecord, TensorInfo
from tdinspect.domain.tree import Tree, leaves
from tdinspect.running.assemble import Assembly
from tdinspect.running.call import World, is_view
from tdinspect.running.dependence.composition import Composition, Seen, Unknown
from tdinspect.running.dependence.times import time_size
from tdinspect.running.dependence.tracks import batch_track, time_track
from tdinspect.running.sides import Leaf


def where_samples_meet(assembly: Assembly, sizes: Mapping[str, int]) -> frozenset[str]:
    """The rows at which samples of the inputs first mix, by the effects of all steps together at these sizes."""
    batch = assembly.world.batch
    if assembly.model is None or batch is None or _keeps_samples(assembly, sizes[batch]):
        return frozenset()
    watch = _Watch(assembly, sizes)
    values = {name: _entering(name, info, assembly, sizes) for name, info in assembly.inputs.items()}
    with suppress(Unknown):  # what was seen up to there stands
        watch.run(assembly.model.body, Scope(values=dict(values)), Flow((next(iter(values.values())),)))
    return frozenset(watch.found)


def _keeps_samples(assembly: Assembly, samples: int) -> bool:
    """True where every step keeps each sample in its place: then none meet, whatever the wiring is."""
    own = each(samples)
    effects = [record.effect for record in assembly.trace.layers if record.name in assembly.leaves]
    return all(effect is not None and set(effect.samples.values()) <= {own} for effect in effects)


def _entering(name: str, info: TensorInfo, assembly: Assembly, sizes: Mapping[str, int]) -> Seen:
    steps, samples = time_size(info, None, assembly.world), info.axis_of(assembly.world.batch)
    return Seen(
        {name: each(1 if steps is None else steps.value(sizes))},
        {} if samples is None else {name: each(info.axes[samples].size.value(sizes))},
    )


class _Watch(Composition):
    def __init__(self, assembly: Assembly, sizes: Mapping[str, int]) -> None:
        effects = {record.name: record.effect for record in assembly.trace.layers}
        super().__init__(assembly.leaves, lambda name, *_: effects.get(name), assembly.world, sizes)
        self.found: set[str] = set()
        self.mixed: set[int] = set()
        self.kept: list[Seen] = []  # so that no other value takes the place of one that is gone

    def _leaf(self, name: str, flow: Flow, step: Step) -> Tree:
        if joins_samples(self.leaves[name], self.world):
            raise Unknown
        value = super()._leaf(name, flow, step)
        before = [part for part in leaves((flow.args, {**flow.kwargs})) if isinstance(part, Seen)]
        seen = [part for part in leaves(value) if isinstance(part, Seen)]
        leaf = self.leaves[name]
        mixed = [self._mixes(part, info, leaf) for part, info in zip(seen, leaf.outputs, strict=False)]
        if any(mixed) and not any(id(part) in self.mixed for part in before):
            self.found.add(name)
        if any(mixed):
            self.mixed.update(map(id, seen))
            self.kept += seen
        return value

    def _mixes(self, value: Seen, info: TensorInfo, leaf: Leaf) -> bool:
        track = batch_track(info, leaf.fold, self.world, self.sizes)
        samples = self.sizes[str(self.world.batch)]
        own = track is not None and not track.merged and track.count == samples  # 8*B has 8 places for each sample
        return any(
            bool(row & ~(1 << u)) if own else row.bit_count() > 1
            for rows in value.samples.values()
            for u, row in enumerate(rows)
        )


def joins_samples(leaf: Leaf, world: World) -> bool:
    """Whether a step that only rearranges makes one axis of the batch and others, and nobody follows it from there.

    The last axis is left out: what joins samples there makes features of them.
    """
    lost = (info for info in leaf.outputs if batch_track(info, leaf.fold, world, world.sizes) is None)
    found = (axis for info in lost for axis in info.axes[:-1] if world.batch in axis.size.symbols)
    return is_view(leaf.module) and any(not axis.carries for axis in found)


def steps_meet(record: LayerRecord, leaf: Leaf, assembly: Assembly, sizes: Mapping[str, int]) -> bool:
    """Whether a function that only rearranges runs steps into each other and calls the result as many steps."""
    if not isinstance(leaf.module, TensorFunction) or not leaf.module.is_view or record.effect is None:
        return False
    world, rows = assembly.world, record.effect.links.get((0, 0), ())
    after = time_track(leaf.outputs[0], leaf.fold, world, sizes)
    infos = leaf.inputs
    before = time_track(infos[0], leaf.fold, world, sizes) if infos else None
    if after is None or before is None or before.merged or record.axes is None:
        return False
    if not after.merged:
        return record.axes.time == "mixes"
    samples = 1 if world.batch is None else sizes[world.batch]
    return len(rows) >= before.count * samples and any(row.bit_count() > 1 for row in rows)

"""What the rules ask of a model that ran and its rows do not tell: its wiring, train mode, and ways out that work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase
from torch.nn.modules.conv import _ConvNd

from tdinspect.domain.sequence import CELLS, RECURRENCES, SEQUENCE
from tdinspect.domain.spec import ModelSpec
from tdinspect.domain.trace import Facts, Fix, LayerRecord
from tdinspect.running.assemble import Assembly
from tdinspect.running.call import World, is_view
from tdinspect.running.dependence.effects import train_crosses
from tdinspect.running.dependence.times import time_size
from tdinspect.running.engine import inspecting
from tdinspect.running.facts.graph import Graph, Value, graph_of
from tdinspect.running.facts.last_step import LastSteps
from tdinspect.running.facts.meeting import joins_samples, steps_meet, where_samples_meet
from tdinspect.running.facts.needless import is_needless
from tdinspect.running.facts.tries import Tries, other_arguments
from tdinspect.running.facts.whole import times_of_containers
from tdinspect.running.sides import Leaf, infos_of

# Where they have their channels, or the first axis that they work on, and no weights that would tell.
_CHANNELS = {
    **dict.fromkeys(("ChannelShuffle", "CrossMapLRN2d", "Flatten", "Unflatten"), 1),
    **dict.fromkeys(("PixelShuffle", "PixelUnshuffle", "Unfold"), -3),
    "Fold": -2,
}
_UPSAMPLING = frozenset(("Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d"))
_PART_0_IS_MEANT = RECURRENCES | CELLS | {"MultiheadAttention"}


def gather_facts(spec: ModelSpec | None, assembly: Assembly) -> Assembly:
    """The same assembly, every row with the facts that the rules ask for. The effects are there already.

    Without a spec nobody knows the wiring, nor what the code between the layers does: what needs those is left out.
    """
    with inspecting():
        graph = Graph() if spec is None else graph_of(spec, assembly.leaves)
        gathering = _Gathering(assembly, graph, assembly.trace.looked_at)
        told = [record for record in assembly.trace.layers if spec is not None or not record.container]
        facts = {record.name: gathering.of(record) for record in told}
        layers = tuple(record.with_more(facts=facts.get(record.name, Facts())) for record in assembly.trace.layers)
    return replace(assembly, trace=replace(assembly.trace, layers=layers))


class _Gathering:
    def __init__(self, assembly: Assembly, graph: Graph, sizes: Mapping[str, int]) -> None:
        self.assembly, self.leaves, self.world, self.sizes = assembly, assembly.leaves, assembly.world, sizes
        self.wholes = times_of_containers(assembly, sizes)
        self.meeting = where_samples_meet(assembly, sizes)
        self.graph, self.users, self.reaching = graph, graph.users(), graph.reaching()
        self.outputs = {*(graph.outputs or ())}
        self.records = {record.name: record for record in assembly.trace.layers}
        self.last_steps = LastSteps(graph, self.records, self.leaves, self.world, sizes)
        self.uses: dict[str, list[str]] = {}  # of the modules that are used again
        for record in assembly.trace.layers:
            if record.shared_with is not None:
                self.uses.setdefault(record.shared_with, []).append(record.name)

    def of(self, record: LayerRecord) -> Facts:
        """The facts of one row."""
        leaf = self.leaves.get(record.name)
        if record.failure is not None or (leaf is None and not record.container):
            return Facts()
        if leaf is None:
            return self._of_container(record)
        if not leaf.outputs or not leaf.inputs or "." in leaf.type:
            return Facts(used=self._is_used(record.name), dropped=self._dropped(record, leaf))
        return Facts(
            used=self._is_used(record.name),
            dropped=self._dropped(record, leaf),
            norm=self._norm_after(record, leaf),
            last_step_of=self.last_steps.source(record.name),
            train=_train(leaf, self.world),
            takes_time_for_channels=takes_time_for_channels(record, self.world),
            joins_samples=joins_samples(leaf, self.world),
            samples_meet=record.name in self.meeting and not record.mixes_samples,
            steps_meet=self._steps_meet(record, leaf),
            fixes=tuple(self._fixes(record, leaf)),
        )

    def _of_container(self, record: LayerRecord) -> Facts:
        inside = f"{record.name}."
        rows = [row for name, row in self.records.items() if name.startswith(inside)]
        leaves = [leaf for name, leaf in self.leaves.items() if name.startswith(inside)]
        needless = record.type == "TimeDistributed" and is_needless(rows, leaves, self.world)
        dropped, time = self.graph.dropped.get(record.name, 0), self.wholes.get(record.name)
        return Facts(needless=needless, dropped=dropped, time=time)

    def _steps_meet(self, record: LayerRecord, leaf: Leaf) -> bool:
        return not record.mixes_samples and steps_meet(record, leaf, self.assembly, self.sizes)

    def _is_used(self, name: str) -> bool:
        """Whether something of a layer, or of another use of it, reaches an output."""
        return self.reaching is None or any(node in self.reaching for node in (name, *self.uses.get(name, ())))

    def _dropped(self, record: LayerRecord, leaf: Leaf) -> int:
        parts = len(leaf.value) if isinstance(leaf.value, tuple | list) else 1
        if parts < 2 or record.type in _PART_0_IS_MEANT or record.name in self.graph.named:
            return 0
        values = [Value(record.name, i) for i in range(len(leaf.outputs))]
        taken = [value for value in values if value in self.users or value in self.outputs]
        return parts - 1 if taken == values[:1] else 0

    def _norm_after(self, record: LayerRecord, leaf: Leaf) -> str | None:
        """The normalisation that alone takes the result, and takes the mean of each of its channels away."""
        axis, value = _bias_axis(leaf), Value(record.name)
        users = self.users.get(value, [])
        if axis is None or len(users) != 1 or value in self.outputs or record.shared_with or record.name in self.uses:
            return None
        norm = self.leaves.get(users[0])
        if norm is None or norm.fold != leaf.fold or _channels(norm) != axis:
            return None
        return norm.type

    def _fixes(self, record: LayerRecord, leaf: Leaf) -> Iterator[Fix]:
        """The ways out that work, where something may be wrong."""
        tries = Tries(leaf, self.world, self.sizes)
        found: list[Fix | None] = []
        if takes_time_for_channels(record, self.world):
            found.append(_first_of(*_places(tries, leaf)))
        elif _train(leaf, self.world) is not None:
            found.append(_first_of(*_places(replace(tries, in_train=True), leaf)))
        if record.mixes_samples or self._steps_meet(record, leaf):
            found.append(tries.permuted() if is_view(leaf.module) else None)
        if record.effect is not None and record.effect.why == "normalised" and not record.mixes_samples:
            found += [tries.along(value) for name, value in other_arguments(leaf) if name == "dim"]
        if record.mixes_samples:
            found += [tries.changed(name, value) for name, value in other_arguments(leaf)]
        if leaf.fold is not None and leaf.type in SEQUENCE | CELLS:
            found.append(tries.bare())
        elif record.mixes_slices or (record.mixes_samples and leaf.type not in SEQUENCE):
            found.append(tries.unsqueezed())
        if not record.mixes_samples and self._norm_after(record, leaf) is not None:
            found.append(tries.changed("bias", False))
        yield from (fix for fix in found if fix is not None)


def _places(tries: Tries, leaf: Leaf) -> list[Callable[[], Fix | None]]:
    """Ways to give a layer its channels where it has them: of (B, T, F) F, else an axis of their own."""
    others = [tries.moved, tries.framed]
    return [tries.wrapped, *(others if len(leaf.inputs[0].axes) == 3 else reversed(others))]


def _first_of(*ways: Callable[[], Fix | None]) -> Fix | None:
    return next((fix for way in ways if (fix := way()) is not None), None)


def takes_time_for_channels(record: LayerRecord, world: World) -> bool:
    """Whether a layer of torch.nn, on all steps at once, has time where its channels or features are.

    Steps that are kept apart and treated alike do no harm there.
    """
    effect, axes = record.effect, record.axes
    if effect is None or axes is None or axes.time is None or record.function or "." in record.type:
        return False
    if record.time_distributed or record.mixes_samples:  # what mixes samples is said of it alone
        return False
    if effect.why in ("channels", "features"):
        return axes.time != "per_step" or not effect.alike
    time, ndim = record.inputs[0].time_axis(world.clocks), len(record.inputs[0].axes)
    if record.type in _UPSAMPLING:  # of (B, T, C, H, W) it scales C, too
        return time == 1 and ndim == 5
    channels = _CHANNELS.get(record.type)
    if channels is None or time is None or time != channels % ndim:
        return False
    after = time_size(record.outputs[0], None, world)
    return axes.time != "per_step" or after != record.inputs[0].axes[time].size


def _bias_axis(leaf: Leaf) -> int | None:
    """The axis of a result along which a bias that may go was added; None without one."""
    module = leaf.module
    if getattr(module, "bias", None) is None or not leaf.outputs or leaf.layer is None:
        return None
    ndim = len(leaf.outputs[0].axes)
    if type(module) is nn.Linear:
        return ndim - 1
    return ndim - 1 - len(module.kernel_size) if isinstance(module, _ConvNd) else None


def _channels(norm: Leaf) -> int | None:
    """The axis of the channels of which a normalisation takes away the mean."""
    if not isinstance(norm.module, _NormBase):
        return None
    if isinstance(norm.module, _BatchNorm):
        return 1
    return len(infos_of(norm.flow)[0].axes) - 1 - int(type(norm.module).__name__[-2])


def _train(leaf: Leaf, world: World) -> str | None:
    """What train mode does across steps or samples that the layer on single steps would not do.

    A BatchNorm with channels in their place takes the same statistics on single steps; one that has samples or steps
    there does not. An InstanceNorm takes them over its spatial axes.
    """
    found, infos = train_crosses(leaf, world), leaf.inputs
    if found in (None, "whole frames") or not infos:
        return found
    channels = _channels(leaf)
    if leaf.fold is not None or channels is None:  # a module of the user's: nobody knows what its norms take
        return None
    time = infos[0].time_axis(world.clocks)
    if found == "own statistics":
        return found if time is not None and time > channels else None
    return found if time is not None and infos[0].axis_of(world.batch) == channels else None

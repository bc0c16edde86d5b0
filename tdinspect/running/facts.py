"""What the rules ask of a model that ran and its rows do not tell: its wiring, train mode, and ways out that work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase
from torch.nn.modules.conv import _ConvNd

from tdinspect.building.tensor_function import TensorFunction
from tdinspect.domain.sequence import CELLS, RECURRENCES, SEQUENCE
from tdinspect.domain.spec import ModelSpec
from tdinspect.domain.trace import Facts, Fix, LayerRecord
from tdinspect.running.assemble import Assembly
from tdinspect.running.call import World
from tdinspect.running.effects import train_crosses
from tdinspect.running.engine import inspecting
from tdinspect.running.graph import Graph, Value, graph_of
from tdinspect.running.needless import is_needless
from tdinspect.running.sides import Leaf, infos_of
from tdinspect.running.times import time_size
from tdinspect.running.tries import Tries, other_arguments

# Channels at axis 1, or all behind axis 0, and no weights that would tell.
_UPSAMPLING = frozenset(("Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d"))
_FROM_AXIS_1 = frozenset(("ChannelShuffle", "Flatten", "Unflatten"))
_PART_0_IS_MEANT = RECURRENCES | CELLS | {"MultiheadAttention"}


def gather_facts(spec: ModelSpec, assembly: Assembly, sizes: Mapping[str, int] | None = None) -> Assembly:
    """The same assembly, every row with the facts that the rules ask for.

    The effects of the layers are there already. ``sizes`` are small ones for every symbol, at which they were looked
    at; the spec's own where there are none.
    """
    gathering = _Gathering(assembly, graph_of(spec, assembly.leaves), sizes or assembly.world.sizes)
    with inspecting():
        layers = tuple(replace(record, facts=gathering.of(record)) for record in assembly.trace.layers)
    return replace(assembly, trace=replace(assembly.trace, layers=layers))


class _Gathering:
    def __init__(self, assembly: Assembly, graph: Graph, sizes: Mapping[str, int]) -> None:
        self.leaves, self.world, self.sizes = assembly.leaves, assembly.world, sizes
        self.graph, self.users, self.reaching = graph, graph.users(), graph.reaching()
        self.outputs = {*(graph.outputs or ())}
        self.records = {record.name: record for record in assembly.trace.layers}
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
        return Facts(
            used=self._is_used(record.name),
            dropped=self._dropped(record, leaf),
            norm=self._norm_after(record, leaf),
            last_step_of=self._last_step_of(record, leaf),
            train=_train(leaf, self.world),
            takes_time_for_channels=takes_time_for_channels(record, self.world),
            fixes=tuple(self._fixes(record, leaf)),
        )

    def _of_container(self, record: LayerRecord) -> Facts:
        inside = f"{record.name}."
        rows = [row for name, row in self.records.items() if name.startswith(inside)]
        leaves = [leaf for name, leaf in self.leaves.items() if name.startswith(inside)]
        needless = record.type == "TimeDistributed" and is_needless(rows, leaves, self.world)
        return Facts(needless=needless, dropped=self.graph.dropped.get(record.name, 0))

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

    def _last_step_of(self, record: LayerRecord, leaf: Leaf) -> str | None:
        """The bidirectional recurrence that a step takes the last step of, with nothing between that mixes steps."""
        if not isinstance(leaf.module, TensorFunction) or not self._takes_last_step(record, leaf):
            return None
        values = self.graph.takes.get(record.name, ())
        while len(values) == 1 and values[0].part == 0 and values[0].node in self.leaves:
            before, source = self.records[values[0].node], self.leaves[values[0].node]
            time = before.axes.time if before.axes is not None else None
            if isinstance(source.module, nn.RNNBase) and source.module.bidirectional:
                return before.name if time == "mixes" else None
            if time != "per_step":
                return None
            values = self.graph.takes.get(before.name, ())
        return None

    def _takes_last_step(self, record: LayerRecord, leaf: Leaf) -> bool:
        infos = infos_of(leaf.flow)
        time = time_size(infos[0], leaf.fold, self.world) if len(infos) == 1 else None
        if time is None or record.effect is None:
            return False
        last = 1 << time.value(self.sizes) - 1
        rows = record.effect.links.get((0, 0), ())
        return last > 1 and bool(rows) and all(row == last for row in rows)

    def _fixes(self, record: LayerRecord, leaf: Leaf) -> Iterator[Fix]:
        """The ways out that work, where something may be wrong."""
        tries = Tries(leaf, self.world, self.sizes)
        found: list[Fix | None] = []
        if takes_time_for_channels(record, self.world):
            found += [tries.wrapped(), tries.moved()]
        elif _train(leaf, self.world) is not None:
            tried = replace(tries, in_train=True)
            found += [tried.wrapped(), tried.moved()]
        if record.mixes_samples:
            found += [tries.changed(name, value) for name, value in other_arguments(leaf)]
        if leaf.fold is not None and leaf.type in SEQUENCE | CELLS:
            found.append(tries.bare())
        elif record.mixes_slices:
            found.append(tries.unsqueezed())
        if self._norm_after(record, leaf) is not None:
            found.append(tries.changed("bias", False))
        yield from (fix for fix in found if fix is not None)


def takes_time_for_channels(record: LayerRecord, world: World) -> bool:
    """Whether a layer of torch.nn, on all steps at once, has time where its channels or features are.

    Steps that are kept apart and treated alike do no harm there.
    """
    effect, axes = record.effect, record.axes
    if effect is None or axes is None or axes.time is None or record.function or "." in record.type:
        return False
    if record.time_distributed:
        return False
    if effect.why in ("channels", "features"):
        return axes.time != "per_step" or not effect.alike
    if record.inputs[0].time_axis(world.clocks) != 1:
        return False
    if record.type in _UPSAMPLING:  # of (B, T, C, H, W) it scales C, too
        return len(record.inputs[0].axes) == 5
    return record.type in _FROM_AXIS_1 and axes.time != "per_step"


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
    found, infos = train_crosses(leaf, world), infos_of(leaf.flow)
    if found in (None, "whole frames") or not infos:
        return found
    channels = _channels(leaf)
    if leaf.fold is not None or channels is None:  # a module of the user's: nobody knows what its norms take
        return None
    time = infos[0].time_axis(world.clocks)
    if found == "own statistics":
        return found if time is not None and time > channels else None
    return found if time is not None and infos[0].axis_of(world.batch) == channels else None

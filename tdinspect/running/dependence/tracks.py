"""Where the steps and the samples of a value are: on an axis of their own, or inside a folded one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from tdinspect.domain.effect import Rows, each
from tdinspect.domain.size import Size
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.running.call import World
from tdinspect.running.folding import Fold

Wanted = Callable[[Axis], bool]


@dataclass(frozen=True, slots=True)
class Track:
    """``steps`` has the number of the step (or sample) at each position of the axis ``axis``; there are ``count``.

    Without a TimeDistributed to say so, nobody knows the order within an axis that batch and time share (``merged``):
    each of its positions is a step.
    """

    axis: int
    steps: tuple[int, ...]
    count: int
    merged: bool = False

    @property
    def plain(self) -> bool:
        """True where every position is a step."""
        return len(self.steps) == self.count

    def order(self) -> list[int]:
        """The positions with every step in the place of the one before it, the last one's place taken by the first."""
        of_step: list[list[int]] = [[] for _ in range(self.count)]
        for position, step in enumerate(self.steps):
            of_step[step].append(position)
        order = [0] * len(self.steps)
        for step, positions in enumerate(of_step):
            for position, source in zip(positions, of_step[(step + 1) % self.count], strict=True):
                order[position] = source
        return order


def time_track(info: TensorInfo, fold: Fold | None, world: World, sizes: Mapping[str, int]) -> Track | None:
    """Where the steps are, with the symbols of these sizes; None where no axis has them."""
    clocks = {*world.clocks}
    inside = _folded(info, fold, sizes, lambda axis: len(axis.carries & clocks) == 1)
    return inside or _own(info, info.time_axis(world.clocks), sizes) or _merged(info, clocks, sizes)


def batch_track(info: TensorInfo, fold: Fold | None, world: World, sizes: Mapping[str, int]) -> Track | None:
    """Where the samples are; None where no axis has them."""
    if world.batch is None:
        return None
    inside = _folded(info, fold, sizes, lambda axis: axis.carries == {world.batch})
    own = inside or _own(info, info.axis_of(world.batch), sizes) or _merged(info, {world.batch}, sizes)
    return own or _held(info, world, sizes)


def _own(info: TensorInfo, axis: int | None, sizes: Mapping[str, int]) -> Track | None:
    if axis is None:
        return None
    size = info.axes[axis].size.value(sizes)
    return Track(axis, tuple(range(size)), size)


def _merged(info: TensorInfo, symbols: Collection[str], sizes: Mapping[str, int]) -> Track | None:
    found = [i for i, axis in enumerate(info.axes) if len(axis.carries) > 1 and axis.carries & {*symbols}]
    if len(found) != 1:
        return None
    size = info.axes[found[0]].size.value(sizes)
    return Track(found[0], tuple(range(size)), size, merged=True)


def _held(info: TensorInfo, world: World, sizes: Mapping[str, int]) -> Track | None:
    """An axis that the batch shares with heads or windows, or that it was taken out of such a one into.

    The last one is left out: it has features in the place of samples.
    """
    found = [
        i
        for i, axis in enumerate(info.axes[:-1])
        if not axis.carries and world.batch in axis.size.symbols and not axis.size.symbols & {*world.clocks}
    ]
    if len(found) != 1:
        return None
    size = info.axes[found[0]].size
    count = size.value(sizes)
    return Track(found[0], tuple(range(count)), count, merged=size != Size.symbol(str(world.batch)))


def _folded(info: TensorInfo, fold: Fold | None, sizes: Mapping[str, int], wanted: Wanted) -> Track | None:
    """The innermost ``wanted`` axis of those that a TimeDistributed folded into axis 0."""
    if fold is None or not info.axes or info.axes[0].size != fold.axis.size:
        return None
    parts = factors(fold)
    found = next((i for i in reversed(range(len(parts))) if wanted(parts[i])), None)
    if found is None:
        return None
    return _part_of_a_fold(tuple(axis.size.value(sizes) for axis in parts), found)


@lru_cache(maxsize=256)  # all layers in one TimeDistributed have the same
def _part_of_a_fold(counts: tuple[int, ...], part: int) -> Track:
    inner = prod(counts[part + 1 :])
    return Track(0, tuple(p // inner % counts[part] for p in range(prod(counts))), counts[part])


def factors(fold: Fold) -> list[Axis]:
    """The axes that are folded into one, those of the wrappers around it too, the slowest first."""
    found: list[Axis] = []
    for axis in fold.lead:
        around = fold.outer
        found += factors(around) if isinstance(around, Fold) and axis == around.axis else [axis]
    return found


def of_steps(rows: Rows, before: Track, after: Track) -> Rows:
    """Rows of positions over positions, as rows of steps over steps."""
    if before.plain and after.plain:
        return rows
    if before.steps == after.steps and rows == each(len(rows)):
        return each(before.count)
    masks = [sum(1 << p for p, own in enumerate(before.steps) if own == step) for step in range(before.count)]
    found = [0] * after.count
    for position, row in enumerate(rows):
        found[after.steps[position]] |= sum(1 << step for step, mask in enumerate(masks) if row & mask)
    return tuple(found)


def mixed_samples(
    samples: Mapping[tuple[int, int], Rows],
    inputs: Sequence[TensorInfo],
    outputs: Sequence[TensorInfo],
    fold: Fold | None,
    world: World,
    sizes: Mapping[str, int],
) -> tuple[bool, ...] | None:
    """For each output whether one of its samples follows another, by the rows of samples; None without a batch."""
    before = [batch_track(info, fold, world, sizes) for info in inputs]
    if not any(before):
        return None
    found = [False] * len(outputs)
    for (o, i), rows in samples.items():
        track = before[i]
        found[o] |= track is not None and mixes(rows, track, batch_track(outputs[o], fold, world, sizes))
    return tuple(found)


def mixes(rows: Rows, before: Track, after: Track | None) -> bool:
    """True where a sample of the output follows another sample."""
    if after is not None and before.merged != after.merged:
        if after.merged:
            return any(row.bit_count() > 1 for row in rows)
        return any(row & other for i, row in enumerate(rows) for other in rows[:i])
    if after is None or len(rows) != before.count:
        return any(row.bit_count() > 1 for row in rows)
    return any(row & ~(1 << u) for u, row in enumerate(rows))

"""Where the steps of a value are: on an axis of their own, or in the fold of a TimeDistributed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from tdinspect.domain.effect import Rows, TimeEffect, joined, time_effect
from tdinspect.domain.size import Size
from tdinspect.domain.trace import TensorInfo
from tdinspect.running.call import World
from tdinspect.running.folding import Fold

_FAR = 10**9  # a length at which the rounding of strides does not count


def time_size(info: TensorInfo, fold: Fold | None, world: World) -> Size | None:
    """How many steps a value has, as the steps inside ``fold`` see it; None where no axis follows time."""
    while fold is not None:
        if not info.axes or info.axes[0].size != fold.axis.size:
            break
        time = fold.lead[-1]
        if len(time.carries & {*world.clocks}) == 1:
            return time.size
        info = TensorInfo((fold.lead[0],))  # the time of another wrapper around this one
        fold = fold.outer if isinstance(fold.outer, Fold) else None
    axis = info.time_axis(world.clocks)
    return None if axis is None else info.axes[axis].size


def clock_of(size: Size, world: World) -> str | None:
    """The time symbol that a number of steps follows."""
    return next((clock for clock in world.clocks if clock in size.symbols), None)


def word_of(
    found: Iterable[tuple[Rows | None, Size | None]], after: Size | None, world: World, sizes: Mapping[str, int]
) -> TimeEffect | None:
    """The word for a value with the time axis ``after``, by its rows at these sizes over each input's time axis.

    None where no input has one, ``gone`` where the value has none.
    """
    timed = [(rows, size) for rows, size in found if size is not None]
    if not timed:
        return None
    if after is None:
        return "gone"
    # Another clock (the source of a translation) has steps of its own: none of them is before or after.
    clock = clock_of(after, world)
    same = [(rows, size) for rows, size in timed if rows is not None and clock_of(size, world) == clock]
    return joined(time_effect(rows, size.value(sizes), rate(size, after, world)) for rows, size in same)


def rate(before: Size, after: Size, world: World) -> Fraction:
    """How many steps that come in are one that goes out, for long inputs: 2 for a stride of 2."""
    if before == after:
        return Fraction(1)
    far = {**world.sizes, **dict.fromkeys(world.clocks, _FAR)}
    found = Fraction(before.value(far), max(1, after.value(far))).limit_denominator(1000)
    return found if found else Fraction(1)

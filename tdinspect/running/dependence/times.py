"""Where the steps of a value are: on an axis of their own, or in the fold of a TimeDistributed."""

from __future__ import annotations

from fractions import Fraction

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


def rate(before: Size, after: Size, world: World) -> Fraction:
    """How many steps that come in are one that goes out, for long inputs: 2 for a stride of 2."""
    far = {**world.sizes, **dict.fromkeys(world.clocks, _FAR)}
    found = Fraction(before.value(far), max(1, after.value(far))).limit_denominator(1000)
    return found if found else Fraction(1)

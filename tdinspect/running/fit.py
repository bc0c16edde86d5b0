"""Whole-number formulas through sampled sizes: ``(a*n + b) // c`` in one variable, products and sums in several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from tdinspect.domain.size import Size

VARIABLE = Size.symbol("n")


def fit_single(points: Mapping[int, int]) -> Size | None:
    """``(a*n + b) // c`` through every point ``{n: size}``, in the symbol ``n``, or None.

    The form is that of any chain of convolutions, pools and paddings, and of upsampling by whole numbers. A period
    ``c`` is taken only when the points show two of them.
    """
    start = min(points)
    for c in sorted(n - start for n in points if n > start and 2 * n - start in points):
        a = points[start + c] - points[start]
        low = max(c * size - a * n for n, size in points.items())
        high = min(c * size - a * n + c - 1 for n, size in points.items())
        if low <= high:
            return (VARIABLE * a + Size.number(min(max(0, low), high))) // c
    return None


def fit_joint(moving: Sequence[tuple[Size, int, Mapping[int, int]]], base: int) -> Size | None:
    """A size that several variables move, each given as (variable, its size in the base run, its points).

    A product of them all (a Flatten), or a sum (a cat); None when neither goes through every point. The products and
    sums of sizes that torch makes have no other form in which each part is a straight line.
    """
    slopes = []
    for _, start, points in moving:
        slope = _slope({**points, start: base})
        if slope is None:
            return None
        slopes.append(slope)
    starts = [start for _, start, _ in moving]
    if all(slope * start == base for slope, start in zip(slopes, starts, strict=True)) and base % prod(starts) == 0:
        size = Size.number(base // prod(starts))
        for variable, _, _ in moving:
            size = size * variable
        return size
    total = Size.number(base - sum(slope * start for slope, start in zip(slopes, starts, strict=True)))
    for slope, (variable, _, _) in zip(slopes, moving, strict=True):
        total = total + variable * slope
    return total


def _slope(points: Mapping[int, int]) -> int | None:
    """The rise of the straight line through all points, or None."""
    (x0, y0), *others = sorted(points.items())
    slope, rest = divmod(others[0][1] - y0, others[0][0] - x0)
    straight = all(y - y0 == slope * (x - x0) for x, y in others)
    return slope if straight and rest == 0 else None

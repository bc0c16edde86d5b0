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
    return _power(points)


def _power(points: Mapping[int, int]) -> Size | None:
    """``k * n**2`` or ``k * n**3``: one symbol on several axes that become one."""
    if min(points) < 1:
        return None
    for power in (2, 3):
        factors = {divmod(size, n**power) for n, size in points.items()}
        if len(factors) == 1 and len(points) > 2:
            (factor, rest), *_ = factors
            return prod([VARIABLE] * power, start=Size.number(factor)) if rest == 0 else None
    return None


def fit_joint(moving: Sequence[tuple[Size, int, Mapping[int, int]]], base: int) -> Size | None:
    """A size that several variables move, each given as (variable, its size in the base run, its points).

    A product of them all (a Flatten), of two of them shifted (an Unfold), or a sum (a cat); None when none goes through
    every point. Points with one variable grown do not settle it: the caller holds it to one where all are.
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
    windows = _windows(moving, slopes, base)
    if windows is not None:
        return windows
    total = Size.number(base - sum(slope * start for slope, start in zip(slopes, starts, strict=True)))
    for slope, (variable, _, _) in zip(slopes, moving, strict=True):
        total = total + variable * slope
    return total


def _windows(moving: Sequence[tuple[Size, int, Mapping[int, int]]], slopes: Sequence[int], base: int) -> Size | None:
    """``k * (n1 + b1) * (n2 + b2)``, the number of places of a window on a plane (Unfold)."""
    if len(moving) != 2 or 0 in slopes or base == 0 or slopes[0] * slopes[1] % base:
        return None
    factor = slopes[0] * slopes[1] // base
    if factor == 0 or slopes[0] % factor or slopes[1] % factor:
        return None
    sides = (slopes[1] // factor, slopes[0] // factor)
    product = Size.number(factor)
    for (variable, start, _), side in zip(moving, sides, strict=True):
        product = product * (variable + (side - start))
    return product


def _slope(points: Mapping[int, int]) -> int | None:
    """The rise of the straight line through all points, or None."""
    (x0, y0), *others = sorted(points.items())
    slope, rest = divmod(others[0][1] - y0, others[0][0] - x0)
    straight = all(y - y0 == slope * (x - x0) for x, y in others)
    return slope if straight and rest == 0 else None

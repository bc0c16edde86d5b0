"""Whole-number formulas through sampled sizes: ``(a*n + b) // c`` in one variable, products and sums in several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import gcd, prod

from tdinspect.domain.size import Size

VARIABLE = Size.symbol("n")
# A variable, its size where nothing is grown, and the sizes it leads to.
Moving = tuple[Size, int, Mapping[int, int]]


def fit_single(points: Mapping[int, int]) -> Size | None:
    """``(a*n + b) // c`` through every point ``{n: size}``, in the symbol ``n``, or None.

    The form is that of any chain of convolutions, pools and paddings, and of upsampling by whole numbers; so often as
    all points have in common. A period ``c`` is taken only when the points show two of them.
    """
    start = min(points)
    for c in sorted(n - start for n in points if n > start and 2 * n - start in points):
        a = points[start + c] - points[start]
        low = max(c * size - a * n for n, size in points.items())
        high = min(c * size - a * n + c - 1 for n, size in points.items())
        if low <= high:
            return (VARIABLE * a + Size.number(min(max(0, low), high))) // c
    common = gcd(*points.values())
    if common > 1:
        apart = fit_single({n: size // common for n, size in points.items()})
        return None if apart is None else apart * common
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


def fit_joint(moving: Sequence[Moving], base: int, holds: Callable[[Size], bool] = lambda size: True) -> Size | None:
    """A size that several variables move, each given as (variable, its size in the base run, its points).

    A product of a formula of each (a Flatten, an Unfold), or a sum of straight lines (a cat); None when none goes
    through every point. Points with one variable grown do not settle it: ``holds`` tells whether a formula holds
    where all are.
    """
    found = (fits(moving, base) for fits in (_product, _sum))
    return next((size for size in found if size is not None and holds(size)), None)


def _product(moving: Sequence[Moving], base: int) -> Size | None:
    """``k * f(n1) * g(n2)``: what the sizes of one variable's points have in common belongs to the others."""
    if base == 0:
        return None
    size, at_start = Size.number(1), 1
    for variable, start, points in moving:
        points = {**points, start: base}
        common = gcd(*points.values())
        shared_out = {n: value // common for n, value in points.items()}
        slope = _slope(shared_out)
        factor = fit_single(shared_out) if slope is None else VARIABLE * slope + (base // common - slope * start)
        if factor is None:
            return None
        at_start *= base // common
        size = size * factor.substitute("n", variable)
    return None if base % at_start else size * (base // at_start)


def _sum(moving: Sequence[Moving], base: int) -> Size | None:
    total, at_start = Size.number(0), 0
    for variable, start, points in moving:
        slope = _slope({**points, start: base})
        if slope is None:
            return None
        total = total + variable * slope
        at_start += slope * start
    return total + (base - at_start)


def _slope(points: Mapping[int, int]) -> int | None:
    """The rise of the straight line through all points, or None."""
    (x0, y0), *others = sorted(points.items())
    slope, rest = divmod(others[0][1] - y0, others[0][0] - x0)
    straight = all(y - y0 == slope * (x - x0) for x, y in others)
    return slope if straight and rest == 0 else None

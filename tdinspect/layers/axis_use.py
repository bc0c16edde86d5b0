"""What a layer does along one axis of an input: the words in which a family's file says it, and the rows they mean.

A row is a whole number read as a set: bit ``i`` is set where the output index depends on input index ``i``.
``why`` is how a layer that takes the axis for something else than positions takes it: ``channels``, ``features``,
``normalised`` (it weighs the positions against each other), ``reduced``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import nn

Edge = Literal["nothing", "reflect", "replicate", "circular"]


@dataclass(frozen=True, slots=True)
class Each:
    """Output index u follows input index u alone. Not ``alike``: every index has weights (or statistics) of its own."""

    alike: bool = True
    why: str | None = None

    def rows(self, before: int, after: int) -> tuple[int, ...] | None:
        """One bit a row; None where the sizes differ."""
        return tuple(1 << u for u in range(after)) if before == after else None


@dataclass(frozen=True, slots=True)
class Mixed:
    """Every output index may follow every input index."""

    why: str | None = None

    def rows(self, before: int, after: int) -> tuple[int, ...] | None:
        """Full rows."""
        return ((1 << before) - 1,) * after


@dataclass(frozen=True, slots=True)
class Window:
    """A kernel slides along the axis, ``before`` positions having been put in front; ``edge`` is what they hold."""

    kernel: int = 1
    stride: int = 1
    before: int = 0
    dilation: int = 1
    edge: Edge = "nothing"
    why: str | None = None

    def rows(self, before: int, after: int) -> tuple[int, ...] | None:
        """The window of each output index."""
        rows = []
        for u in range(after):
            row = 0
            for k in range(self.kernel):
                at = self._inside(u * self.stride - self.before + k * self.dilation, before)
                row |= 0 if at is None else 1 << at
            rows.append(row)
        return tuple(rows)

    def _inside(self, at: int, size: int) -> int | None:
        if 0 <= at < size:
            return at
        if self.edge == "reflect":
            return -at if at < 0 else 2 * (size - 1) - at
        if self.edge == "replicate":
            return min(max(at, 0), size - 1)
        return at % size if self.edge == "circular" else None


@dataclass(frozen=True, slots=True)
class Spread:
    """A transposed convolution: each input index is spread over a kernel, ``before`` positions cut off in front."""

    kernel: int
    stride: int = 1
    before: int = 0
    dilation: int = 1
    why: str | None = None

    def rows(self, before: int, after: int) -> tuple[int, ...] | None:
        """The input indices that reach each output index."""
        rows = [0] * after
        for i in range(before):
            for k in range(self.kernel):
                at = i * self.stride - self.before + k * self.dilation
                if 0 <= at < after:
                    rows[at] |= 1 << i
        return tuple(rows)


@dataclass(frozen=True, slots=True)
class Repeated:
    """Each input index stands ``times`` times in the output, one after the other (nearest neighbour)."""

    times: int
    why: str | None = None

    def rows(self, before: int, after: int) -> tuple[int, ...] | None:
        """One bit a row; None where the output is not that long."""
        return tuple(1 << u // self.times for u in range(after)) if after == before * self.times else None


@dataclass(frozen=True, slots=True)
class Blocks:
    """Every output index follows the input indices of its own block of ``size`` neighbours."""

    size: int
    why: str | None = None

    def rows(self, before: int, after: int) -> tuple[int, ...] | None:
        """The block of each index; None where the sizes differ."""
        block = (1 << self.size) - 1
        return tuple(block << u // self.size * self.size for u in range(after)) if before == after else None


@dataclass(frozen=True, slots=True)
class Halves:
    """Output index u follows input index u of the first half and of the second (GLU)."""

    why: str | None = None

    def rows(self, before: int, after: int) -> tuple[int, ...] | None:
        """Two bits a row; None where the output is not half as long."""
        return tuple(1 << u | 1 << u + after for u in range(after)) if before == 2 * after else None


@dataclass(frozen=True, slots=True)
class Walk:
    """A recurrence along the axis."""

    direction: Literal["forward", "backward", "both"] = "forward"
    why: str | None = None

    def rows(self, before: int, after: int) -> tuple[int, ...] | None:
        """What was walked before each index, itself too."""
        if before != after:
            return None
        full = (1 << before) - 1
        if self.direction == "both":
            return (full,) * after
        if self.direction == "backward":
            return tuple(full >> u << u for u in range(after))
        return tuple((2 << u) - 1 for u in range(after))


@dataclass(frozen=True, slots=True)
class Picked:
    """``count`` neighbouring indices are taken, from ``first`` on."""

    first: int
    count: int
    why: str | None = None

    def rows(self, before: int, after: int) -> tuple[int, ...] | None:
        """One bit a row; None where the sizes are others."""
        if after != self.count or self.first + self.count > before:
            return None
        return tuple(1 << self.first + u for u in range(after))

    @property
    def taken(self) -> int:
        """All of them in one row."""
        return ((1 << self.count) - 1) << self.first


AxisUse = Each | Mixed | Window | Spread | Repeated | Blocks | Halves | Walk | Picked
Shape = tuple[int, ...]
# For each axis of one input what becomes of it; None: not certain.
Uses = tuple[AxisUse | None, ...]
# For each input of these shapes; None where nothing is certain.
Axes = Callable[[nn.Module, tuple[Shape, ...]], tuple[Uses, ...] | None]


def alone(uses: Callable[[nn.Module, int], Uses | None]) -> Axes:
    """For a layer of one input: what ``uses`` says of it by its number of axes."""

    def axes(module: nn.Module, shapes: tuple[Shape, ...]) -> tuple[Uses, ...] | None:
        found = uses(module, len(shapes[0])) if len(shapes) == 1 else None
        return None if found is None else (found,)

    return axes


def together(uses: Callable[[nn.Module, int], Uses | None]) -> Axes:
    """For a layer that takes all its inputs the same way; None where they have not equally many axes."""

    def axes(module: nn.Module, shapes: tuple[Shape, ...]) -> tuple[Uses, ...] | None:
        if len({len(shape) for shape in shapes}) != 1:
            return None
        found = uses(module, len(shapes[0]))
        return None if found is None else (found,) * len(shapes)

    return axes


def everywhere(module: nn.Module, ndim: int) -> Uses | None:
    """Element by element."""
    return (Each(),) * ndim


def only(axis: int, use: AxisUse | None, ndim: int) -> Uses | None:
    """``use`` along one axis (counted from either end), element by element along the others; None without it."""
    if not -ndim <= axis < ndim:
        return None
    return tuple(use if i == axis % ndim else Each() for i in range(ndim))


def over_space(channels: AxisUse | None, space: tuple[AxisUse | None, ...], ndim: int) -> Uses | None:
    """``(N, C, *space)`` or, of one axis less, one sample ``(C, *space)``; None for other ranks."""
    if ndim == len(space) + 1:
        return (channels, *space)
    return (Each(), channels, *space) if ndim == len(space) + 2 else None


def nth(value: object, index: int) -> int:
    """A setting that is one number for all spatial axes, or one for each."""
    if isinstance(value, tuple | list):
        value = value[index] if len(value) > 1 else value[0]
    assert isinstance(value, int)
    return value

"""Shapes as Keras counts their axes: the batch first, channels usually last."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Dim:
    """One axis: its size in the spec; ``open`` where Keras writes None.

    ``source`` is the axis of an input that this axis still is, step for step (``words:1``); None where it is another.
    ``root`` is the axis of an input that it comes from, at whatever length.
    """

    size: int
    open: bool = False
    source: str | None = None
    root: str | None = None


Shape = tuple[Dim, ...]


def window(dim: Dim, kernel: int, stride: int, padding: str, dilation: int = 1) -> Dim:
    """The axis behind a convolution or a pool. An axis that keeps its length stays the axis it was."""
    reach = dilation * (kernel - 1) + 1
    size = (dim.size - reach) // stride + 1 if padding == "valid" else -(-dim.size // stride)
    same = stride == 1 and (padding != "valid" or kernel == 1)
    return dim if same else Dim(size, dim.open, root=dim.root)


def resized(dim: Dim, size: int) -> Dim:
    """The axis at another length."""
    return dim if size == dim.size else Dim(size, dim.open, root=dim.root)


def fixed(*sizes: int) -> Shape:
    """Axes of these sizes that follow nothing."""
    return tuple(Dim(size) for size in sizes)


def keras_shape(shape: Shape) -> tuple[int | None, ...]:
    """As Keras writes it."""
    return tuple(None if dim.open else dim.size for dim in shape)


def without_source(shape: Shape) -> Shape:
    """The axes as they are, followed no further."""
    return tuple(replace(dim, source=None) for dim in shape)

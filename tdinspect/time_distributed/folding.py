"""Folding of one tensor: the batch and time axes become one leading axis of rows, and come back."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import torch
from torch import Tensor
from torch.compiler import is_compiling


class Folding(NamedTuple):
    """How a tensor was folded: what ``unfold`` needs, and what further tensors must share.

    ``sizes`` are (B, T), or (T,) without a batch axis; ``axes`` are where they stand, counted from 0, the batch first.
    ``time_major``: the rows lie in the order (T, B), because time comes first in memory.
    """

    sizes: tuple[int, ...]
    axes: tuple[int, ...]
    time_major: bool = False

    @property
    def rows(self) -> int:
        """How many rows the folded axis has: B*T."""
        return prod(self.sizes)


def fold(x: Tensor, *, time_axis: int = 1, batch_axis: int | None = 0) -> tuple[Tensor, Folding]:
    """Fold batch and time into one leading axis: ``(B, T, ...) -> (B*T, ...)``.

    The rows keep the order they have in memory, so a contiguous tensor is not copied, whichever of the two axes comes
    first; where a copy cannot be avoided, the other axes keep their order in memory too (channels_last stays so).

    Args:
        x: any tensor with the two axes.
        time_axis: the axis of the steps.
        batch_axis: the axis of the samples; None for one unbatched sample, ``(T, ...)``.

    Returns:
        The folded tensor, and the ``Folding`` that ``unfold`` takes.

    Raises:
        ValueError: the tensor lacks an axis, or both are one axis.
    """
    folding = folding_of(x, time_axis, batch_axis)
    return fold_like(x, folding), folding


def unfold(y: Tensor, folding: Folding) -> Tensor:
    """Undo ``fold`` on a result of it: ``(B*T, ...) -> (B, T, ...)``, the axes where the folded tensor had them.

    A result with too few axes for that keeps the two in the same order, in front. No copy is made.

    Raises:
        ValueError: the first axis is not ``B*T`` long.
    """
    check_folded(tuple(y.shape), folding.rows)
    return unfold_rows(y, folding)


def folding_of(x: Tensor, time_axis: int, batch_axis: int | None, name: str = "") -> Folding:
    """How this tensor folds. Raises ValueError when it lacks an axis, or both are one axis."""
    axes = folded_axes(x.ndim, time_axis, batch_axis, name, x.shape)
    shape = x.shape
    return Folding(tuple(shape[axis] for axis in axes), axes, len(axes) > 1 and _time_comes_first(x, *axes))


def _time_comes_first(x: Tensor, batch: int, time: int) -> bool:
    if not is_compiling():  # a compiled graph must hold for every size: there the order of the axes decides
        samples, steps = x.stride(batch), x.stride(time)
        if samples != steps and 1 not in (x.shape[batch], x.shape[time]):
            return steps > samples
    return time < batch


def fold_like(x: Tensor, folding: Folding, axes: tuple[int, ...] | None = None) -> Tensor:
    """``x`` folded to ``(B*T, ...)`` in the same order of rows; ``axes``: where its own batch and time stand."""
    axes = folding.axes if axes is None else axes
    if len(axes) == 1:
        return x if axes[0] == 0 else x.movedim(axes[0], 0)
    front = (axes[1], axes[0]) if folding.time_major else axes
    if front != (0, 1):
        x = x.movedim(front, (0, 1))
    return _merged(x)


def _merged(x: Tensor) -> Tensor:
    if is_compiling() or x.ndim < 4:
        return x.flatten(0, 1)
    strides = x.stride()
    if strides[0] == x.shape[1] * strides[1] or 1 in x.shape[:2]:
        return x.flatten(0, 1)
    inner = sorted(range(2, x.ndim), key=lambda axis: -strides[axis])
    if inner == list(range(2, x.ndim)):
        return x.flatten(0, 1)
    copied = x.permute(0, 1, *inner).flatten(0, 1)
    return copied.permute(0, *(1 + inner.index(axis) for axis in range(2, x.ndim)))


def unfold_rows(y: Tensor, folding: Folding, shift: int = 0) -> Tensor:
    """``(B*T, ...)`` unfolded; ``shift`` moves both axes that far to the right of where the input had them."""
    sizes, axes = folding.sizes, folding.axes
    if len(axes) == 1:
        axes = unfolded_at(y.ndim - shift, axes)
        return y.movedim(0, axes[0] + shift) if axes[0] + shift else y
    y = torch.unflatten(y, 0, (sizes[1], sizes[0]) if folding.time_major else sizes)
    batch, time = unfolded_at(y.ndim - shift, axes)
    front = (time + shift, batch + shift) if folding.time_major else (batch + shift, time + shift)
    return y if front == (0, 1) else y.movedim((0, 1), front)


def folded_axes(
    ndim: int, time_axis: int, batch_axis: int | None, name: str = "", shape: tuple[int, ...] = ()
) -> tuple[int, ...]:
    """The axes that fold into one, the batch first; counted from 0.

    Raises ValueError when a tensor lacks one, or both are one axis; it says the ``name`` and ``shape`` that are given.
    """
    axes = (time_axis,) if batch_axis is None else (batch_axis, time_axis)
    for axis in axes:
        if not -ndim <= axis < ndim:
            said = _told(name, shape)
            raise ValueError(f"{said}TimeDistributed needs axis {axis}, and a tensor of {ndim} axes has none")
    counted = tuple(axis % ndim for axis in axes)
    if len(set(counted)) < len(counted):
        both = f"{_told(name, shape)}time_axis {time_axis} and batch_axis {batch_axis}"
        raise ValueError(f"{both} are one axis of a tensor of {ndim} axes")
    return counted


def _told(name: str, shape: tuple[int, ...]) -> str:
    return f"{name} {tuple(shape)}: " if name else ""


def unfolded_axes(ndim: int, input_ndim: int, time_axis: int, batch_axis: int | None) -> tuple[int, ...]:
    """Where the unfolded axes go in an output of ``ndim`` axes: where the input's were, as far as it has room."""
    return unfolded_at(ndim, folded_axes(input_ndim, time_axis, batch_axis))


def unfolded_at(ndim: int, axes: tuple[int, ...]) -> tuple[int, ...]:
    """Like ``unfolded_axes``, from the input's own axes."""
    if max(axes) < ndim:
        return axes
    return tuple(sorted(range(len(axes)), key=lambda i: axes[i])) if len(axes) > 1 else (0,)


def check_folded(shape: tuple[int, ...], folded: int) -> None:
    """Raise ValueError unless the first axis of an output is still the ``B*T`` that went in."""
    if not shape or shape[0] != folded:
        raise ValueError(f"an output of TimeDistributed must keep the folded axis of {folded} first, got {list(shape)}")

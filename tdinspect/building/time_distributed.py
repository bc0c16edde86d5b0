"""``TimeDistributed``: run a module on every time step with the same weights, by folding time into the batch."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn


class TimeDistributed(nn.Module):
    """Apply ``module`` to every time step: ``(B, T, ...) -> (B, T, ...)``.

    The time and batch axes of each input are folded to one leading axis, ``(B*T, ...)``, the module runs once, and each
    output is unfolded again, with the two axes where the input's were.

    Args:
        module: what runs on ``(B*T, ...)``; any ``nn.Module``.
        time_axis: the axis of the steps in each input.
        batch_axis: the axis of the samples; ``None`` when an input is one unbatched sample, ``(T, ...)``.

    Raises:
        TypeError: ``module`` is no ``nn.Module``.
        ValueError: the two axes are the same, an input lacks them or its (B, T) differs from the first input's, or an
            output does not have ``B*T`` as its first axis.
    """

    def __init__(self, module: nn.Module, *, time_axis: int = 1, batch_axis: int | None = 0) -> None:
        super().__init__()
        if not isinstance(module, nn.Module):
            raise TypeError(f"TimeDistributed wraps an nn.Module, not {type(module).__name__}")
        if time_axis == batch_axis:
            raise ValueError(f"time_axis and batch_axis are both {time_axis}")
        self.module = module
        self.time_axis = time_axis
        self.batch_axis = batch_axis

    def forward(self, *inputs: object, **named: object) -> object:
        """Every tensor among the inputs, ``(B, T, ...)``, is folded; the result has the module's structure."""
        tensors = [value for value in (*inputs, *named.values()) if isinstance(value, Tensor)]
        if not tensors:
            raise ValueError("TimeDistributed needs a tensor among its inputs")
        lead = leading_sizes(tensors[0].shape, self.time_axis, self.batch_axis)
        for value in tensors[1:]:
            other = leading_sizes(value.shape, self.time_axis, self.batch_axis)
            if other != lead:
                raise ValueError(f"inputs of TimeDistributed differ in (B, T): {lead} and {other}")
        result = self.module(*map(self._fold, inputs), **{key: self._fold(value) for key, value in named.items()})
        return self._unfold(result, lead, tensors[0].ndim)

    def _fold(self, value: object) -> object:
        if not isinstance(value, Tensor):
            return value
        axes = folded_axes(value.ndim, self.time_axis, self.batch_axis)
        return value.movedim(axes, tuple(range(len(axes)))).flatten(0, len(axes) - 1)

    def _unfold(self, value: object, lead: tuple[int, ...], ndim: int) -> object:
        if isinstance(value, Tensor):
            check_folded(tuple(value.shape), prod(lead))
            axes = unfolded_axes(value.ndim + len(lead) - 1, ndim, self.time_axis, self.batch_axis)
            return torch.unflatten(value, 0, lead).movedim(tuple(range(len(axes))), axes)
        if isinstance(value, tuple):
            return tuple(self._unfold(part, lead, ndim) for part in value)
        if isinstance(value, list):
            return [self._unfold(part, lead, ndim) for part in value]
        if isinstance(value, dict):
            return {key: self._unfold(part, lead, ndim) for key, part in value.items()}
        return value

    def extra_repr(self) -> str:
        """The axes."""
        return f"time_axis={self.time_axis}, batch_axis={self.batch_axis}"


def folded_axes(ndim: int, time_axis: int, batch_axis: int | None) -> tuple[int, ...]:
    """The axes that fold into one, the batch first; counted from 0. Raises ValueError when a tensor lacks one."""
    axes = (time_axis,) if batch_axis is None else (batch_axis, time_axis)
    for axis in axes:
        if not -ndim <= axis < ndim:
            raise ValueError(f"TimeDistributed needs axis {axis}, and a tensor of {ndim} axes has none")
    counted = tuple(axis % ndim for axis in axes)
    if len(set(counted)) < len(counted):
        raise ValueError(f"time_axis {time_axis} and batch_axis {batch_axis} are one axis of a tensor of {ndim} axes")
    return counted


def leading_sizes(shape: torch.Size | tuple[int, ...], time_axis: int, batch_axis: int | None) -> tuple[int, ...]:
    """(B, T) of a tensor, or (T,) without a batch axis."""
    return tuple(shape[axis] for axis in folded_axes(len(shape), time_axis, batch_axis))


def unfolded_axes(ndim: int, input_ndim: int, time_axis: int, batch_axis: int | None) -> tuple[int, ...]:
    """Where the unfolded axes go in an output of ``ndim`` axes: where the input's were, as far as it has room."""
    axes = folded_axes(input_ndim, time_axis, batch_axis)
    if max(axes) < ndim:
        return axes
    return tuple(sorted(range(len(axes)), key=lambda i: axes[i])) if len(axes) > 1 else (0,)


def check_folded(shape: tuple[int, ...], folded: int) -> None:
    """Raise ValueError unless the first axis of an output is still the ``B*T`` that went in."""
    if not shape or shape[0] != folded:
        raise ValueError(f"an output of TimeDistributed must keep the folded axis of {folded} first, got {list(shape)}")

"""New tensors that lie in memory as given ones do."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def blank(y: Tensor, axis: int, size: int, value: float) -> Tensor:
    """A tensor like ``y``, in the same order in memory, of ``size`` along ``axis``, filled with ``value``."""
    order = _memory_order(y, axis)
    shape = [size if at == axis else y.shape[at] for at in order]
    return y.new_full(shape, _fitting(value, y.dtype)).permute([order.index(at) for at in range(y.ndim)])


def _fitting(value: float, dtype: torch.dtype) -> float:
    return value if dtype.is_floating_point or dtype.is_complex else int(value)


def selected(x: Tensor, axis: int, rows: Tensor) -> Tensor:
    """``x.index_select(axis, rows)`` in the same order in memory: channels_last stays so."""
    order = _memory_order(x, axis) if x.ndim > 3 else list(range(x.ndim))
    if order == list(range(x.ndim)):
        return x.index_select(axis, rows)
    found = x.permute(order).index_select(order.index(axis), rows)
    return found.permute([order.index(at) for at in range(x.ndim)])


def concatenated(parts: Sequence[Tensor], axis: int) -> Tensor:
    """The parts one after the other along ``axis``, in the memory order of the first."""
    if len(parts) == 1:
        return parts[0]
    order = _memory_order(parts[0], axis)
    if order == list(range(len(order))):
        return torch.cat(list(parts), axis)
    joined = torch.cat([part.permute(order) for part in parts], order.index(axis))
    return joined.permute([order.index(at) for at in range(len(order))])


def _memory_order(y: Tensor, growing: int) -> list[int]:
    """The axes from the outermost in memory to the innermost; the growing one stays behind the axis before it."""
    strides = y.stride()
    order = sorted((at for at in range(y.ndim) if at != growing), key=lambda at: (-strides[at], at))
    order.insert(order.index(growing - 1) + 1 if growing else 0, growing)
    return order

"""Joining tensors, and taking parts of one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_MOST_PARTS = 10_000


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    return torch.cat(list(tensors), dim)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    return torch.stack(list(tensors), dim)


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    _refuse_many(min(chunks, input.size(dim)))
    return torch.chunk(input, chunks, dim)


def split(input: Tensor, split_size: int | tuple[int, ...], dim: int = 0) -> tuple[Tensor, ...]:
    if isinstance(split_size, tuple):
        return torch.split(input, list(split_size), dim)
    if split_size > 0:
        _refuse_many(-(-input.size(dim) // split_size))
    return torch.split(input, split_size, dim)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    _refuse_many(input.size(dim))
    return torch.unbind(input, dim)


def _refuse_many(parts: int) -> None:
    if parts > _MOST_PARTS:
        raise ValueError(f"{parts:,} parts; the limit is {_MOST_PARTS:,}")


def select(input: Tensor, dim: int, index: int) -> Tensor:
    return torch.select(input, dim, index)


def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    return torch.narrow(input, dim, start, length)


def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    return input.unfold(dimension, size, step)


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    return torch.diagonal(input, offset, dim1, dim2)


def gather(input: Tensor, index: Tensor, dim: int) -> Tensor:
    return torch.gather(input, dim, index)


def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    return torch.take_along_dim(input, indices, dim)


def index_select(input: Tensor, index: Tensor, dim: int) -> Tensor:
    return torch.index_select(input, dim, index)


def scatter_add(input: Tensor, index: Tensor, src: Tensor, dim: int) -> Tensor:
    return torch.scatter_add(input, dim, index, src)

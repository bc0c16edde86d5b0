"""Reducing, ordering and running along an axis."""

from __future__ import annotations

import torch
from torch import Tensor

from tdinspect.building.functions.kinds import Dims, Number


def mean(input: Tensor, dim: Dims | None = None, keepdim: bool = False) -> Tensor:
    return torch.mean(input, dim, keepdim)


def sum(input: Tensor, dim: Dims | None = None, keepdim: bool = False) -> Tensor:
    return torch.sum(input, dim, keepdim)


def prod(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    return torch.prod(input) if dim is None else torch.prod(input, dim, keepdim)


def std(input: Tensor, dim: Dims | None = None, correction: int = 1, keepdim: bool = False) -> Tensor:
    return torch.std(input, dim, correction=correction, keepdim=keepdim)


def var(input: Tensor, dim: Dims | None = None, correction: int = 1, keepdim: bool = False) -> Tensor:
    return torch.var(input, dim, correction=correction, keepdim=keepdim)


def norm(input: Tensor, p: Number = 2, dim: Dims | None = None, keepdim: bool = False) -> Tensor:
    found: Tensor = torch.linalg.vector_norm(input, p, dim, keepdim)
    return found


def logsumexp(input: Tensor, dim: Dims, keepdim: bool = False) -> Tensor:
    return torch.logsumexp(input, dim, keepdim)


def amax(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    return torch.amax(input, dim, keepdim)


def amin(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    return torch.amin(input, dim, keepdim)


def max(input: Tensor, dim: int, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    return torch.max(input, dim, keepdim)


def min(input: Tensor, dim: int, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    return torch.min(input, dim, keepdim)


def median(input: Tensor, dim: int = -1, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    return torch.median(input, dim, keepdim)


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    return torch.argmax(input, dim, keepdim)


def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    return torch.argmin(input, dim, keepdim)


def any(input: Tensor, dim: Dims | None = None, keepdim: bool = False) -> Tensor:
    return torch.any(input) if dim is None else torch.any(input, dim, keepdim)


def all(input: Tensor, dim: Dims | None = None, keepdim: bool = False) -> Tensor:
    return torch.all(input) if dim is None else torch.all(input, dim, keepdim)


def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> tuple[Tensor, Tensor]:
    return torch.topk(input, k, dim, largest, sorted)


def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> tuple[Tensor, Tensor]:
    return torch.sort(input, dim=dim, descending=descending, stable=stable)


def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    return torch.argsort(input, dim=dim, descending=descending, stable=stable)


def cumsum(input: Tensor, dim: int) -> Tensor:
    return torch.cumsum(input, dim)


def cumprod(input: Tensor, dim: int) -> Tensor:
    return torch.cumprod(input, dim)


def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    return torch.logcumsumexp(input, dim)


def diff(input: Tensor, n: int = 1, dim: int = -1) -> Tensor:
    return torch.diff(input, n, dim)

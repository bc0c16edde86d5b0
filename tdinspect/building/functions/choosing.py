"""Comparing, choosing and masking; kinds of numbers; constants in the shape of a tensor."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from tdinspect.building.functions.kinds import Number, dtype_of


def eq(input: Tensor, other: Tensor | Number) -> Tensor:
    return torch.eq(input, other)


def ne(input: Tensor, other: Tensor | Number) -> Tensor:
    return torch.ne(input, other)


def lt(input: Tensor, other: Tensor | Number) -> Tensor:
    return torch.lt(input, other)


def le(input: Tensor, other: Tensor | Number) -> Tensor:
    return torch.le(input, other)


def gt(input: Tensor, other: Tensor | Number) -> Tensor:
    return torch.gt(input, other)


def ge(input: Tensor, other: Tensor | Number) -> Tensor:
    return torch.ge(input, other)


def logical_and(input: Tensor, other: Tensor) -> Tensor:
    return torch.logical_and(input, other)


def logical_or(input: Tensor, other: Tensor) -> Tensor:
    return torch.logical_or(input, other)


def logical_not(input: Tensor) -> Tensor:
    return torch.logical_not(input)


def where(condition: Tensor, input: Tensor | Number, other: Tensor | Number) -> Tensor:
    return torch.where(condition, input, other)


def masked_fill(input: Tensor, mask: Tensor, value: Number) -> Tensor:
    return torch.masked_fill(input, mask, value)


def one_hot(input: Tensor, num_classes: int) -> Tensor:
    return F.one_hot(input, num_classes)


def to(input: Tensor, dtype: torch.dtype) -> Tensor:
    return input.to(dtype_of(dtype))  # a spec's constant is the dtype's name


def detach(input: Tensor) -> Tensor:
    return input.detach()


def zeros_like(input: Tensor) -> Tensor:
    return torch.zeros_like(input)


def ones_like(input: Tensor) -> Tensor:
    return torch.ones_like(input)


def full_like(input: Tensor, fill_value: Number) -> Tensor:
    return torch.full_like(input, fill_value)

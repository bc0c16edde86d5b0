"""Arithmetic of one or two tensors, element by element."""

from __future__ import annotations

import torch
from torch import Tensor

from tdinspect.building.functions.kinds import Number


def add(input: Tensor, other: Tensor | Number) -> Tensor:
    return torch.add(input, other)


def sub(input: Tensor, other: Tensor | Number) -> Tensor:
    return torch.sub(input, other)


def rsub(input: Tensor, other: Tensor | Number) -> Tensor:
    return torch.rsub(input, other)


def mul(input: Tensor, other: Tensor | Number) -> Tensor:
    return torch.mul(input, other)


def div(input: Tensor, other: Tensor | Number, rounding_mode: str | None = None) -> Tensor:
    return torch.div(input, other, rounding_mode=rounding_mode)


def remainder(input: Tensor, other: Tensor | Number) -> Tensor:
    return torch.remainder(input, other)


def pow(input: Tensor, exponent: Tensor | Number) -> Tensor:
    return torch.pow(input, exponent)


def maximum(input: Tensor, other: Tensor) -> Tensor:
    return torch.maximum(input, other)


def minimum(input: Tensor, other: Tensor) -> Tensor:
    return torch.minimum(input, other)


def lerp(input: Tensor, end: Tensor, weight: Tensor | Number) -> Tensor:
    return torch.lerp(input, end, weight)


def clamp(input: Tensor, min: Number | None = None, max: Number | None = None) -> Tensor:
    return torch.clamp(input, min, max)


def abs(input: Tensor) -> Tensor:
    return torch.abs(input)


def neg(input: Tensor) -> Tensor:
    return torch.neg(input)


def sign(input: Tensor) -> Tensor:
    return torch.sign(input)


def floor(input: Tensor) -> Tensor:
    return torch.floor(input)


def ceil(input: Tensor) -> Tensor:
    return torch.ceil(input)


def round(input: Tensor, decimals: int = 0) -> Tensor:
    return torch.round(input, decimals=decimals)


def square(input: Tensor) -> Tensor:
    return torch.square(input)


def sqrt(input: Tensor) -> Tensor:
    return torch.sqrt(input)


def rsqrt(input: Tensor) -> Tensor:
    return torch.rsqrt(input)


def reciprocal(input: Tensor) -> Tensor:
    return torch.reciprocal(input)


def exp(input: Tensor) -> Tensor:
    return torch.exp(input)


def expm1(input: Tensor) -> Tensor:
    return torch.expm1(input)


def log(input: Tensor) -> Tensor:
    return torch.log(input)


def log1p(input: Tensor) -> Tensor:
    return torch.log1p(input)


def log2(input: Tensor) -> Tensor:
    return torch.log2(input)


def erf(input: Tensor) -> Tensor:
    return torch.erf(input)


def sin(input: Tensor) -> Tensor:
    return torch.sin(input)


def cos(input: Tensor) -> Tensor:
    return torch.cos(input)


def tan(input: Tensor) -> Tensor:
    return torch.tan(input)


def atan(input: Tensor) -> Tensor:
    return torch.atan(input)


def atan2(input: Tensor, other: Tensor) -> Tensor:
    return torch.atan2(input, other)

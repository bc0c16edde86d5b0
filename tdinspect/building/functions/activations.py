"""Activations, softmaxes, and norms without weights."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from tdinspect.building.functions.kinds import Dims, Number


def relu(input: Tensor) -> Tensor:
    return torch.relu(input)


def relu6(input: Tensor) -> Tensor:
    return F.relu6(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    return F.leaky_relu(input, negative_slope)


def elu(input: Tensor, alpha: float = 1.0) -> Tensor:
    return F.elu(input, alpha)


def selu(input: Tensor) -> Tensor:
    return F.selu(input)


def celu(input: Tensor, alpha: float = 1.0) -> Tensor:
    return F.celu(input, alpha)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    return F.gelu(input, approximate=approximate)


def silu(input: Tensor) -> Tensor:
    return F.silu(input)


def mish(input: Tensor) -> Tensor:
    return F.mish(input)


def softplus(input: Tensor, beta: Number = 1, threshold: Number = 20) -> Tensor:
    return F.softplus(input, beta, threshold)


def softsign(input: Tensor) -> Tensor:
    return F.softsign(input)


def sigmoid(input: Tensor) -> Tensor:
    return torch.sigmoid(input)


def logsigmoid(input: Tensor) -> Tensor:
    return F.logsigmoid(input)


def tanh(input: Tensor) -> Tensor:
    return torch.tanh(input)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    return F.hardtanh(input, min_val, max_val)


def hardsigmoid(input: Tensor) -> Tensor:
    return F.hardsigmoid(input)


def hardswish(input: Tensor) -> Tensor:
    return F.hardswish(input)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    return F.glu(input, dim)


def softmax(input: Tensor, dim: int) -> Tensor:
    return torch.softmax(input, dim)


def softmin(input: Tensor, dim: int) -> Tensor:
    return F.softmin(input, dim)


def log_softmax(input: Tensor, dim: int) -> Tensor:
    return torch.log_softmax(input, dim)


def normalize(input: Tensor, p: Number = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    return F.normalize(input, p, dim, eps)


def layer_norm(input: Tensor, normalized_shape: Dims | None = None, eps: float = 1e-5) -> Tensor:
    return F.layer_norm(input, _normalized(input, normalized_shape), eps=eps)


def rms_norm(input: Tensor, normalized_shape: Dims | None = None, eps: float | None = None) -> Tensor:
    return F.rms_norm(input, _normalized(input, normalized_shape), eps=eps)


def group_norm(input: Tensor, num_groups: int, eps: float = 1e-5) -> Tensor:
    return F.group_norm(input, num_groups, eps=eps)


def _normalized(input: Tensor, shape: Dims | None) -> list[int]:
    """The sizes over which a norm goes; left out, the last axis as it comes, like any size that shapes tell."""
    if shape is None:
        return list(input.shape[-1:])
    return [shape] if isinstance(shape, int) else list(shape)

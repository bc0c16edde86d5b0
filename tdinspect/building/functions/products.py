"""Products and distances of tensors, and rows of a table (a product with one-hot rows)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from tdinspect.building.functions.kinds import Number


def matmul(input: Tensor, other: Tensor) -> Tensor:
    return torch.matmul(input, other)


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    return torch.mm(input, mat2)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    return torch.bmm(input, mat2)


def mv(input: Tensor, vec: Tensor) -> Tensor:
    return torch.mv(input, vec)


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    return torch.dot(input, tensor)


def inner(input: Tensor, other: Tensor) -> Tensor:
    return torch.inner(input, other)


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    return torch.outer(input, vec2)


def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, beta: Number = 1, alpha: Number = 1) -> Tensor:
    return torch.addmm(input, mat1, mat2, beta=beta, alpha=alpha)


def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, beta: Number = 1, alpha: Number = 1) -> Tensor:
    return torch.baddbmm(input, batch1, batch2, beta=beta, alpha=alpha)


def einsum(operands: Sequence[Tensor], equation: str) -> Tensor:
    return torch.einsum(equation, *operands)


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    return F.scaled_dot_product_attention(
        query, key, value, attn_mask, is_causal=is_causal, scale=scale, enable_gqa=enable_gqa
    )


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    return F.cosine_similarity(x1, x2, dim, eps)


def pairwise_distance(x1: Tensor, x2: Tensor, p: Number = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    return F.pairwise_distance(x1, x2, p, eps, keepdim)


def cdist(x1: Tensor, x2: Tensor, p: Number = 2.0) -> Tensor:
    if x1.numel() == 0 and x1.device.type == "cpu":  # without numbers torch does not look at their kind
        torch.cdist(x1.new_zeros(1, 1), x2.new_zeros(1, 1), p)
    return torch.cdist(x1, x2, p)


def embedding(input: Tensor, weight: Tensor) -> Tensor:
    return F.embedding(input, weight)

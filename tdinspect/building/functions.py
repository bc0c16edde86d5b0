"""The tensor functions that a spec may call: a reviewed, closed list; nothing here reads, writes or runs anything.

Each is a plain function whose annotations say what is a tensor (filled by ``from``) and what is a constant (checked
like a layer's arguments). Names and meanings are torch's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

Number = int | float
Dims = int | tuple[int, ...]


# Joining and taking apart


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    return torch.cat(list(tensors), dim)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    return torch.stack(list(tensors), dim)


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    return torch.chunk(input, chunks, dim)


def split(input: Tensor, split_size: int | tuple[int, ...], dim: int = 0) -> tuple[Tensor, ...]:
    sizes = list(split_size) if isinstance(split_size, tuple) else split_size
    return torch.split(input, sizes, dim)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    return torch.unbind(input, dim)


def select(input: Tensor, dim: int, index: int) -> Tensor:
    return torch.select(input, dim, index)


def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    return torch.narrow(input, dim, start, length)


def gather(input: Tensor, index: Tensor, dim: int) -> Tensor:
    return torch.gather(input, dim, index)


# Moving and shaping axes


def permute(input: Tensor, dims: tuple[int, ...]) -> Tensor:
    return torch.permute(input, dims)


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    return torch.transpose(input, dim0, dim1)


def movedim(input: Tensor, source: Dims, destination: Dims) -> Tensor:
    return torch.movedim(input, source, destination)  # type: ignore[arg-type]  # both forms are torch's


def reshape(input: Tensor, shape: tuple[int, ...]) -> Tensor:
    return torch.reshape(input, shape)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    return torch.flatten(input, start_dim, end_dim)


def unflatten(input: Tensor, dim: int, sizes: tuple[int, ...]) -> Tensor:
    return torch.unflatten(input, dim, sizes)


def squeeze(input: Tensor, dim: Dims | None = None) -> Tensor:
    return torch.squeeze(input) if dim is None else torch.squeeze(input, dim)


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    return torch.unsqueeze(input, dim)


def expand(input: Tensor, shape: tuple[int, ...]) -> Tensor:
    return input.expand(shape)


def roll(input: Tensor, shifts: Dims, dims: Dims | None = None) -> Tensor:
    return torch.roll(input, shifts, () if dims is None else dims)


def flip(input: Tensor, dims: tuple[int, ...]) -> Tensor:
    return torch.flip(input, dims)


def repeat_interleave(input: Tensor, repeats: int, dim: int | None = None) -> Tensor:
    return torch.repeat_interleave(input, repeats, dim)


def pad(input: Tensor, pad: tuple[int, ...], mode: str = "constant", value: Number | None = None) -> Tensor:
    return F.pad(input, pad, mode, value)


def interpolate(
    input: Tensor,
    size: Dims | None = None,
    scale_factor: Number | tuple[Number, ...] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    factors = list(scale_factor) if isinstance(scale_factor, tuple) else scale_factor
    sizes = list(size) if isinstance(size, tuple) else size
    return F.interpolate(input, sizes, factors, mode, align_corners)


# Arithmetic


def add(input: Tensor, other: Tensor | Number) -> Tensor:
    return torch.add(input, other)


def sub(input: Tensor, other: Tensor | Number) -> Tensor:
    return torch.sub(input, other)


def mul(input: Tensor, other: Tensor | Number) -> Tensor:
    return torch.mul(input, other)


def div(input: Tensor, other: Tensor | Number) -> Tensor:
    return torch.div(input, other)


def maximum(input: Tensor, other: Tensor) -> Tensor:
    return torch.maximum(input, other)


def minimum(input: Tensor, other: Tensor) -> Tensor:
    return torch.minimum(input, other)


def matmul(input: Tensor, other: Tensor) -> Tensor:
    return torch.matmul(input, other)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    return torch.bmm(input, mat2)


def einsum(operands: Sequence[Tensor], equation: str) -> Tensor:
    return torch.einsum(equation, *operands)


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, is_causal: bool = False
) -> Tensor:
    return F.scaled_dot_product_attention(query, key, value, attn_mask, is_causal=is_causal)


# Reducing


def mean(input: Tensor, dim: Dims | None = None, keepdim: bool = False) -> Tensor:
    return torch.mean(input, dim, keepdim)


def sum(input: Tensor, dim: Dims | None = None, keepdim: bool = False) -> Tensor:
    return torch.sum(input, dim, keepdim)


def amax(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    return torch.amax(input, dim, keepdim)


def amin(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    return torch.amin(input, dim, keepdim)


def max(input: Tensor, dim: int, keepdim: bool = False) -> tuple[Tensor, ...]:
    return torch.max(input, dim, keepdim)


def min(input: Tensor, dim: int, keepdim: bool = False) -> tuple[Tensor, ...]:
    return torch.min(input, dim, keepdim)


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    return torch.argmax(input, dim, keepdim)


def topk(input: Tensor, k: int, dim: int = -1) -> tuple[Tensor, ...]:
    return torch.topk(input, k, dim)


def cumsum(input: Tensor, dim: int) -> Tensor:
    return torch.cumsum(input, dim)


# Pointwise, and along one axis


def softmax(input: Tensor, dim: int) -> Tensor:
    return torch.softmax(input, dim)


def log_softmax(input: Tensor, dim: int) -> Tensor:
    return torch.log_softmax(input, dim)


def normalize(input: Tensor, p: Number = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    return F.normalize(input, p, dim, eps)


def relu(input: Tensor) -> Tensor:
    return torch.relu(input)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    return F.gelu(input, approximate=approximate)


def sigmoid(input: Tensor) -> Tensor:
    return torch.sigmoid(input)


def tanh(input: Tensor) -> Tensor:
    return torch.tanh(input)


def exp(input: Tensor) -> Tensor:
    return torch.exp(input)


def log(input: Tensor) -> Tensor:
    return torch.log(input)


def sqrt(input: Tensor) -> Tensor:
    return torch.sqrt(input)


def abs(input: Tensor) -> Tensor:
    return torch.abs(input)


def where(condition: Tensor, input: Tensor, other: Tensor) -> Tensor:
    return torch.where(condition, input, other)


def masked_fill(input: Tensor, mask: Tensor, value: Number) -> Tensor:
    return torch.masked_fill(input, mask, value)


def one_hot(input: Tensor, num_classes: int) -> Tensor:
    return F.one_hot(input, num_classes)


FUNCTIONS: Mapping[str, Callable[..., object]] = {
    function.__name__: function
    for function in (
        cat, stack, chunk, split, unbind, select, narrow, gather,
        permute, transpose, movedim, reshape, flatten, unflatten, squeeze, unsqueeze, expand,
        roll, flip, repeat_interleave, pad, interpolate,
        add, sub, mul, div, maximum, minimum, matmul, bmm, einsum, scaled_dot_product_attention,
        mean, sum, amax, amin, max, min, argmax, topk, cumsum,
        softmax, log_softmax, normalize, relu, gelu, sigmoid, tanh, exp, log, sqrt, abs, where, masked_fill, one_hot,
    )
}  # fmt: skip

# These only rearrange axes: on a meta tensor of the full size they cost nothing and say what becomes of the batch.
VIEWS = frozenset(
    ("chunk", "split", "unbind", "select", "narrow", "permute", "transpose", "movedim", "reshape", "flatten")
    + ("unflatten", "squeeze", "unsqueeze", "expand", "repeat_interleave")
)
# Of these, those that may make one axis of several, or several of one.
MERGES = frozenset(("reshape", "flatten", "unflatten"))
# These take several tensors as one list; `from: [a, b]` is that list.
TAKES_LIST = frozenset(("cat", "stack", "einsum"))
# These let mistakes pass, or raise, where the batch is empty.
BLIND_WHEN_EMPTY = frozenset(("scaled_dot_product_attention", "gather", "one_hot"))

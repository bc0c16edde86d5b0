"""Moving, merging, stretching and filling axes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from tdinspect.building.functions.kinds import Dims, Number


def permute(input: Tensor, dims: tuple[int, ...]) -> Tensor:
    return torch.permute(input, dims)


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    return torch.transpose(input, dim0, dim1)


def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    return torch.swapaxes(input, axis0, axis1)


def movedim(input: Tensor, source: Dims, destination: Dims) -> Tensor:
    return torch.movedim(input, source, destination)  # type: ignore[arg-type]  # both forms are torch's


def moveaxis(input: Tensor, source: Dims, destination: Dims) -> Tensor:
    return torch.moveaxis(input, source, destination)  # type: ignore[arg-type]  # both forms are torch's


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


def broadcast_to(input: Tensor, size: tuple[int, ...]) -> Tensor:
    return torch.broadcast_to(input, size)


def tile(input: Tensor, dims: tuple[int, ...]) -> Tensor:
    counts = (1,) * (input.ndim - len(dims)) + tuple(dims)
    shape = (1,) * (len(dims) - input.ndim) + tuple(input.shape)
    spread = [size for pair in zip(counts, shape, strict=True) for size in pair]
    thin = [size for n in shape for size in (1, n)]
    # torch.tile in three views: on the meta device its own kernel is Python, a quarter of a second to import.
    return input.reshape(thin).expand(spread).reshape([count * n for count, n in zip(counts, shape, strict=True)])


def repeat_interleave(input: Tensor, repeats: int, dim: int | None = None) -> Tensor:
    return torch.repeat_interleave(input, repeats, dim)


def roll(input: Tensor, shifts: Dims, dims: Dims | None = None) -> Tensor:
    return torch.roll(input, shifts, () if dims is None else dims)


def flip(input: Tensor, dims: tuple[int, ...]) -> Tensor:
    return torch.flip(input, dims)


def pad(input: Tensor, pad: tuple[int, ...], mode: str = "constant", value: Number | None = None) -> Tensor:
    return F.pad(input, pad, mode, value)


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    return F.pixel_shuffle(input, upscale_factor)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    return F.pixel_unshuffle(input, downscale_factor)


def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    return torch.tril(input, diagonal)


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    return torch.triu(input, diagonal)


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    return torch.diag_embed(input, offset, dim1, dim2)

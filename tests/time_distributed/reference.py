"""The truth the wrapper is held against: one sample of one step at a time."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


def normal(*shape: int, dtype: torch.dtype = torch.float64, seed: int = 3) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def one_by_one(module: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """``module`` on each (sample, step) of inputs (B, T, ...) alone, as a batch of one; (B, T, ...)."""
    samples, steps = inputs[0].shape[:2]
    return torch.stack(
        [
            torch.stack([module(*(x[b, t].unsqueeze(0) for x in inputs)).squeeze(0) for t in range(steps)])
            for b in range(samples)
        ]
    )


class Recorder(nn.Module):
    """Hands its input on, and remembers it."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.got.append(x)
        return x


class Counter:
    """A forward hook that counts."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, *_: object) -> None:
        self.calls += 1


def counted(module: nn.Module) -> Counter:
    counter = Counter()
    module.register_forward_hook(counter)
    return counter

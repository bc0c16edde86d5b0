"""Seeded values for inputs and weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tdinspect.domain.spec import InputSpec


def input_tensor(given: InputSpec, shape: tuple[int, ...], high: int | None, generator: torch.Generator) -> Tensor:
    """A dummy input as its spec says; ``high`` bounds random integers where the spec does not (else 2)."""
    dtype = getattr(torch, given.dtype)
    if given.values == "zeros":
        return torch.zeros(shape, dtype=dtype)
    if given.values == "ones" or dtype is torch.bool:
        return torch.ones(shape, dtype=dtype)
    if given.values == "arange":
        return torch.arange(torch.Size(shape).numel()).reshape(shape).to(dtype)
    bound = given.high or high or 2
    return random_tensor(shape, dtype, bound, generator)


def random_tensor(shape: tuple[int, ...], dtype: torch.dtype, high: int, generator: torch.Generator) -> Tensor:
    """Normal numbers, or whole numbers below ``high``."""
    if dtype.is_floating_point or dtype.is_complex:
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)
    return torch.randint(0, high, shape, generator=generator).to(dtype)


def randomise(module: nn.Module, generator: torch.Generator) -> None:
    """Draw all parameters and buffers: default initialisation hides differences (a BatchNorm starts as the identity).

    Running variances stay above zero, counters stay.
    """
    with torch.no_grad():
        for parameter in module.parameters():
            inputs = parameter[0].numel() if parameter.ndim > 1 else 1
            parameter.normal_(std=inputs**-0.5, generator=generator)  # sums stay near 1: no gate is stuck at its end
        for name, buffer in module.named_buffers():
            if buffer.is_floating_point():
                drawn = torch.rand(buffer.shape, generator=generator, dtype=torch.float64)
                buffer.copy_(drawn + 0.5 if name.endswith("var") else drawn * 2 - 1)

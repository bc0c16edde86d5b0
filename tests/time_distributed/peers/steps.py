"""The slow, plain truth beside which TimeDistributed is held: the module run once for each time step, and stacked."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def step_by_step(module: nn.Module, *inputs: Tensor, time_axis: int = 1) -> Tensor:
    """Run ``module`` on each step of the ``(B, T, ...)`` inputs and stack its single output along ``time_axis``."""
    rows = zip(*(value.unbind(time_axis) for value in inputs), strict=True)
    return torch.stack([module(*row) for row in rows], dim=time_axis)


def counting(*shape: int) -> Tensor:
    """0, 1, 2, ... as float32 in ``shape``: Keras's own test input."""
    return torch.arange(torch.Size(shape).numel(), dtype=torch.float32).reshape(shape)


def dense(inputs: int, units: int, weight: float) -> nn.Linear:
    """A Linear without bias whose weights are all ``weight``: hand numbers."""
    layer = nn.Linear(inputs, units, bias=False)
    nn.init.constant_(layer.weight, weight)
    return layer


class Add(nn.Module):
    """The sum of two inputs."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """``x + y``."""
        return x + y

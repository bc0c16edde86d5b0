"""A module whose convolutions cost little and follow the same: for looking at what depends on what."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

_RANK = 8  # fewer channels lose too much on the way through many layers
_Conv = nn.Conv1d | nn.Conv2d | nn.Conv3d


def thinned(module: nn.Module) -> nn.Module:
    """A copy in which wide convolutions go through a few channels in the middle, with the kernels there.

    Every output channel still follows every input channel at the same places: it is a draw of weights of a lower rank.
    Raises whatever the module's copy raises.
    """
    twin = copy.deepcopy(module)
    for part in twin.modules():
        if not isinstance(part, _Conv) or type(part) not in _THIN or part.groups > 1:
            continue
        changed = part._forward_hooks or "forward" in vars(part)
        if min(part.in_channels, part.out_channels) > 2 * _RANK and not changed:
            part.__class__ = _THIN[type(part)]  # type: ignore[assignment]
    return twin


def _narrow(conv: _Conv, plain: type[_Conv], x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    channels = -1 - (weight.ndim - 2)
    corner, usual = weight.flatten(2)[:, :, 0], weight.square().mean().sqrt().clamp_min(1e-6)
    into, middle, out = corner[:_RANK], weight[:_RANK, :_RANK], corner[:, :_RANK]
    found = _mixed(x, into / usual, channels)
    inner = middle / usual * middle[0].numel() ** -0.5
    found = _mixed(plain._conv_forward(conv, found, inner, None), out / usual, channels)  # type: ignore[arg-type]
    return found if bias is None else found + bias.reshape(-1, *(1,) * (weight.ndim - 2))


def _mixed(x: Tensor, weight: Tensor, channels: int) -> Tensor:
    """Other channels from these. Sums stay as large as what goes in."""
    found: Tensor = torch.tensordot(x.movedim(channels, -1), weight.T * weight.shape[1] ** -0.5, dims=1)
    return found.movedim(-1, channels)


class _Thin1d(nn.Conv1d):
    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return _narrow(self, nn.Conv1d, input, weight, bias)


class _Thin2d(nn.Conv2d):
    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return _narrow(self, nn.Conv2d, input, weight, bias)


class _Thin3d(nn.Conv3d):
    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return _narrow(self, nn.Conv3d, input, weight, bias)


_THIN: dict[type[nn.Module], type[nn.Module]] = {nn.Conv1d: _Thin1d, nn.Conv2d: _Thin2d, nn.Conv3d: _Thin3d}

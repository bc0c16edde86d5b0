"""Who sees whom: one slice of the input is changed, and the slices of the output that follow are marked.

Changes are finite, in float64, of several scales (a small one misses a threshold, a gradient an argmax).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tdinspect.domain.tree import Tree, first, leaves, map_tree
from tdinspect.running.values import random_tensor

_SCALES = (1.0, 100.0)
_TOLERANCE = 1e-9  # of the largest value; float64 noise is below 1e-12

# Layers that are for working across time, wherever time stands.
_SEQUENCE = frozenset(
    ("RNN", "LSTM", "GRU", "RNNBase", "MultiheadAttention", "Transformer")
    + ("TransformerEncoder", "TransformerEncoderLayer", "TransformerDecoder", "TransformerDecoderLayer")
)
_SPATIAL = ("Conv", "LazyConv", "Pool", "Norm", "Pad", "LPPool", "Unpool")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one side does to samples and steps. ``alike``: permuting the steps permutes the output.

    One step alone cannot show whether time is worked across: ``one_step`` then.
    """

    keeps_axes: bool
    one_step: bool
    mixes_samples: bool
    mixes_steps: bool
    alike: bool

    @property
    def per_step(self) -> bool:
        """Every (sample, step) on its own, and every step treated alike."""
        return self.keeps_axes and not self.mixes_samples and not self.mixes_steps and self.alike

    @property
    def works_across(self) -> bool:
        """Samples independent, and time worked across."""
        return not self.mixes_samples and (self.mixes_steps or self.one_step or not self.keeps_axes)


def works_across(type_name: str, ndim: int, time_axis: int) -> bool:
    """True for layers that work across time by nature: sequence layers, and those whose spatial axis is time here."""
    if type_name in _SEQUENCE:
        return True
    spatial = spatial_axes(type_name)
    return bool(spatial) and ndim - spatial <= time_axis and ndim > 2


def spatial_axes(type_name: str) -> int:
    """How many last axes a convolution, pool, padding or norm reads as space: 2 for Conv2d, 0 for other layers."""
    known = any(word in type_name for word in _SPATIAL)
    return next((int(n) for n in "123" if known and type_name.endswith(f"{n}d")), 0)


def behaviour_of(
    side: nn.Module, args: Tree, kwargs: Mapping[str, Tree], time_axis: int, batch_axis: int | None, high: int
) -> Behaviour:
    """Change one (sample, step) of the first input at a time; the output's axes are read where the input's are."""
    x = next(value for value in leaves((args, kwargs)) if isinstance(value, Tensor))

    def run(changed: Tensor) -> Tensor:
        return _call(side, args, kwargs, x, changed)

    base = run(x)
    keeps_batch = batch_axis is None or _same(base, x, batch_axis)
    keeps = keeps_batch and _same(base, x, time_axis)
    mixes_samples, mixes_steps = not keeps_batch, False
    generator = torch.Generator().manual_seed(2)
    for scale in _SCALES:
        drawn = random_tensor(tuple(x.shape), x.dtype, high, generator)
        noise = drawn * scale if x.dtype.is_floating_point else (x + 1 + drawn % max(1, high - 1)) % high - x
        for corner in (0, -1):  # what runs forward shows at the first step, what runs backward at the last
            moved = _moved(run, base, x, noise, [a for a in (batch_axis, time_axis) if a is not None], corner)
            if batch_axis is not None and keeps_batch:
                mixes_samples |= _besides(moved, batch_axis, corner)
                moved = moved.select(batch_axis, corner).unsqueeze(batch_axis)
            if keeps:
                mixes_steps |= _besides(moved, time_axis, corner)
    order = torch.roll(torch.arange(x.shape[time_axis]), 1)
    alike = keeps and _close(run(x.index_select(time_axis, order)), base.index_select(time_axis, order))
    return Behaviour(keeps, x.shape[time_axis] == 1, mixes_samples, mixes_steps, alike)


def _moved(
    run: Callable[[Tensor], Tensor], base: Tensor, x: Tensor, noise: Tensor, axes: Sequence[int], corner: int
) -> Tensor:
    """Where the output moves when the one slice at ``corner`` of ``axes`` does."""
    changed = x.clone()
    slice_, change = changed, noise
    for axis in sorted(axes, reverse=True):
        slice_, change = slice_.select(axis, corner), change.select(axis, corner)
    slice_.add_(change)
    difference = (run(changed) - base).abs().nan_to_num(nan=torch.inf)
    return difference > _TOLERANCE * (1 + base.abs().nan_to_num())


def _besides(moved: Tensor, axis: int, corner: int) -> bool:
    """True when something moved in a slice along ``axis`` that is not the one at ``corner``."""
    others = moved.clone()
    others.select(axis, corner).zero_()
    return bool(others.any())


def _call(side: nn.Module, args: Tree, kwargs: Mapping[str, Tree], x: Tensor, changed: Tensor) -> Tensor:
    def swap(value: object) -> object:
        return changed if value is x else value

    result = first(side(*map_tree(swap, args), **map_tree(swap, dict(kwargs))))
    assert isinstance(result, Tensor)
    return result.double() if not result.is_complex() else torch.view_as_real(result)


def _same(output: Tensor, x: Tensor, axis: int) -> bool:
    return axis < output.ndim and output.shape[axis] == x.shape[axis]


def _close(left: Tensor, right: Tensor) -> bool:
    return left.shape == right.shape and torch.allclose(left, right, rtol=1e-6, atol=1e-9, equal_nan=True)

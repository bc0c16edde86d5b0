"""Who sees whom: one slice of the input is changed, and the slices of the output that follow are marked.

Changes are finite, in float64, of several scales (a small one misses a threshold, a gradient an argmax).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tdinspect.domain.sequence import SEQUENCE
from tdinspect.domain.tree import Tree, first, leaves, map_tree
from tdinspect.running.values import random_tensor

_SCALES = (1.0, 100.0)
_TOLERANCE = 1e-9  # of the largest value; float64 noise is below 1e-12

_SPATIAL = ("Conv", "LazyConv", "Pool", "Norm", "Pad", "LPPool", "Unpool", "Upsampling")
# Layers that read (N, C, *): all axes behind the channels are space.
_ALL_BEHIND = frozenset(("GroupNorm", "SyncBatchNorm", "Upsample"))
_LAST_TWO = frozenset(("PixelShuffle", "PixelUnshuffle"))


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


def works_across(type_name: str, ndim: int, folded: int, time_axis: int) -> bool:
    """True for layers that work across time by nature: sequence layers, and those whose spatial axis is time here.

    A sequence layer whose single steps, without the ``folded`` axes, are sequences themselves works on those, and one
    that has time for its last axis reads it as features.
    """
    if type_name in SEQUENCE:
        return ndim - folded == 1 and time_axis < ndim - 1
    spatial = max(ndim - 2, 0) if type_name in _ALL_BEHIND else 2 if type_name in _LAST_TWO else spatial_axes(type_name)
    return bool(spatial) and ndim - spatial <= time_axis


def spatial_axes(type_name: str) -> int:
    """How many last axes a convolution, pool, padding or norm reads as space: 2 for Conv2d, 0 for other layers."""
    known = any(word in type_name for word in _SPATIAL)
    return next((int(n) for n in "123" if known and type_name.endswith(f"{n}d")), 0)


def behaviour_of(
    side: nn.Module, args: Tree, kwargs: Mapping[str, Tree], time_axis: int, batch_axis: int | None, high: int
) -> Behaviour:
    """Change one (sample, step) of the inputs at a time; the output's axes are read where the inputs' are."""
    bench = _Inputs(side, args, kwargs, time_axis, batch_axis, high)
    x = bench.tensors[0]
    base = bench.run({})
    keeps_batch = batch_axis is None or _same(base, x, batch_axis)
    keeps = keeps_batch and _same(base, x, time_axis)
    mixes_samples, mixes_steps = not keeps_batch, False
    for scale in _SCALES:
        for corner in (0, -1):  # what runs forward shows at the first step, what runs backward at the last
            moved = _moved(base, bench.run(bench.changed(corner, scale)))
            if batch_axis is not None and keeps_batch:
                mixes_samples |= _besides(moved, batch_axis, corner)
                moved = moved.select(batch_axis, corner).unsqueeze(batch_axis)
            if keeps:
                mixes_steps |= _besides(moved, time_axis, corner)
    order = torch.roll(torch.arange(x.shape[time_axis]), 1)
    permuted = {id(tensor): tensor.index_select(time_axis, order) for tensor in bench.tensors}
    alike = keeps and _close(bench.run(permuted), base.index_select(time_axis, order))
    return Behaviour(keeps, x.shape[time_axis] == 1, mixes_samples, mixes_steps, alike)


class _Inputs:
    """The inputs of one side; those that carry the axes (query, key and value, say) are changed together."""

    def __init__(
        self,
        side: nn.Module,
        args: Tree,
        kwargs: Mapping[str, Tree],
        time_axis: int,
        batch_axis: int | None,
        high: int,
    ) -> None:
        self.side, self.args, self.kwargs, self.high = side, args, kwargs, high
        self.axes = [axis for axis in (batch_axis, time_axis) if axis is not None]
        distinct = {id(value): value for value in leaves((args, kwargs)) if isinstance(value, Tensor)}.values()
        lead = self._lead(next(iter(distinct)))
        self.tensors = [tensor for tensor in distinct if self._lead(tensor) == lead]
        self.generator = torch.Generator().manual_seed(2)

    def _lead(self, tensor: Tensor) -> list[int] | None:
        return [tensor.shape[axis] for axis in self.axes] if max(self.axes) < tensor.ndim else None

    def run(self, changed: Mapping[int, Tensor]) -> Tensor:
        """Part 0 of the result in float64, with these tensors (by identity) in the place of the inputs."""

        def swap(value: object) -> object:
            return changed.get(id(value), value)

        result = first(self.side(*map_tree(swap, self.args), **map_tree(swap, dict(self.kwargs))))
        assert isinstance(result, Tensor)
        return result.double() if not result.is_complex() else torch.view_as_real(result)

    def changed(self, corner: int, scale: float) -> dict[int, Tensor]:
        """Every tensor with its slice at ``corner`` of the axes changed."""
        return {id(tensor): self._change(tensor, corner, scale) for tensor in self.tensors}

    def _change(self, x: Tensor, corner: int, scale: float) -> Tensor:
        drawn = random_tensor(tuple(x.shape), x.dtype, self.high, self.generator)
        shift = 1 + drawn % max(1, self.high - 1)  # of whole numbers: another one below the bound
        noise = drawn * scale if x.dtype.is_floating_point else (x + shift) % self.high - x
        changed = x.clone()
        part, change = changed, noise
        for axis in sorted(self.axes, reverse=True):
            part, change = part.select(axis, corner), change.select(axis, corner)
        part.add_(change)
        return changed


def _moved(base: Tensor, after: Tensor) -> Tensor:
    difference = (after - base).abs().nan_to_num(nan=torch.inf)
    return difference > _TOLERANCE * (1 + base.abs().nan_to_num())


def _besides(moved: Tensor, axis: int, corner: int) -> bool:
    """True when something moved in a slice along ``axis`` that is not the one at ``corner``."""
    others = moved.clone()
    others.select(axis, corner).zero_()
    return bool(others.any())


def _same(output: Tensor, x: Tensor, axis: int) -> bool:
    return axis < output.ndim and output.shape[axis] == x.shape[axis]


def _close(left: Tensor, right: Tensor) -> bool:
    return left.shape == right.shape and torch.allclose(left, right, rtol=1e-6, atol=1e-9, equal_nan=True)

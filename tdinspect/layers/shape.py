"""Layers that rearrange or resize axes, and distances along one."""

from __future__ import annotations

from torch import nn

from tdinspect.layers.axis_use import (
    AxisUse,
    Each,
    Mixed,
    Repeated,
    Shape,
    Uses,
    Window,
    alone,
    nth,
    only,
    over_space,
)
from tdinspect.layers.family import Family
from tdinspect.layers.work import nothing


def _flatten_uses(module: nn.Module, ndim: int) -> Uses | None:
    """Axes that become one are left to a run."""
    assert isinstance(module, nn.Flatten)
    if ndim == 0 or not (-ndim <= module.start_dim < ndim and -ndim <= module.end_dim < ndim):
        return None
    first, last = module.start_dim % ndim, module.end_dim % ndim
    return tuple(None if first <= i <= last and first < last else Each() for i in range(ndim))


def _unflatten_uses(module: nn.Module, ndim: int) -> Uses | None:
    assert isinstance(module, nn.Unflatten)
    return only(module.dim, None, ndim) if isinstance(module.dim, int) else None


def _shuffle_uses(module: nn.Module, ndim: int) -> Uses | None:
    assert isinstance(module, nn.PixelShuffle)
    rows = Repeated(module.upscale_factor)
    return (*(Each(),) * (ndim - 3), None, rows, rows) if ndim >= 3 else None


def _unshuffle_uses(module: nn.Module, ndim: int) -> Uses | None:
    assert isinstance(module, nn.PixelUnshuffle)
    rows = Window(module.downscale_factor, module.downscale_factor)
    return (*(Each(),) * (ndim - 3), None, rows, rows) if ndim >= 3 else None


def _channel_shuffle_uses(module: nn.Module, ndim: int) -> Uses | None:
    return only(1, None, ndim)


def _upsample_uses(module: nn.Module, ndim: int) -> Uses | None:
    """Nearest neighbours by a whole factor; what lies between two positions is left to a run."""
    assert isinstance(module, nn.Upsample)
    if ndim not in (3, 4, 5):
        return None
    space = tuple(_resized(module, i) for i in range(ndim - 2))
    return over_space(Each(), space, ndim)


def _resized(module: nn.Upsample, i: int) -> AxisUse | None:
    factor = module.scale_factor
    if isinstance(factor, tuple | list):
        factor = factor[i] if i < len(factor) else None
    if module.mode not in ("nearest", "nearest-exact") or factor is None or factor != int(factor) or factor < 1:
        return None
    return Repeated(int(factor))


def _patches_uses(module: nn.Module, ndim: int) -> Uses | None:
    """Fold and Unfold: samples stay apart."""
    batched = 4 if isinstance(module, nn.Unfold) else 3
    return (Each(), *(None,) * (ndim - 1)) if ndim == batched else None


def _distance_uses(module: nn.Module, shapes: tuple[Shape, ...]) -> tuple[Uses, ...] | None:
    """Two tensors of one shape, compared along one axis."""
    if len(shapes) != 2 or len(set(shapes)) > 1:
        return None
    dim = nth(getattr(module, "dim", -1), 0)
    uses = only(dim, Mixed("reduced"), len(shapes[0]))
    return None if uses is None else (uses, uses)


KINDS = (
    Family(classes=("Flatten",), axes=alone(_flatten_uses), macs=nothing),
    Family(classes=("Unflatten",), axes=alone(_unflatten_uses), macs=nothing),
    Family(classes=("PixelShuffle",), axes=alone(_shuffle_uses), macs=nothing),
    Family(classes=("PixelUnshuffle",), axes=alone(_unshuffle_uses), macs=nothing),
    Family(classes=("ChannelShuffle",), axes=alone(_channel_shuffle_uses), macs=nothing),
    Family(
        classes=("Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d"), axes=alone(_upsample_uses), macs=nothing
    ),
    Family(classes=("Fold", "Unfold"), axes=alone(_patches_uses), macs=nothing),
    Family(classes=("CosineSimilarity", "PairwiseDistance"), axes=_distance_uses, macs=nothing),
)

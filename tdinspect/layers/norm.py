"""Normalisations. BatchNorm's Keras count has its two running statistics in it (4C against torch's 2C)."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase
from torch.nn.modules.instancenorm import _InstanceNorm

from tdinspect.layers.axis_use import AxisUse, Blocks, Each, Mixed, Uses, Window, alone, only
from tdinspect.layers.family import Family, Source, generic_formula, torch_count
from tdinspect.layers.work import nothing


def _formula(module: nn.Module) -> str:
    assert isinstance(module, _NormBase)
    return _times(module, module.num_features)


def _group_formula(module: nn.Module) -> str:
    assert isinstance(module, nn.GroupNorm)
    return _times(module, module.num_channels)


def _times(module: nn.Module, channels: int) -> str:
    tensors = len(list(module.parameters()))
    return f"{tensors}*{channels}" if tensors > 1 else str(channels) if tensors else ""


def _keras_batch_norm(module: nn.Module) -> int:
    assert isinstance(module, _BatchNorm)
    statistics = 2 * module.num_features if module.track_running_stats else 0
    return torch_count(module) + statistics


def _one_position(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Channels kept, two samples, one position: a zero batch lets a wrong ``num_features`` pass."""
    return tuple(2 if i == 0 else size if i == 1 else 1 for i, size in enumerate(shape))


def _batch_uses(module: nn.Module, ndim: int) -> Uses | None:
    """Running statistics make it a scale and a shift; without them it works over all of the batch, in eval too."""
    assert isinstance(module, _BatchNorm)
    if module.running_mean is not None:
        return only(1, Each(alike=False, why="channels"), ndim)
    channels = Each(alike=not module.affine, why="channels")
    return tuple(channels if i == 1 else Mixed("normalised") for i in range(ndim)) if ndim > 1 else None


def _instance_uses(module: nn.Module, ndim: int) -> Uses | None:
    assert isinstance(module, _InstanceNorm)
    space = int(type(module).__name__[-2])
    if ndim not in (space + 1, space + 2):
        return None
    own = module.affine or module.running_mean is not None
    along: AxisUse = Each() if module.running_mean is not None else Mixed("normalised")
    before = (Each(),) * (ndim - space - 1)
    return (*before, Each(alike=not own, why="channels"), *(along,) * space)


def _group_uses(module: nn.Module, ndim: int) -> Uses | None:
    assert isinstance(module, nn.GroupNorm)
    if ndim < 2:
        return None
    size = module.num_channels // module.num_groups
    channels: AxisUse = Blocks(size, why="channels")
    if size == 1:
        channels = Each(alike=not module.affine, why="channels")
    elif module.num_groups == 1:
        channels = Mixed("channels")
    return (Each(), channels, *(Mixed("normalised"),) * (ndim - 2))


def _last_uses(module: nn.Module, ndim: int) -> Uses | None:
    assert isinstance(module, nn.LayerNorm | nn.RMSNorm)
    last = len(module.normalized_shape)
    return (*(Each(),) * (ndim - last), *(Mixed("features"),) * last) if ndim >= last else None


def _local_uses(module: nn.Module, ndim: int) -> Uses | None:
    """A window over neighbouring channels."""
    assert isinstance(module, nn.LocalResponseNorm)
    return only(1, Window(module.size, before=module.size // 2, why="channels"), ndim)


_BATCH = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm")
_LAZY_BATCH = ("LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d")

KINDS = (
    Family(
        classes=(*_BATCH, *_LAZY_BATCH),
        sources={"num_features": Source(axis=1)},
        formula=_formula,
        keras_params=_keras_batch_norm,
        witness=_one_position,
        axes=alone(_batch_uses),
        macs=nothing,
    ),
    *(
        Family(
            classes=(f"InstanceNorm{n}d", f"LazyInstanceNorm{n}d"),
            sources={"num_features": Source(axis=-1 - n)},
            formula=_formula,
            axes=alone(_instance_uses),
            macs=nothing,
        )
        for n in (1, 2, 3)
    ),
    Family(
        classes=("GroupNorm",),
        sources={"num_channels": Source(axis=1)},
        formula=_group_formula,
        axes=alone(_group_uses),
        macs=nothing,
    ),
    Family(classes=("LayerNorm",), formula=generic_formula, axes=alone(_last_uses), macs=nothing),
    Family(
        classes=("RMSNorm",),
        sources={"normalized_shape": Source(name="x")},
        formula=generic_formula,
        axes=alone(_last_uses),
        macs=nothing,
    ),
    Family(classes=("LocalResponseNorm",), axes=alone(_local_uses), macs=nothing),
    Family(classes=("CrossMapLRN2d",), macs=nothing),
)

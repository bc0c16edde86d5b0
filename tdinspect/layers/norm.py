"""Normalisations. BatchNorm's Keras count has its two running statistics in it (4C against torch's 2C)."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase

from tdinspect.layers.family import Family, Source, generic_formula, torch_count


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


_BATCH = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm")
_LAZY_BATCH = ("LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d")

KINDS = (
    Family(
        classes=(*_BATCH, *_LAZY_BATCH),
        sources={"num_features": Source(axis=1)},
        formula=_formula,
        keras_params=_keras_batch_norm,
        witness=_one_position,
    ),
    *(
        Family(
            classes=(f"InstanceNorm{n}d", f"LazyInstanceNorm{n}d"),
            sources={"num_features": Source(axis=-1 - n)},
            formula=_formula,
        )
        for n in (1, 2, 3)
    ),
    Family(
        classes=("GroupNorm",),
        sources={"num_channels": Source(axis=1)},
        formula=_group_formula,
    ),
    Family(classes=("LayerNorm",), formula=generic_formula),
    Family(classes=("RMSNorm",), sources={"normalized_shape": Source(name="x")}, formula=generic_formula),
)

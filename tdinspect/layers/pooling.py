"""Pools: windows over the spatial axes, which are the last ones; with a batch or one sample."""

from __future__ import annotations

from torch import nn

from tdinspect.layers.axis_use import AxisUse, Each, Mixed, Uses, Window, alone, nth, over_space, together
from tdinspect.layers.family import Family
from tdinspect.layers.work import nothing


def _rank(module: nn.Module) -> int:
    return int(type(module).__name__[-2])


def _window_uses(module: nn.Module, ndim: int) -> Uses | None:
    return over_space(Each(), tuple(_window(module, i) for i in range(_rank(module))), ndim)


def _window(module: nn.Module, i: int) -> Window:
    """The stride is the kernel where none is given."""
    kernel = nth(module.kernel_size, i)
    stride = nth(module.stride, i) if module.stride not in (None, ()) else kernel
    return Window(kernel, stride, nth(getattr(module, "padding", 0), i), nth(getattr(module, "dilation", 1), i))


def _adaptive_uses(module: nn.Module, ndim: int) -> Uses | None:
    """An output size of its own takes an axis away; None keeps it as it is."""
    given = module.output_size
    sizes = given if isinstance(given, tuple | list) else (given,) * _rank(module)
    return over_space(Each(), tuple(Each() if size is None else Mixed("reduced") for size in sizes), ndim)


def _spatial_unknown(module: nn.Module, ndim: int) -> Uses | None:
    space: tuple[AxisUse | None, ...] = (None,) * _rank(module)
    return over_space(Each(), space, ndim)


def _classes(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}{n}d" for name in names for n in (1, 2, 3))


KINDS = (
    Family(classes=_classes("MaxPool", "AvgPool", "LPPool"), axes=alone(_window_uses), macs=nothing),
    Family(classes=_classes("AdaptiveAvgPool", "AdaptiveMaxPool"), axes=alone(_adaptive_uses), macs=nothing),
    # Where an unpooled value goes, its index says.
    Family(classes=_classes("MaxUnpool"), axes=together(_spatial_unknown), macs=nothing),
    Family(classes=("FractionalMaxPool2d", "FractionalMaxPool3d"), axes=alone(_spatial_unknown), macs=nothing),
)

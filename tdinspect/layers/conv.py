"""Convolutions, plain and transposed: channels stand before the spatial axes, with or without a batch."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from torch import nn
from torch.nn.modules.conv import _ConvNd

from tdinspect.layers.axis_use import Edge, Mixed, Spread, Uses, Window, alone, over_space
from tdinspect.layers.family import Family, Source
from tdinspect.layers.work import Work


def _formula(module: nn.Module) -> str:
    assert isinstance(module, _ConvNd)
    out, per_group = module.out_channels, module.in_channels // module.groups
    factors = [per_group, out, *module.kernel_size]
    bias = "" if module.bias is None else f" + {out}"
    assert prod(factors) == module.weight.numel()
    return "*".join(str(factor) for factor in factors) + bias


_EDGES: Mapping[str, Edge] = {"reflect": "reflect", "replicate": "replicate", "circular": "circular"}


def _uses(module: nn.Module, ndim: int) -> Uses | None:
    assert isinstance(module, _ConvNd)
    space = tuple(_along(module, i) for i in range(len(module.kernel_size)))
    return over_space(Mixed("channels"), space, ndim)


def _along(module: _ConvNd, i: int) -> Window | Spread:
    kernel, stride, dilation = module.kernel_size[i], module.stride[i], module.dilation[i]
    if module.transposed:
        return Spread(kernel, stride, _first(module.padding[i]), dilation)
    if module.padding == "same":
        before = dilation * (kernel - 1) // 2
    else:
        before = 0 if isinstance(module.padding, str) else _first(module.padding[i])
    return Window(kernel, stride, before, dilation, _EDGES.get(module.padding_mode, "nothing"))


def _first(value: object) -> int:
    assert isinstance(value, int)
    return value


def _macs(module: nn.Module, work: Work) -> int:
    """Each output position takes a whole kernel, also over padding; transposed, each input position gives one."""
    assert isinstance(module, _ConvNd)
    kernel = prod(module.kernel_size)
    if module.transposed:
        return prod(work.taken(0, "input")) * module.out_channels // module.groups * kernel
    return prod(work.gives[0]) * module.in_channels // module.groups * kernel


KINDS = tuple(
    Family(
        classes=(f"Conv{n}d", f"ConvTranspose{n}d", f"LazyConv{n}d", f"LazyConvTranspose{n}d"),
        sources={"in_channels": Source(axis=-1 - n)},
        formula=_formula,
        axes=alone(_uses),
        macs=_macs,
    )
    for n in (1, 2, 3)
)

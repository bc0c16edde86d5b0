"""Convolutions, plain and transposed: channels stand before the spatial axes, with or without a batch."""

from __future__ import annotations

from math import prod

from torch import nn
from torch.nn.modules.conv import _ConvNd

from tdinspect.layers.family import Family, Source


def _formula(module: nn.Module) -> str:
    assert isinstance(module, _ConvNd)
    out, per_group = module.out_channels, module.in_channels // module.groups
    factors = [per_group, out, *module.kernel_size]
    bias = "" if module.bias is None else f" + {out}"
    assert prod(factors) == module.weight.numel()
    return "*".join(str(factor) for factor in factors) + bias


KINDS = tuple(
    Family(
        classes=(f"Conv{n}d", f"ConvTranspose{n}d", f"LazyConv{n}d", f"LazyConvTranspose{n}d"),
        sources={"in_channels": Source(axis=-1 - n)},
        formula=_formula,
    )
    for n in (1, 2, 3)
)

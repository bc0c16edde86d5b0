"""A call of a layer on the meta device, counted twice: by the layer's family, and by the oracle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from tdinspect.building.wiring import Flow
from tdinspect.domain.cost import Cost
from tdinspect.domain.size import Size
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.domain.tree import Tree, map_tree
from tdinspect.running.costs.layers import Costs
from tests.costs.oracle import flops_of, on_meta


def told_and_counted(module: nn.Module, args: Tree, kwargs: Mapping[str, Any] | None = None) -> tuple[int | None, int]:
    """What the family says of this call, and what the oracle counts; a shape stands for a tensor of that shape."""
    args, kwargs = tuple(map(_tensors, args)), {name: _tensors(value) for name, value in (kwargs or {}).items()}
    counted = flops_of(module, *args, **kwargs)
    with torch.no_grad():
        value = module(*args, **kwargs)
    return told(module, args, kwargs, value).macs, counted


def told(module: nn.Module, args: Tree, kwargs: Mapping[str, Any], value: Tree) -> Cost:
    """What the family says of a call that took and gave these tensors."""
    flow = Flow(map_tree(_info, args), map_tree(_info, dict(kwargs)))
    return Costs({}).of(module, flow, map_tree(_info, value))


def _tensors(tree: Tree) -> Tree:
    if isinstance(tree, tuple) and all(isinstance(part, int) for part in tree):
        return on_meta(*tree)
    return type(tree)(map(_tensors, tree)) if isinstance(tree, tuple | list) else tree


def _info(value: object) -> object:
    if not isinstance(value, Tensor):
        return value
    axes = tuple(Axis(Size.number(size)) for size in value.shape)
    return TensorInfo(axes, str(value.dtype).removeprefix("torch."))

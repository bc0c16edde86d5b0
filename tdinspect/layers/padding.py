"""Paddings of the last axes: the input moved along, and what stands before and after it."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from tdinspect.layers.axis_use import Each, Edge, Uses, Window, alone
from tdinspect.layers.family import Family
from tdinspect.layers.work import nothing

_EDGES: Mapping[str, Edge] = {"Reflection": "reflect", "Replication": "replicate", "Circular": "circular"}


def _uses(module: nn.Module, ndim: int) -> Uses | None:
    """``padding`` has two numbers an axis, from the last; a constant suits any rank, the others one sample or more."""
    widths = module.padding
    assert isinstance(widths, tuple)
    edge = _EDGES.get(type(module).__name__[: -len("Pad1d")], "nothing")
    space = len(widths) // 2
    if ndim < space or (edge != "nothing" and ndim - space not in (1, 2)):
        return None
    padded = tuple(Window(before=widths[2 * (space - 1 - i)], edge=edge) for i in range(space))
    return (*(Each(),) * (ndim - space), *padded)


_NAMES = ("Constant", "Zero", *_EDGES)

_CLASSES = tuple(f"{name}Pad{n}d" for name in _NAMES for n in (1, 2, 3))

KINDS = (Family(classes=_CLASSES, axes=alone(_uses), macs=nothing),)

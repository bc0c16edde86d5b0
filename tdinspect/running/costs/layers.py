"""What each call of a layer costs, from its shapes at the spec's own sizes; nothing is run.

What stands under a TimeDistributed is called on ``B*T`` rows, what stands in a Recurrent once for each step.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import prod

import torch
from torch import nn

from tdinspect.building.sources import LearnedTensor
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.building.wiring import Flow
from tdinspect.domain.cost import Cost, cut_off
from tdinspect.domain.size import Size
from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import Tree
from tdinspect.layers import family_of_module, has_known_cost
from tdinspect.layers.work import Shape, Work, nothing
from tdinspect.running.costs.function_costs import counts, function_macs
from tdinspect.running.inside import Inner
from tdinspect.running.sides import infos_of

ONCE = Size.number(1)


class Costs:
    """Costs at these sizes; a value that many layers take is measured once."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = sizes
        self._shapes: dict[int, tuple[TensorInfo, Shape]] = {}  # the value is kept, so that no other takes its id

    def of(self, module: nn.Module, flow: Flow, value: Tree, times: Size = ONCE, *, multiplies: bool = True) -> Cost:
        """What ``times`` calls of a layer or a function cost that take ``flow`` and give ``value``.

        ``multiplies`` is False for a layer of no family that was seen to have no product of matrices in it.
        """
        calls = 1 if times is ONCE else times.value(self._sizes)
        gives = infos_of(value)
        kept = () if isinstance(module, LearnedTensor) else gives  # a parameter is no activation
        activation_bytes = calls * sum(self.bytes(info) for info in kept)
        known = multiplies or has_known_cost(module)
        macs = self._macs(module, flow, gives) if known else 0
        if macs is None:
            return Cost(None, "unavailable", activation_bytes)
        return Cost(calls * macs, "complete", activation_bytes)

    def inner(self, inner: Inner, taken: Tree, given: Tree, times: Size = ONCE) -> Cost:
        """What a row inside a user's module costs; the last row of a loop of more calls than rows is a lower bound."""
        if inner.module is None or not (inner.called or inner.multiplies):
            return Cost()
        cost = self.of(inner.module, Flow((taken,)), given, times, multiplies=inner.multiplies)
        return cut_off(cost) if inner.cut else cost

    def bytes(self, info: TensorInfo) -> int:
        """The memory of one value at its dtype."""
        return prod(self._shape(info)) * _bytes_each(info.dtype)

    def _macs(self, module: nn.Module, flow: Flow, gives: list[TensorInfo]) -> int | None:
        if isinstance(module, TensorFunction):
            return function_macs(module, self._work(flow, gives), self._sizes) if counts(module) else 0
        known = family_of_module(module).macs
        if known is nothing or isinstance(module, LearnedTensor):
            return 0
        try:
            return None if known is None else known(module, self._work(flow, gives))
        except LookupError:  # an input came another way
            return None

    def _work(self, flow: Flow, gives: list[TensorInfo]) -> Work:
        named = {name: infos_of(part) for name, part in flow.kwargs.items()}
        return Work(
            tuple(map(self._shape, infos_of(flow.args))),
            {name: self._shape(infos[0]) for name, infos in named.items() if infos},
            tuple(map(self._shape, gives)),
        )

    def _shape(self, info: TensorInfo) -> Shape:
        found = self._shapes.get(id(info))
        if found is None:
            found = self._shapes[id(info)] = (info, info.shape(self._sizes))
        return found[1]


@cache
def _bytes_each(dtype: str) -> int:
    found = getattr(torch, dtype, torch.float32)
    assert isinstance(found, torch.dtype)
    return found.itemsize

"""Which inputs of the layers inside a module no input of the module moves: masks, queries that are learned."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tdinspect.domain.tree import leaves
from tdinspect.running.modules.given import Given
from tdinspect.running.modules.recorder import Slot, Visit, recorded


class Constants:
    """What stays as it is while the module's inputs change, at any sizes. ``names`` has the leaves by their visits."""

    def __init__(self, module: nn.Module, given: Given, names: Mapping[tuple[str, int], str]) -> None:
        self.module, self.given, self.names = module, given, names

    def at(self, sizes: Mapping[str, int]) -> dict[str, dict[int, Tensor]]:
        """For the leaves that have some: the values by the place among the tensors that go in."""
        if any(tensor.is_meta for tensor in (*self.given.tensors, *self.module.parameters())):
            return {}
        values = self.given.at(sizes)
        passes = [
            recorded(self.module, *self.given.filled(own), values=True)
            for own in (values, {i: _other(value) for i, value in values.items()})
        ]
        again = {visit.place: visit for visit in passes[1].visits}
        found: dict[str, dict[int, Tensor]] = {}
        known: list[Tensor] = []  # equal ones are one, so that layers with the same mask are looked at once
        for visit in passes[0].visits:
            other = again.get(visit.place)
            if visit.place in self.names and other is not None and (still := _still(visit, other)):
                found[self.names[visit.place]] = {place: _one_of(known, value) for place, value in still.items()}
        return found


def _one_of(known: list[Tensor], value: Tensor) -> Tensor:
    for other in known:
        if other.dtype is value.dtype and torch.equal(other, value):
            return other
    known.append(value)
    return value


def _still(visit: Visit, other: Visit) -> dict[int, Tensor]:
    kept = {i for i, value in visit.values.items() if i in other.values and torch.equal(value, other.values[i])}
    slots = [part.index for part in leaves((visit.args, visit.kwargs)) if isinstance(part, Slot)]
    return {place: visit.values[index] for place, index in enumerate(slots) if index in kept}


def _other(value: Tensor) -> Tensor:
    """Other values of the same kind. Masks stay, and so do numbers where all are equal: they may be sizes."""
    if value.dtype is torch.bool:
        return value.clone()
    if value.is_floating_point() or value.is_complex():
        return value * -1.5 + torch.arange(value.numel()).reshape(value.shape).to(value.dtype) * 0.01 + 0.7
    return value.flatten().flip(0).reshape(value.shape)

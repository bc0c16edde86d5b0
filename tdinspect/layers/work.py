"""The multiply-adds of one call of a layer, from the shapes that go in and come out: a family's ``macs``.

Counted are the products of matrices and the convolutions, one for each multiplication with the addition that follows
it. Biases, norms, activations, pools and everything else that goes element by element are not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod

from torch import nn

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """The shapes of one call, as the layer itself sees them: what it takes by place and by name, and what it gives."""

    takes: tuple[Shape, ...]
    named: Mapping[str, Shape] = field(default_factory=dict)
    gives: tuple[Shape, ...] = ()

    def taken(self, index: int, name: str) -> Shape:
        """An input by its place, or the keyword that it came under. Raises LookupError where it did not come."""
        return self.named[name] if name in self.named else self.takes[index]


# None, or a LookupError: what it costs the shapes do not say.
Macs = Callable[[nn.Module, Work], int | None]


def nothing(module: nn.Module, work: Work) -> int:
    """No product of matrices and no convolution."""
    return 0


def rows(shape: Shape) -> int:
    """How many vectors of features a tensor holds, along its last axis."""
    return prod(shape[:-1])


def macs_inside(module: nn.Module | None, shape: Shape) -> int:
    """Of a Linear within another layer, on ``shape`` before its last axis. Raises TypeError for another layer."""
    if type(module).__name__ not in ("Linear", "NonDynamicallyQuantizableLinear") or not isinstance(module, nn.Linear):
        raise TypeError(type(module).__name__)
    return rows(shape) * module.in_features * module.out_features

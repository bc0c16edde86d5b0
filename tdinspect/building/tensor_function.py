"""A tensor function of the allow-list with its constants, as a module, so that hooks see it like any layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

from tdinspect.building.functions import FUNCTIONS, VIEWS
from tdinspect.domain.spec import Expression, resolved
from tdinspect.domain.tree import Tree, leaves


@dataclass(slots=True)
class Run:
    """What all functions of a model share: the sizes of the current run, and where its tensors live."""

    sizes: dict[str, int] = field(default_factory=dict)
    device: torch.device | None = None


class TensorFunction(nn.Module):
    """``FUNCTIONS[name]`` with constants; those that read a size (``$T``) follow the sizes of the run."""

    def __init__(self, name: str, constants: Mapping[str, object], run: Run) -> None:
        super().__init__()
        self.name = name
        self.constants = dict(constants)
        self.run = run
        expressions = [value for value in leaves(self.constants) if isinstance(value, Expression)]
        self.reads = frozenset().union(*(value.symbols for value in expressions))
        self.has_expressions = bool(expressions)

    @property
    def is_view(self) -> bool:
        """True when it only rearranges axes."""
        return self.name in VIEWS

    def resolved_constants(self) -> Mapping[str, object]:
        """The constants at the sizes of the run."""
        constants: Mapping[str, object] = (
            resolved(self.constants, self.run.sizes) if self.has_expressions else self.constants
        )
        return constants

    def forward(self, *inputs: Tree, **named: Tree) -> Tree:
        """The function of the inputs; shapes as torch's function of the same name gives them."""
        return FUNCTIONS[self.name](*inputs, **named, **self.resolved_constants())

    def extra_repr(self) -> str:
        """The function and its constants."""
        return f"{self.name}, {self.constants}"

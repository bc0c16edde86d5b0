"""A tensor function of the allow-list with its constants, as a module, so that hooks see it like any layer."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from tdinspect.building.functions import FUNCTIONS, VIEWS
from tdinspect.domain.spec import Expression, resolved
from tdinspect.domain.tree import Tree, leaves


class TensorFunction(nn.Module):
    """``FUNCTIONS[name]`` with constants; those that read a size (``$T``) follow the sizes of the run.

    ``sizes`` is shared by a model's functions and holds the sizes of the current run.
    """

    def __init__(self, name: str, constants: Mapping[str, object], sizes: Mapping[str, int]) -> None:
        super().__init__()
        self.name = name
        self.constants = dict(constants)
        self.sizes = sizes
        self.reads_sizes = any(isinstance(value, Expression) for value in leaves(self.constants))

    @property
    def is_view(self) -> bool:
        """True when it only rearranges axes."""
        return self.name in VIEWS

    def forward(self, *inputs: Tree, **named: Tree) -> Tree:
        """The function of the inputs; shapes as torch's function of the same name gives them."""
        constants = resolved(self.constants, self.sizes) if self.reads_sizes else self.constants
        return FUNCTIONS[self.name](*inputs, **named, **constants)

    def extra_repr(self) -> str:
        """The function and its constants."""
        return f"{self.name}, {self.constants}"

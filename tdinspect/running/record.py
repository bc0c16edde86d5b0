"""A real pass with values, seen through forward hooks that are gone when it ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from torch import Tensor, nn

from tdinspect.domain.tree import Tree, leaves


@dataclass(slots=True)
class Calls:
    """The calls of each module in order, each with the shapes of the tensors it gave; ``entered`` is the last one."""

    by_module: dict[int, list[list[tuple[int, ...]]]] = field(default_factory=dict)
    entered: int | None = None

    def of(self, module: nn.Module) -> list[list[tuple[int, ...]]]:
        """The calls of one module that came to their end."""
        return self.by_module.setdefault(id(module), [])


@contextmanager
def recording(modules: Iterable[nn.Module]) -> Iterator[Calls]:
    """The calls of these modules while inside."""
    calls = Calls()

    def enters(module: nn.Module, inputs: Tree) -> None:
        calls.entered = id(module)

    def leaves_(module: nn.Module, inputs: Tree, output: Tree) -> None:
        calls.of(module).append([tuple(value.shape) for value in leaves(output) if isinstance(value, Tensor)])

    handles = []
    for module in {id(m): m for m in modules}.values():
        handles += [module.register_forward_pre_hook(enters), module.register_forward_hook(leaves_)]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()

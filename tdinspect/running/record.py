"""A real pass with values, seen through forward hooks that are gone when it ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from tdinspect.domain.tree import Tree, leaves

Call = tuple[nn.Module, list[tuple[int, ...]]]


@contextmanager
def recording(modules: Iterable[nn.Module]) -> Iterator[list[Call]]:
    """The calls of these modules while inside, in order, each with the shapes of the tensors it gave."""
    calls: list[Call] = []

    def hook(module: nn.Module, inputs: Tree, output: Tree) -> None:
        calls.append((module, [tuple(value.shape) for value in leaves(output) if isinstance(value, Tensor)]))

    handles = [module.register_forward_hook(hook) for module in {id(m): m for m in modules}.values()]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()

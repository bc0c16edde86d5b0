"""One call of a tensor function on its way to Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tdinspect.domain.tree import Tree, first, leaves
from tdinspect.exporters.axes import Held, Lines
from tdinspect.exporters.code import Code
from tdinspect.exporters.layers import NoCode


@dataclass(slots=True)
class Given:
    """One function: what comes in by the names of its arguments, its constants, what torch gives."""

    name: str
    tensors: Mapping[str, Tree]
    constants: Mapping[str, object]
    value: Tree
    lines: Lines
    results: Tree  # new values for it

    @property
    def x(self) -> Held:
        """The first tensor."""
        found = next(leaves(list(self.tensors.values())))
        assert isinstance(found, Held)
        return found

    @property
    def made(self) -> Held:
        """The new value for its first result."""
        made = first(self.results)
        assert isinstance(made, Held)
        return made

    def whole(self, name: str, default: int | None = None) -> int:
        """A constant that is a whole number."""
        value = self.constants.get(name, default)
        if not isinstance(value, int):
            raise NoCode(f"{name}: {value} has no twin in Keras")
        return value


def like(g: Given, x: Held, code: Code) -> Held:
    """The result, with the axes of ``x``."""
    made = g.made
    made.order, made.front = x.order, x.front
    return g.lines.let(made, code)


def without(order: Sequence[int], gone: Sequence[int]) -> tuple[int, ...]:
    """An order of axes, some of them taken away."""
    return tuple(axis - sum(g < axis for g in gone) for axis in order if axis not in gone)

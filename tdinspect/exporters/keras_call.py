"""One call of a layer on its way to Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tdinspect.building.signatures import layer_parameters
from tdinspect.domain.tree import Tree
from tdinspect.exporters.axes import Held, Lines
from tdinspect.exporters.code import Code, Group, Item, Text, call
from tdinspect.exporters.constants import literal
from tdinspect.exporters.layers import NoCode


@dataclass(slots=True)
class Call:
    """One call of a layer: its arguments with torch's defaults, what comes in, what torch gives."""

    type: str
    named: Mapping[str, object]
    inputs: list[Held]
    others: Mapping[str, Held]
    call: Mapping[str, object]
    value: Tree
    lines: Lines
    layer: Callable[[Code, bool], Code]  # notes a layer with weights: its name, or the variable that it is shared by
    fresh: Callable[[], Held]  # a new value with the first tensor of ``value``

    def get(self, name: str) -> object:
        """An argument, or torch's default for it."""
        if name in self.named:
            return self.named[name]
        return next((p.default for p in layer_parameters(self.type) if p.name == name and not p.required), None)

    @property
    def x(self) -> Held:
        """The only input. Raises NoCode where there are more."""
        if len(self.inputs) != 1 or self.others:
            raise NoCode("it takes more than one input here")
        return self.inputs[0]

    def refuse_unless(self, name: str, *allowed: object) -> None:
        """Raise NoCode for an argument that Keras has not."""
        if self.get(name) not in allowed:
            raise NoCode(f"{name}: {self.get(name)} has no twin in Keras")

    def apply(self, x: Held, code: Code, weights: bool = False, wrap: bool = True) -> Held:
        """``layer(x)`` as the result, in the order of ``x``; under TimeDistributed the layer is wrapped."""
        if weights:
            self.lines.fix(x)
        made = self.fresh()
        made.order, made.front = x.order, x.front
        return self.lines.let(made, applied(self.layer(code, weights), x, wrap))

    def between(self, x: Held, code: Code, info: object = None) -> Held:
        """A layer before the one that counts, such as a padding."""
        made = Held("x", info=x.info, order=x.order, front=x.front)
        self.lines.let(made, applied(code, x, True)).shape = None
        return made


def applied(code: Code, x: Held, wrap: bool) -> Group:
    """The call of a layer, in a TimeDistributed for each one around."""
    for _ in range(x.lead - 1 if wrap else 0):
        code = call("layers.TimeDistributed", code)
    return Group(code, (Item(x.ref()),))


def tuple_of(value: object, rank: int) -> tuple[int, ...]:
    """One number for each axis in space."""
    if isinstance(value, tuple | list):
        found = tuple(value) if len(value) == rank else tuple(value) * rank
    else:
        found = (value,) * rank
    if not all(isinstance(n, int) for n in found):
        raise NoCode(f"{value} has no twin in Keras")
    return found


def short(numbers: tuple[int, ...]) -> Code:
    """One number where they are all the same."""
    return Text(str(numbers[0]) if len(set(numbers)) == 1 else literal(numbers))


def named(**given: object) -> dict[str, Code]:
    """Constants as code, those that are None left out."""
    return {key: Text(literal(value)) for key, value in given.items() if value is not None}

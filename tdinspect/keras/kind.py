"""What is known of a kind of Keras layer, and what its conversion has at hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from tdinspect.keras.conf import Conf
from tdinspect.keras.facts import Facts
from tdinspect.keras.refused import Refused
from tdinspect.keras.shapes import Dim, Shape
from tdinspect.keras.steps import Carry, Layout, Scope, Step, Value, channels_second, keras_layout


class Walking(Protocol):
    """What a conversion needs of the walk over the model."""

    facts: Facts  # of the walk before
    learned: Facts
    symbols: Mapping[str, str]
    shared: dict[tuple[str, str], tuple[str, object]]

    def asked(self, value: Value, layout: Layout, scope: Scope) -> None:
        """A reader wants this layout."""

    def warn(self, message: str, owner: str) -> None:
        """Something is left out that the outputs in eval mode do not show."""


@dataclass(frozen=True, slots=True)
class Weight:
    """One variable of a Keras layer. ``in_torch``: how often torch counts it; ``why``, where that is not once.

    ``counted``: False where tdinspect's own count for Keras cannot know it.
    """

    name: str
    shape: tuple[int, ...]
    trainable: bool = True
    in_torch: int = 1
    why: str | None = None
    counted: bool = True

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


def no_weights(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    """Of a layer that learns nothing."""
    return ()


def as_it_came(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    """The output's shape is the first input's."""
    return [shapes[0]]


@dataclass(frozen=True, slots=True)
class Kind:
    """Layers that are carried over alike.

    ``shapes`` and ``weights`` say what the Keras file implies, from the configuration and the incoming shapes alone;
    ``convert`` makes the steps. What it gives is held against the other two when the spec has run. ``inputs`` is how
    many tensors the layer takes, at least and at most.
    """

    classes: tuple[str, ...]
    convert: Callable[[Use], Sequence[Value]]
    shapes: Callable[[Conf, Sequence[Shape]], list[Shape]] = as_it_came
    weights: Callable[[Conf, Sequence[Shape]], tuple[Weight, ...]] = no_weights
    inputs: tuple[int, int] = (1, 1)
    keywords: tuple[str, ...] = ()  # tensors and constants of the call that the conversion reads
    left_out: Mapping[str, str] = field(default_factory=dict)  # configuration that acts in training only: what to say


@dataclass(slots=True)
class Use:
    """One call of one layer, while it is converted."""

    walk: Walking
    scope: Scope
    conf: Conf
    owner: str
    values: list[Value]
    keywords: Mapping[str, object]  # values, lists of values, constants
    outputs: list[Shape]
    trainable: bool = True
    alone: bool = False  # in a scope of its own, where its name need not stand before its steps'
    made: list[str] = field(default_factory=list)  # the full names of its steps

    @property
    def value(self) -> Value:
        """The first input."""
        return self.values[0]

    def step(
        self,
        op: str,
        args: object,
        source: object,
        suffix: str = "",
        *,
        parts: object = None,
        call: Mapping[str, object] | None = None,
        carries: Mapping[str, Carry] | None = None,
    ) -> str:
        """Add a step and give its name. A second call of the same layer shares the weights of the first."""
        name = self.scope.name("_".join(part for part in ("" if self.alone else self.conf.name, suffix) if part))
        new = Step(op, args, name, source, parts, call or {}, carries=carries or {}, owner=self.owner)
        if carries:
            new.trainable = self.trainable
            mine = (f"{self.scope.place}{name}", args)
            earlier, before = self.walk.shared.setdefault((self.owner, suffix), mine)
            if earlier != mine[0]:
                if before != args:
                    if self.owner in self.walk.facts.split:
                        raise Refused("it is shared, and its uses differ in more than their padding")
                    self.walk.learned.split.add(self.owner)
                new.op, new.args, new.carries, new.trainable = "share", self.scope.path(earlier), {}, True
        self.put(new)
        return name

    def put(self, step: Step) -> None:
        """A step that is ready, at the end of the scope."""
        self.scope.add(step)
        self.made.append(f"{self.scope.place}{step.name}")

    def tensor(self, suffix: str, shape: Sequence[int], carry: Carry, init: str = "zeros") -> str:
        """A learned tensor of its own, by its name: what torch's layer lacks."""
        known = self.walk.shared.get((self.owner, suffix))
        if known is not None:
            place, _, name = known[0].rpartition(".")
            if place != self.scope.place.rstrip("."):
                raise Refused("it is used in two places, and has a weight that is no layer's in torch")
            return name
        return self.step("parameter", {"shape": list(shape), "init": init}, None, suffix, carries={"": carry})

    def take(self, value: Value, layout: Layout) -> Value:
        """The value in that layout; a permute is added only where it is in another."""
        self.walk.asked(value, layout, self.scope)
        if value.layout == layout:
            return value
        key = (value.ref, layout)
        name = self.scope.made.get(key)
        if name is None:
            dims = [value.layout.index(axis) for axis in layout]
            rank = len(layout)
            told = {keras_layout(rank): "channels_last", channels_second(rank): "channels_first"}.get(layout, "turned")
            name = self.scope.name(f"{value.ref.replace('.', '_')}_{told}")
            self.put(Step("permute", {"dims": dims}, name, value.ref, owner=self.owner))
            self.scope.made[key] = name
        return replace(value, ref=name, layout=layout)

    def plain(self, value: Value | None = None) -> Value:
        """The value as Keras has it."""
        value = value or self.value
        return self.take(value, keras_layout(len(value.shape)))

    def spatial(self, value: Value | None = None) -> Value:
        """The value with its channels behind the batch, where this layer has them in Keras."""
        value = value or self.value
        rank = len(value.shape)
        return self.take(value, channels_second(rank, 1 if self.conf.channels_first() else -1))

    def features(self, *dims: Dim) -> None:
        """These axes are read as features: none of them is time for the model as a whole."""
        self.walk.learned.swallowed |= {dim.root for dim in dims if dim.root is not None and not dim.open}

    def give(self, ref: str, layout: Layout | None = None, output: int = 0, origin: str | None = None) -> Value:
        """An output of the layer, in Keras's layout unless another is said."""
        shape = self.outputs[output]
        return Value(ref, shape, keras_layout(len(shape)) if layout is None else layout, origin)

    def same(self, ref: str, like: Value | None = None) -> Value:
        """The one output, element for element where the input was."""
        like = like or self.value
        return Value(ref, self.outputs[0], like.layout, like.origin)

"""The spec while it is made: steps, and the scope (the model, a block, a TimeDistributed) that they stand in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tdinspect.keras.refused import Refused
from tdinspect.keras.shapes import Shape

Layout = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor: its name in the spec, its shape as Keras has it, its layout: axis i here is Keras's ``layout[i]``.

    ``origin`` is the input that it still is, element by element, and so may choose the layout of.
    """

    ref: str
    shape: Shape
    layout: Layout
    origin: str | None = None

    def at(self, axis: int) -> int:
        """Where Keras's axis stands in the spec's tensor."""
        return self.layout.index(axis % len(self.shape))


@dataclass(frozen=True, slots=True)
class Carry:
    """Where a torch tensor comes from: the Keras weights by name, and how (a name in ``weights.HOWS``)."""

    names: tuple[str, ...]
    how: str = "same"
    options: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Step:
    """One step of the spec. ``owner`` is the place of the Keras layer whose weights ``carries`` reads."""

    op: str
    args: object
    name: str
    source: object = None  # a name, a list (nested), a mapping; None is the step before
    parts: object = None
    call: Mapping[str, object] = field(default_factory=dict)
    trainable: bool = True
    steps: list[Step] | None = None
    carries: Mapping[str, Carry] = field(default_factory=dict)
    owner: str = ""
    comment: str | None = None


@dataclass(slots=True)
class Block:
    """A nested model."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    steps: list[Step]


@dataclass(slots=True)
class Scope:
    """Steps under one roof. ``place`` is what stands before their names outside (``td.encoder.``).

    ``outer``: the time axes of the TimeDistributed around it, the outermost first. ``made``: permuted values, so that
    two readers share one permute.
    """

    place: str = ""
    steps: list[Step] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    outer: Shape = ()
    made: dict[tuple[str, Layout], str] = field(default_factory=dict)

    def name(self, wanted: str) -> str:
        """A free name like the wanted one; it is taken then."""
        base = identifier(wanted)
        name, number = base, 1
        while name in self.names:
            number += 1
            name = f"{base}_{number}"
        self.names.add(name)
        return name

    def path(self, full: str) -> str:
        """A step's full name as it is read here: without the containers that both stand in. Raises Refused."""
        own, other = self.place.split(".")[:-1], full.split(".")
        same = 0
        while same < min(len(own), len(other) - 1) and own[same] == other[same]:
            same += 1
        if same < len(own) and other[same] in self.names:
            raise Refused("it is shared from a model around this one, and its name is taken here")
        return ".".join(other[same:])

    def add(self, step: Step) -> Step:
        """The step, at the end of the scope."""
        self.steps.append(step)
        return step


def identifier(text: str) -> str:
    """The text as a spec's name: letters, digits and ``_``, no digit first, 80 characters at most."""
    clean = re.sub(r"\W", "_", text, flags=re.ASCII)[:80]
    if not clean.strip("_"):
        return "layer"
    return f"layer_{clean}" if clean[0].isdigit() else clean


def class_name(text: str) -> str:
    """The text as a block's name. It ends with ``Model``, which no class of torch.nn does."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])", text) if word]
    name = "".join(word[:1].upper() + word[1:] for word in words)[:60]
    name = name if name[:1].isalpha() else f"Net{name}"
    return name if name.endswith("Model") else f"{name}Model"


def keras_layout(rank: int) -> Layout:
    """The axes as Keras has them."""
    return tuple(range(rank))


def channels_second(rank: int, channels: int = -1) -> Layout:
    """The channels behind the batch, as torch wants them, the others in their order."""
    channels %= rank
    return (0, channels, *(axis for axis in range(1, rank) if axis != channels))


def axes_last(rank: int, axes: Sequence[int]) -> Layout:
    """Those axes at the end, in that order."""
    last = [axis % rank for axis in axes]
    return (*(axis for axis in range(rank) if axis not in last), *last)

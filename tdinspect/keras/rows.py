"""What the Keras file implies about each layer, beside the names of the steps that stand for it."""

from __future__ import annotations

from dataclasses import dataclass

from tdinspect.keras.kind import Weight
from tdinspect.keras.shapes import Shape
from tdinspect.keras.steps import Layout


@dataclass(frozen=True, slots=True)
class KerasRow:
    """One call of one layer. ``shapes`` in Keras's order, with the time axes of ``outer`` TimeDistributeds in place.

    ``refs``: the outputs' names in the spec, and their layouts without those time axes. ``steps``: all of its steps.
    """

    name: str
    type: str
    shapes: tuple[Shape, ...]
    outer: int
    weights: tuple[Weight, ...]
    shared: bool
    frozen: bool
    steps: tuple[str, ...] = ()
    refs: tuple[tuple[str, Layout], ...] = ()
    container: bool = False

    @property
    def params(self) -> int:
        """As Keras counts them."""
        return sum(weight.count for weight in self.weights)

    @property
    def counted(self) -> int:
        """Those that tdinspect counts for Keras, too."""
        return sum(weight.count for weight in self.weights if weight.counted)

    @property
    def trainable(self) -> int:
        """Those that Keras trains."""
        return 0 if self.frozen else sum(weight.count for weight in self.weights if weight.trainable)

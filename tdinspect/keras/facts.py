"""What the first walk over a model finds out about its inputs, for the second to use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tdinspect.keras.shapes import Dim
from tdinspect.keras.steps import Layout

_TIMES = ("T", "S", "U", "V")
_OPEN_TIME, _OPEN_SPACE = 16, 64


@dataclass(slots=True)
class Facts:
    """``layouts``: the one that the first reader of an input wants.

    ``clocks``: axes that something walks along, by their source, and whether it certainly is time.
    ``equal``: axes that meet element by element. ``high``: the bound of an input that is looked up in a table.
    ``swallowed``: axes that end up among the features. ``split``: layers whose padding must be a step of its own, since
    their uses differ in it.
    """

    layouts: dict[str, Layout] = field(default_factory=dict)
    clocks: dict[str, bool] = field(default_factory=dict)
    equal: list[tuple[str, str]] = field(default_factory=list)
    high: dict[str, int] = field(default_factory=dict)
    swallowed: set[str] = field(default_factory=set)
    split: set[str] = field(default_factory=set)

    def clock(self, dim: Dim, certain: bool = True) -> None:
        """Something walks along this axis."""
        if dim.source is not None:
            self.clocks[dim.source] = self.clocks.get(dim.source, False) or certain

    def meet(self, shapes: Sequence[Sequence[Dim]]) -> None:
        """These tensors are put together element by element."""
        for other in shapes[1:]:
            for left, right in zip(shapes[0], other, strict=False):
                if left.source and right.source and left.source != right.source:
                    self.equal.append((left.source, right.source))

    def times(self, names: Iterable[str]) -> list[str]:
        """The time axis of each input that has one, as a source: what is certain first."""
        found = []
        for name in names:
            own = [s for s in self.clocks if s.rpartition(":")[0] == name and s not in self.swallowed]
            own.sort(key=lambda source: not self.clocks[source])
            found += own[:1]
        return found


def symbols(facts: Facts, dims: Mapping[str, Dim], names: Sequence[str]) -> dict[str, str]:
    """The symbol of each axis that gets one: time axes, and those whose size is open."""
    times = facts.times(names)
    groups: list[set[str]] = []
    for source in times:
        mine = {source} | {b for a, b in facts.equal if a == source} | {a for a, b in facts.equal if b == source}
        fixed = {other for other in times if not dims[other].open and dims[other].size == dims[source].size}
        mine |= fixed if not dims[source].open else set()
        joined = [group for group in groups if group & mine]
        groups = [group for group in groups if not group & mine] + [mine.union(*joined)]
    told: dict[str, str] = {}
    for number, group in enumerate(groups):
        symbol = _TIMES[number] if number < len(_TIMES) else f"T{number + 1}"
        told.update((source, symbol) for source in group if source in dims)
    for source, dim in dims.items():
        axis = int(source.rpartition(":")[2])
        if dim.open and axis and source not in told:
            told[source] = {1: "H", 2: "W", 3: "D"}.get(axis, f"N{axis}")
    return told


def open_size(symbol: str, scale: int) -> int:
    """A size for an axis that Keras leaves open; ``scale`` doubles where the first was too small for the model."""
    return (_OPEN_TIME if symbol in _TIMES or symbol.startswith("T") else _OPEN_SPACE) * scale

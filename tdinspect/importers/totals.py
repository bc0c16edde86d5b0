"""How many steps and values the uses of blocks write out, counted before any is: bottom-up, each block once.

What blocks of blocks multiply to is known without writing it out, so a file that asks for too much is refused at once.
Copies are no part of it: ``repeat`` reads its step once, and is counted where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tdinspect.domain.limits import Limits
from tdinspect.domain.location import Path
from tdinspect.importers.arguments import is_container
from tdinspect.importers.blocks import Definition
from tdinspect.importers.collector import Collector


@dataclass(frozen=True, slots=True)
class _Total:
    steps: int = 0
    values: int = 0

    def __add__(self, other: _Total) -> _Total:
        return _Total(self.steps + other.steps, self.values + other.values)

    def too_much(self, limits: Limits) -> str | None:
        """What passes its limit, in words."""
        if self.steps > limits.steps:
            return f"{limits.steps:,} steps"
        return f"{limits.values:,} values" if self.values > limits.values else None


@dataclass(frozen=True, slots=True)
class _Item:
    """A step that holds others: the path of its operation, and the block, or the lists of steps, that it holds."""

    path: Path
    block: str | None
    inside: tuple[tuple[list[object], Path], ...] = ()


class Totals:
    """Counts lists of steps with all that they use.

    ``too_big`` are the blocks that pass a limit by themselves; a finding says so at the use inside that passes it.
    """

    def __init__(self, blocks: Mapping[str, Definition], collector: Collector) -> None:
        self.blocks = blocks
        self.collector = collector
        self.limits = collector.limits
        self.too_big: set[str] = set()
        self._known: dict[str, _Total] = {}
        for name in blocks:
            self._of_block(name, 0)

    def steps(self, block: str) -> int:
        """How many steps a use of the block writes out; 0 for one that is too big."""
        return self._known[block].steps

    def fit(self, steps: list[object], path: Path) -> bool:
        """True when these steps stay below the limits; else a finding (TD008) at the use that passes one."""
        return not self.blocks or self._within(_Total(), steps, path)

    def _of_block(self, name: str, depth: int) -> _Total:
        if name not in self._known:
            block = self.blocks[name]
            self._known[name] = _Total()  # what a cycle meets; a finding says so where it is read
            total = self._of_steps(block.steps, block.place, depth + 1) + _Total(0, block.weight)
            if total.too_much(self.limits) and not self._within(_Total(0, block.weight), block.steps, block.place):
                self.too_big.add(name)
                total = _Total()
            self._known[name] = total
        return self._known[name]

    def _of_steps(self, steps: list[object], path: Path, depth: int) -> _Total:
        total = _Total(len(steps))
        for item in _holding(steps, path, self.blocks):
            total += self._of_item(item, depth)
        return total

    def _of_item(self, item: _Item, depth: int) -> _Total:
        """What a step holds; deeper than steps may nest nothing is read."""
        if depth >= self.limits.nesting:
            return _Total()
        total = self._of_block(item.block, depth) if item.block else _Total()
        for steps, path in item.inside:
            total += self._of_steps(steps, path, depth + 1)
        return total

    def _within(self, total: _Total, steps: list[object], path: Path) -> bool:
        """True when the steps, added to the total, stay below the limits; else a finding at the use that passes one."""
        total += _Total(len(steps))
        for item in _holding(steps, path, self.blocks):
            after = total + self._of_item(item, 0)
            passed = after.too_much(self.limits)
            if passed and item.block:
                message = f"more than {passed} once blocks are written out"
                self.collector.add("TD008", message, item.path, on_key=True, help="use blocks fewer times")
                return False
            if passed:
                return all(self._within(total, *inner) for inner in item.inside)
            total = after
        return True


def _holding(steps: list[object], path: Path, blocks: Mapping[str, Definition]) -> Iterator[_Item]:
    """The steps that use a block or are containers."""
    for index, step in enumerate(steps):
        place: Path = (*path, index)
        if isinstance(step, str) and step in blocks:
            yield _Item(place, step)
        elif isinstance(step, Mapping):
            for key in step:
                if key in blocks:
                    yield _Item((*place, key), key)
                elif is_container(key):
                    yield _Item((*place, key), None, tuple(_lists(step[key], (*place, key))))


def _lists(value: object, path: Path) -> Iterator[tuple[list[object], Path]]:
    """The lists of steps in a container's value."""
    if isinstance(value, list):
        yield value, path
    elif isinstance(value, Mapping):
        for key in ("layers", "shortcut"):
            if isinstance(inner := value.get(key), list):
                yield inner, (*path, key)

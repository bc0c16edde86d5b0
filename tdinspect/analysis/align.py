"""Which item of one list became which item of another, where items are put in, taken out and changed."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)
Pair = tuple[int | None, int | None]

# So many pairs of items are compared at most (half a second); longer lists are cut at what both have only once.
_MOST_PAIRS = 1_000_000


def aligned(before: Sequence[Item], after: Sequence[Item], score: Callable[[Item, Item], int]) -> list[Pair]:
    """Pairs of indices in the order of both lists; None stands where an item has no other.

    ``score`` says how alike two items are, 0 that they are not the same thing. The pairs keep the order of both lists
    and their scores add up to the most that is possible. What is taken out stands before what is put in.
    """
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    pairs: list[Pair] = [(i, i) for i in range(start)]
    middle = _Middle(before, after, score)
    pairs += middle.pairs(start, len(before) - end, start, len(after) - end)
    return pairs + [(len(before) - i, len(after) - i) for i in range(end, 0, -1)]


class _Middle(Generic[Item]):
    """What stands between the equal start and the equal end of two lists."""

    def __init__(self, before: Sequence[Item], after: Sequence[Item], score: Callable[[Item, Item], int]) -> None:
        self._before, self._after, self._score = before, after, score
        self._known: dict[Item, dict[Item, int]] = {}

    def pairs(self, low: int, high: int, from_: int, to: int, cut: bool = True) -> Iterator[Pair]:
        """The pairs of ``before[low:high]`` and ``after[from_:to]``."""
        if (high - low) * (to - from_) <= _MOST_PAIRS:
            yield from self._best(low, high, from_, to)
        elif cut:
            for i, j in [*self._anchors(low, high, from_, to), (high, to)]:
                yield from self.pairs(low, i, from_, j, cut=False)
                if i < high:
                    yield i, j
                low, from_ = i + 1, j + 1
        else:
            yield from self._by_place(low, high, from_, to)

    def _scored(self, one: Item, other: Item) -> int:
        row = self._known.setdefault(one, {})
        if other not in row:
            row[other] = self._score(one, other)
        return row[other]

    def _best(self, low: int, high: int, from_: int, to: int) -> Iterator[Pair]:
        """The best pairs: the longest common subsequence, with scores in the place of equality."""
        others = self._after[from_:to]
        last = array("q", bytes(8 * (len(others) + 1)))
        table = [last]
        for one in reversed(self._before[low:high]):  # from the end, so that the pairs come out from the start
            row = array("q", bytes(8 * (len(others) + 1)))
            right = 0
            for j in range(len(others) - 1, -1, -1):
                best = last[j] if last[j] > right else right
                score = self._scored(one, others[j])
                if score and last[j + 1] + score > best:
                    best = last[j + 1] + score
                row[j] = right = best
            table.append(row)
            last = row
        table.reverse()
        yield from self._walked(table, low, from_, others)

    def _walked(self, table: list[array[int]], low: int, from_: int, others: Sequence[Item]) -> Iterator[Pair]:
        i = j = 0
        put_in: list[Pair] = []
        while i < len(table) - 1 or j < len(others):
            if i == len(table) - 1:
                put_in.append((None, from_ + j))
                j += 1
                continue
            score = self._scored(self._before[low + i], others[j]) if j < len(others) else 0
            if score and table[i][j] == table[i + 1][j + 1] + score:
                yield from put_in
                put_in = []
                yield low + i, from_ + j
                i, j = i + 1, j + 1
            elif table[i][j] == table[i + 1][j]:
                yield low + i, None
                i += 1
            else:
                put_in.append((None, from_ + j))
                j += 1
        yield from put_in

    def _anchors(self, low: int, high: int, from_: int, to: int) -> list[tuple[int, int]]:
        """What stands once in either list, as far as it is in the same order."""
        counts = Counter(self._before[low:high]), Counter(self._after[from_:to])
        places = {self._after[j]: j for j in range(from_, to) if counts[1][self._after[j]] == 1}
        found = [(i, places[self._before[i]]) for i in range(low, high) if self._before[i] in places]
        return _rising([(i, j) for i, j in found if counts[0][self._before[i]] == 1])

    def _by_place(self, low: int, high: int, from_: int, to: int) -> Iterator[Pair]:
        for step in range(max(high - low, to - from_)):
            i, j = low + step, from_ + step
            if i < high and j < to and self._scored(self._before[i], self._after[j]):
                yield i, j
                continue
            if i < high:
                yield i, None
            if j < to:
                yield None, j


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of the pairs in which the second numbers rise."""
    ends: list[int] = []
    chain: list[int] = []  # the index of the pair that ends a part of each length
    before: list[int | None] = []
    for index, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        before.append(chain[length - 1] if length else None)
        ends[length:] = [j] if length == len(ends) else [j, *ends[length + 1 :]]
        chain[length:] = [index] if length == len(chain) else [index, *chain[length + 1 :]]
    kept = []
    step = chain[-1] if chain else None
    while step is not None:
        kept.append(pairs[step])
        step = before[step]
    return kept[::-1]

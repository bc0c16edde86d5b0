"""Equal copies of a ``repeat`` as one row: the same rows inside, to the last fact but their names."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from operator import attrgetter

from tdinspect.domain.report import LayerRow
from tdinspect.domain.trace import Comparison

_TO = "\N{EN DASH}"
_BY_COPY = {"name", "shared_with", "comparison"}  # what equal copies say each in its own way
_facts = attrgetter(*(part.name for part in fields(LayerRow) if part.name not in _BY_COPY))


@dataclass(frozen=True, slots=True)
class Copies:
    """A row, and how many equal copies it stands for; the rows inside it are those of one of them."""

    row: LayerRow
    count: int = 1


def unfolded(layers: Sequence[LayerRow]) -> list[Copies]:
    """Every row by itself."""
    return [Copies(row) for row in layers]


def folded(layers: Sequence[LayerRow]) -> list[Copies]:
    """The rows, those of equal copies that follow each other once, under the numbers of the first and the last.

    A copy that raised, or that differs anywhere inside, keeps rows of its own. Of equal copies that give other values
    bare than wrapped, the largest difference is kept.
    """
    shown: list[Copies] = []
    index = 0
    while index < len(layers):
        row = layers[index]
        shown.append(Copies(row))
        index += 1
        if row.container and row.type == "Repeat":
            end = _end(layers, index - 1)
            for run in _runs(_copies(layers, index, end)):
                first, *inside = folded(_merged(run))
                shown += [Copies(first.row, len(run)), *inside]
            index = end
    return shown


def _end(layers: Sequence[LayerRow], index: int) -> int:
    """Behind the last row inside this one."""
    end = index + 1
    while end < len(layers) and layers[end].depth > layers[index].depth:
        end += 1
    return end


def _copies(layers: Sequence[LayerRow], start: int, end: int) -> Iterator[Sequence[LayerRow]]:
    """The rows of each copy, its own first."""
    while start < end:
        behind = _end(layers, start)
        yield layers[start:behind]
        start = behind


def _runs(copies: Iterator[Sequence[LayerRow]]) -> list[list[Sequence[LayerRow]]]:
    runs: list[list[Sequence[LayerRow]]] = []
    for copy in copies:
        if runs and _equal(runs[-1][0], copy):
            runs[-1].append(copy)
        else:
            runs.append([copy])
    return runs


def _equal(one: Sequence[LayerRow], other: Sequence[LayerRow]) -> bool:
    names = one[0].name, other[0].name
    return len(one) == len(other) and all(_same(a, b, names) for a, b in zip(one, other, strict=True))


def _same(one: LayerRow, other: LayerRow, names: tuple[str, str]) -> bool:
    return (
        not one.error
        and _facts(one) == _facts(other)
        and _inside(one.name, names[0]) == _inside(other.name, names[1])
        and _inside(one.shared_with, names[0]) == _inside(other.shared_with, names[1])
        and _kind(one.comparison) == _kind(other.comparison)
    )


def _inside(name: str | None, copy: str) -> str | None:
    """A name as it reads from inside a copy: with a dot before it where it lies there."""
    return name[len(copy) :] if name is not None and f"{name}.".startswith(f"{copy}.") else name


def _kind(comparison: Comparison | None) -> Comparison | None:
    """All but how large a difference is, which follows from weights drawn at random."""
    if comparison is None:
        return None
    by = comparison.max_abs_diff
    by = 0.0 if by is not None and math.isfinite(by) else by
    return replace(comparison, max_abs_diff=by, train=_kind(comparison.train))


def _merged(run: list[Sequence[LayerRow]]) -> Sequence[LayerRow]:
    """The rows of the first copy, under a name for all."""
    if len(run) == 1:
        return run[0]
    first, last = run[0][0].name, run[-1][0].name
    together = f"{first}{_TO}{last.rpartition('.')[2]}"

    def renamed(name: str | None) -> str | None:
        rest = _inside(name, first)
        return name if rest is None or rest == name else f"{together}{rest}"

    return [
        replace(
            rows[0],
            name=renamed(rows[0].name) or "",
            shared_with=renamed(rows[0].shared_with),
            comparison=_largest([row.comparison for row in rows if row.comparison]),
        )
        for rows in zip(*run, strict=True)
    ]


def _largest(comparisons: list[Comparison]) -> Comparison | None:
    if not comparisons:
        return None
    differences = [one.max_abs_diff for one in comparisons if one.max_abs_diff is not None]
    trains = [one.train for one in comparisons if one.train]
    return replace(comparisons[0], max_abs_diff=max(differences, default=None), train=_largest(trains))

"""Which rows are shown, and the tree they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tdinspect.domain.report import LayerRow
from tdinspect.formats.copies import Copies, folded, unfolded


@dataclass(frozen=True, slots=True)
class TreeRow:
    """A row to show. ``guide`` stands before its name, ``rest`` before further lines of the same row.

    ``parent`` is the full name of the row above it in the tree; ``opened`` is true when rows inside it are shown.
    ``copies`` is how many equal copies of a repeat it stands for; its numbers, and the rows inside, are those of one.
    """

    row: LayerRow
    guide: str
    rest: str
    parent: str
    opened: bool
    copies: int = 1


def tree(layers: Sequence[LayerRow], depth: int | None = None, *, unfold: bool = True) -> list[TreeRow]:
    """The rows down to ``depth``, and the way down to a layer that raised, however deep it is.

    Without ``unfold`` equal copies of a repeat stand in one row.
    """
    groups = _visible(unfolded(layers) if unfold else folded(layers), depth)
    rows = [group.row for group in groups]
    more = _have_siblings(rows)
    shown: list[TreeRow] = []
    above: list[int] = []  # the rows that hold this one, outermost first
    for index, row in enumerate(rows):
        while above and rows[above[-1]].depth >= row.depth:
            above.pop()
        bars = "".join("│ " if more[holder] else "  " for holder in above[1:])
        guide, rest = (("├ ", "│ ") if more[index] else ("└ ", "  ")) if above else ("", "")
        opened = index + 1 < len(rows) and rows[index + 1].depth > row.depth
        parent = rows[above[-1]].name if above else ""
        shown.append(TreeRow(row, bars + guide, bars + rest, parent, opened, groups[index].count))
        above.append(index)
    return shown


def failing_inside(layers: Sequence[LayerRow]) -> set[str]:
    """The names of the rows that hold a layer that raised."""
    return {row.name for row in _failing(layers) if not row.error}


def _visible(groups: list[Copies], depth: int | None) -> list[Copies]:
    if depth is None:
        return groups
    failing = {id(row) for row in _failing([group.row for group in groups])}
    return [group for group in groups if group.row.depth <= depth or id(group.row) in failing]


def _failing(layers: Sequence[LayerRow]) -> list[LayerRow]:
    """The rows that raised, and those that hold them."""
    found: list[LayerRow] = []
    below: int | None = None  # going up from a row that raised, the next row of less depth holds it
    for row in reversed(layers):
        if row.error or (below is not None and row.depth < below):
            found.append(row)
            below = row.depth
    return found


def _have_siblings(rows: Sequence[LayerRow]) -> list[bool]:
    """For each row, whether another row of the same holder follows."""
    answers: list[bool] = []
    open_depths: set[int] = set()
    for row in reversed(rows):
        open_depths = {depth for depth in open_depths if depth <= row.depth}
        answers.append(row.depth in open_depths)
        open_depths.add(row.depth)
    return answers[::-1]

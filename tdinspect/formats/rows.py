"""Which rows are shown, and the tree they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tdinspect.domain.report import LayerRow


@dataclass(frozen=True, slots=True)
class TreeRow:
    """A row to show. ``guide`` stands before its name, ``rest`` before further lines of the same row.

    ``parent`` is the full name of the row above it in the tree; ``opened`` is true when rows inside it are shown.
    """

    row: LayerRow
    guide: str
    rest: str
    parent: str
    opened: bool


def tree(layers: Sequence[LayerRow], depth: int | None = None) -> list[TreeRow]:
    """The rows down to ``depth``, and the way down to a layer that raised, however deep it is."""
    rows = _visible(layers, depth)
    more = _have_siblings(rows)
    shown: list[TreeRow] = []
    above: list[int] = []  # the rows that hold this one, outermost first
    for index, row in enumerate(rows):
        while above and rows[above[-1]].depth >= row.depth:
            above.pop()
        bars = "".join("│ " if more[holder] else "  " for holder in above[1:])
        guide, rest = (("├ ", "│ ") if more[index] else ("└ ", "  ")) if above else ("", "")
        opened = index + 1 < len(rows) and rows[index + 1].depth > row.depth
        shown.append(TreeRow(row, bars + guide, bars + rest, rows[above[-1]].name if above else "", opened))
        above.append(index)
    return shown


def failing_inside(layers: Sequence[LayerRow]) -> set[str]:
    """The names of the rows that hold a layer that raised."""
    return {row.name for row in _failing(layers) if not row.error}


def _visible(layers: Sequence[LayerRow], depth: int | None) -> list[LayerRow]:
    if depth is None:
        return list(layers)
    failing = {id(row) for row in _failing(layers)}
    return [row for row in layers if row.depth <= depth or id(row) in failing]


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

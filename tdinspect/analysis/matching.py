"""Which layer of one model became which layer of another: by name where one was given, else by what it is and does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tdinspect.analysis.align import aligned
from tdinspect.analysis.names import given_name
from tdinspect.domain.report import LayerRow

RowPair = tuple[LayerRow | None, LayerRow | None]
# What is alike in two layers, and what that is worth. Without one of the first two they are not the same layer.
_NAME, _TYPE, _TYPE_BUT_NAMED, _ALL, _ARGUMENTS, _OUTPUT = 16, 4, 1, 3, 2, 1
_Item = tuple[int, str | None, str, str, str]


def matched(before: Sequence[LayerRow], after: Sequence[LayerRow]) -> list[RowPair]:
    """Pairs of rows in the order of ``after``; what was taken out stands where it was.

    Layers are matched among their neighbours in a container, then, between two that are matched, also in and out of
    containers: so a layer that was wrapped is still the same.
    """
    kinds: dict[object, int] = {}
    pairs = list(_level(_tree(before, kinds), _tree(after, kinds)))
    return list(_across(pairs, kinds))


@dataclass(slots=True)
class _Node:
    """A row with its children; ``item`` is what of it is compared, its number stands for all that is below, too."""

    row: LayerRow
    children: list[_Node] = field(default_factory=list)
    item: _Item = (0, None, "", "", "")


def _tree(rows: Sequence[LayerRow], kinds: dict[object, int]) -> list[_Node]:
    top: list[_Node] = []
    nodes: list[_Node] = []
    path: list[_Node] = []
    for row in rows:
        node = _Node(row)
        del path[max(row.depth, 0) :]
        (path[-1].children if path else top).append(node)
        path.append(node)
        nodes.append(node)
    for node in reversed(nodes):  # children before their container
        node.item = _item(node.row, tuple(child.item[0] for child in node.children), kinds)
    return top


def _item(row: LayerRow, below: tuple[int, ...], kinds: dict[object, int]) -> _Item:
    name = given_name(row.name, row.type)
    output = ", ".join(row.output.symbols) if row.output else ""
    whole = (name, row.type, row.summary, output, row.params, row.trainable_params, below)
    return kinds.setdefault(whole, len(kinds)), name, row.type, row.summary, output


def _score(one: _Item, other: _Item) -> int:
    if one[1] is not None and one[1] == other[1]:
        base = _NAME + _TYPE * (one[2] == other[2])
    elif one[2] == other[2]:
        base = _TYPE if one[1] is None or other[1] is None else _TYPE_BUT_NAMED
    else:
        return 0
    return base + _ALL * (one[0] == other[0]) + _ARGUMENTS * (one[3] == other[3]) + _OUTPUT * (one[4] == other[4])


def _level(before: Sequence[_Node], after: Sequence[_Node]) -> Iterator[RowPair]:
    for i, j in aligned([node.item for node in before], [node.item for node in after], _score):
        if i is None or j is None:
            yield from _all(before[i] if i is not None else None, after[j] if j is not None else None)
        else:
            yield before[i].row, after[j].row
            yield from _level(before[i].children, after[j].children)


def _all(before: _Node | None, after: _Node | None) -> Iterator[RowPair]:
    for node in (before, after):
        if node is not None:
            yield (node.row, None) if before is not None else (None, node.row)
            for child in node.children:
                yield from _all(child if before is not None else None, child if before is None else None)


def _across(pairs: Sequence[RowPair], kinds: dict[object, int]) -> Iterator[RowPair]:
    """The pairs, with those that stand alone between two matched ones matched across containers."""
    left: list[LayerRow] = []
    right: list[LayerRow] = []
    for old, new in [*pairs, (None, None)]:
        if (old is None) != (new is None):
            left += [old] if old is not None else []
            right += [new] if new is not None else []
            continue
        for i, j in aligned([_item(row, (), kinds) for row in left], [_item(row, (), kinds) for row in right], _score):
            yield (None if i is None else left[i], None if j is None else right[j])
        left, right = [], []
        if old is not None:
            yield old, new

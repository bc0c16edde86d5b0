"""A file as plain data that still knows where each key and value stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from tdinspect.domain.location import Path, Position


class Mark(Protocol):
    """A place in the text; counts from 0."""

    index: int
    line: int
    column: int


class Node(Protocol):
    """A YAML node: ``value`` is a text, a list of nodes, or a list of (key, value) pairs of nodes."""

    start_mark: Mark
    end_mark: Mark
    value: object


_Pair = tuple[Node | None, Node]


@dataclass(frozen=True)
class Document:
    """One YAML document. ``data`` is None when nothing could be read."""

    text: str
    data: object = None
    root: Node | None = field(default=None, repr=False)
    _keys: dict[int, dict[object, _Pair]] = field(default_factory=dict, repr=False, compare=False)

    def locate(self, path: Path, on_key: bool = False) -> Position | None:
        """Where ``path`` stands (its key, if ``on_key``), or its nearest ancestor that exists; None for no document.

        Positions are worked out only here, so that a large file costs nothing until something is to be said about it.
        """
        if self.root is None:
            return None
        key, node = None, self.root
        for part in path:
            found = self._child(node, part)
            if found is None:
                # The place does not exist: say so at the name of what should hold it.
                return _position(node if key is None else key)
            key, node = found
        if key is not None and (on_key or _empty(node)):
            return _position(key)
        return _position(node)

    def _child(self, node: Node, part: str | int) -> _Pair | None:
        """The key node (None in a list) and the value node below ``node``; of two equal keys the first."""
        if not isinstance(node.value, list) or not node.value:
            return None
        if not isinstance(node.value[0], tuple):
            return (None, node.value[part]) if isinstance(part, int) and 0 <= part < len(node.value) else None
        if id(node) not in self._keys:  # many findings in one large mapping: look each key up, search none
            self._keys[id(node)] = {key.value: (key, value) for key, value in reversed(node.value) if _scalar(key)}
        return self._keys[id(node)].get(part)


def _scalar(node: Node) -> bool:
    return isinstance(node.value, str)


def _empty(node: Node) -> bool:
    start, end = node.start_mark, node.end_mark
    return (start.line, start.column) == (end.line, end.column)


def _position(node: Node) -> Position:
    start, end = node.start_mark, _end(node).end_mark
    if (end.line, end.column) < (start.line, start.column):  # an alias: its anchor stands elsewhere
        end = node.end_mark
    return Position(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _end(node: Node) -> Node:
    """The last node inside: a block's own end mark lies at the start of whatever follows it."""
    while isinstance(node.value, list) and node.value and not getattr(node, "flow_style", True):
        last = node.value[-1]
        inner: Node = last[1] if isinstance(last, tuple) else last
        if not _inside(inner, node):  # an alias: what it names stands further up
            return last[0] if isinstance(last, tuple) else node
        node = inner
    return node


def _inside(inner: Node, outer: Node) -> bool:
    first, second = inner.start_mark, outer.start_mark
    return (first.line, first.column) > (second.line, second.column)

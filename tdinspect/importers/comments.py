"""The comments of a YAML file that are addressed to the program. YAML itself drops comments.

A ``#`` inside a text in quotes or a block of text is none; the readers' own marks say where those are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tdinspect.domain.location import Position
from tdinspect.importers.document import Document, Node

_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")  # what ends a line for YAML 1.1's readers
_ADDRESSED = re.compile(r"#[ \t]*tdinspect[ \t]*:[ \t]*(?=([^\n\r\x85\u2028\u2029]*))")


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment ``# tdinspect: text``; ``alone`` when nothing else stands on its line."""

    text: str
    position: Position
    alone: bool


def addressed(text: str) -> bool:
    """False where a text can have no comment for tdinspect: nothing else need be read then."""
    return "tdinspect" in text and _ADDRESSED.search(text) is not None


def comments(document: Document) -> tuple[Comment, ...]:
    """The comments for tdinspect, in the order of the file; none where the YAML cannot be read."""
    if document.root is None:
        return ()
    text, line, start = document.text, 1, 0
    inside = _Texts(document.root, text)
    found = []
    for match in _ADDRESSED.finditer(text):
        for ending in _BREAK.finditer(text, start, match.start()):
            line, start = line + 1, ending.end()
        before = text[start : match.start()].strip()
        if before.startswith("#") or inside.holds(match.start()):  # a step that was commented out, with its comment
            continue
        column = match.start() - start + 1
        words = match[1].rstrip()
        place = Position(line, column, line, column + len((match[0] + words).rstrip()))
        found.append(Comment(words, place, not before))
    return tuple(found)


class _Texts:
    """Where in a file its texts stand."""

    def __init__(self, root: Node, text: str) -> None:
        self.quoted: list[tuple[int, int]] = []
        self.plain: list[tuple[int, int]] = []
        for node in _scalars(root):
            start, end, style = node.start_mark.index, node.end_mark.index, getattr(node, "style", None)
            if style in ("|", ">"):  # its own line may have a comment behind the sign
                header = _BREAK.search(text, start, end)
                self.quoted.append((header.end() if header else end, end))
            elif style in ('"', "'"):
                self.quoted.append((start, end))
            else:
                self.plain.append((start, end))
        self.text = text

    def holds(self, index: int) -> bool:
        """Whether a text goes on at this ``#``; a plain one ends at a space before it."""
        spaced = index > 0 and self.text[index - 1] in " \t"
        return any(start <= index < end for start, end in (self.quoted if spaced else (*self.quoted, *self.plain)))


def _scalars(root: Node) -> Iterator[Node]:
    seen: set[int] = set()  # an alias is the node that it names
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node.value, str):
            yield node
            continue
        for inner in node.value if isinstance(node.value, list) else ():
            waiting += inner if isinstance(inner, tuple) else (inner,)

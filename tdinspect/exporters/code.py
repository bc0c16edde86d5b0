"""Pieces of Python code, and how they are written so that a formatter leaves them as they are.

A line that is too long is taken apart at its last bracket, one item a line with a comma behind each: ``ruff format``
and ``black`` keep that at any width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tdinspect.domain.trace import TensorInfo

WIDTH = 88  # what formatters take when nobody says another
INDENT = "    "


@dataclass(eq=False, frozen=True, slots=True)
class Shape:
    """The shape that a comment tells, axis by axis as a report writes them."""

    axes: tuple[str, ...]


@dataclass(eq=False, slots=True)
class Value:
    """What a local variable will hold. ``hint`` is the name it would like, ``named`` that the spec gave it.

    ``text``: code that stands for it, and no variable (``self.positions``). ``kind`` is ``tensor``, ``int``, ``list``,
    ``tuple``, or ``item`` for what a loop goes through.
    """

    hint: str
    named: bool = False
    info: TensorInfo | None = None
    text: str | None = None
    kind: str = "tensor"
    shape: Shape | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """Code as it stands."""

    text: str


@dataclass(eq=False, frozen=True, slots=True)
class Slot:
    """A constant of a constructor, which becomes an argument where the uses of a class differ in it."""

    value: object
    hint: str
    text: str


@dataclass(frozen=True, slots=True)
class Ref:
    """The variable of a value."""

    value: Value


@dataclass(frozen=True, slots=True)
class Item:
    """One argument or element; ``shape`` is a comment behind it."""

    code: Code
    keyword: str | None = None
    shape: Shape | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Items between brackets, behind ``head``: a call, a tuple, a list, a dict. ``open_`` breaks it in any case."""

    head: Code
    items: tuple[Item, ...]
    brackets: str = "()"
    open_: bool = False

    @property
    def comma(self) -> str:
        """What follows the last item on one line: a tuple of one needs its comma."""
        bare = isinstance(self.head, Text) and not self.head.text
        return "," if bare and self.brackets == "()" and len(self.items) == 1 else ""


@dataclass(frozen=True, slots=True)
class Join:
    """Pieces one behind the other."""

    parts: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class Copies:
    """``*(element for _ in range(count))``, or a list of them."""

    element: Code
    count: Slot
    brackets: tuple[str, str] = ("*(", ")")


@dataclass(eq=False, frozen=True, slots=True)
class New:
    """An instance of a class of the exported file; ``use`` is a ``classes.ClassUse``."""

    use: object


Code = Text | Slot | Ref | Group | Join | Copies | New
EMPTY = Text("")


def call(head: str | Code, *args: Code, **named: Code) -> Group:
    """A call with these arguments."""
    items = (*(Item(arg) for arg in args), *(Item(arg, name.rstrip("_")) for name, arg in named.items()))
    return Group(Text(head) if isinstance(head, str) else head, items)


def method(base: Code, name: str, *args: Code, **named: Code) -> Group:
    """``base.name(args)``."""
    return call(Join((base, Text(f".{name}"))), *args, **named)


def sequence(parts: Sequence[Code], brackets: str = "()") -> Group:
    """A tuple, or a list."""
    return Group(EMPTY, tuple(Item(part) for part in parts), brackets)


def refs(code: Code) -> Iterator[Value]:
    """The values that a piece of code reads."""
    if isinstance(code, Ref):
        yield code.value
    elif isinstance(code, Group):
        yield from refs(code.head)
        for item in code.items:
            yield from refs(item.code)
    elif isinstance(code, Join):
        for part in code.parts:
            yield from refs(part)
    elif isinstance(code, Copies):
        yield from refs(code.element)


def parts_of(code: Code) -> Iterator[Slot | New | Shape]:
    """The constants, the instances and the comments in a piece of code, in their order."""
    if isinstance(code, Slot | New):
        yield code
    elif isinstance(code, Group):
        yield from parts_of(code.head)
        for item in code.items:
            yield from parts_of(item.code)
            if item.shape is not None:
                yield item.shape
    elif isinstance(code, Join):
        for part in code.parts:
            yield from parts_of(part)
    elif isinstance(code, Copies):
        yield from parts_of(code.element)
        yield code.count


@dataclass(slots=True)
class Writer:
    """How leaves of code become text: ``leaf`` writes a Ref, a Slot, or gives the call that a New stands for.

    ``shape`` writes the comment for a shape, None for none.
    """

    leaf: Callable[[Ref | Slot], str]
    new: Callable[[New], Code]
    shape: Callable[[Shape], str | None]
    width: int = WIDTH
    lines: list[str] = field(default_factory=list)

    def flat(self, code: Code) -> str:
        """The code on one line."""
        if isinstance(code, Text):
            return code.text
        if isinstance(code, Ref | Slot):
            return self.leaf(code)
        if isinstance(code, New):
            return self.flat(self.new(code))
        if isinstance(code, Join):
            return "".join(map(self.flat, code.parts))
        if isinstance(code, Copies):
            start, end = code.brackets
            return f"{start}{self.flat(code.element)} for _ in range({self.flat(code.count)}){end}"
        items = ", ".join(_keyword(item, code.brackets) + self.flat(item.code) for item in code.items)
        return f"{self.flat(code.head)}{code.brackets[0]}{items}{code.comma}{code.brackets[1]}"

    def statement(self, depth: int, before: str, code: Code, after: str = "", shape: Shape | None = None) -> None:
        """Lines for ``before``, the code, ``after``; a comment that does not fit stands on a line of its own before."""
        indent = INDENT * depth
        comment = None if shape is None else self.shape(shape)
        line = f"{indent}{before}{self.flat(code)}{after}"
        broken = len(line) > self.width or self._opened(code)
        if not broken:
            lines = [line]
        else:
            held = Writer(self.leaf, self.new, self.shape, self.width)
            held._broken(depth, before, code, after)
            lines = held.lines
        if comment and len(lines[-1]) + 4 + len(comment) <= self.width:
            lines[-1] += f"  # {comment}"
        elif comment:
            lines.insert(0, f"{indent}# {comment}")
        self.lines += lines

    def _opened(self, code: Code) -> bool:
        if isinstance(code, New):
            return False
        if isinstance(code, Join):
            return any(map(self._opened, code.parts))
        if isinstance(code, Group):
            return code.open_ or any(self._opened(item.code) for item in code.items) or self._opened(code.head)
        return isinstance(code, Copies) and self._opened(code.element)

    def _broken(self, depth: int, before: str, code: Code, after: str) -> None:
        if isinstance(code, New):
            code = self.new(code)
        if isinstance(code, Group) and isinstance(code.head, Group) and code.head.items:
            rest = self.flat(Group(EMPTY, code.items, code.brackets)) if len(code.items) > 1 else None
            rest = rest or f"{code.brackets[0]}{self.flat(code.items[0].code) if code.items else ''}{code.brackets[1]}"
            self._items(depth, before, code.head, rest + after)
        elif isinstance(code, Group) and self._too_long(depth, before, code):
            self._parenthesized(depth, before, code, after)
        elif isinstance(code, Group) and code.items:
            self._items(depth, before, code, after)
        elif isinstance(code, Copies):
            self.lines.append(f"{INDENT * depth}{before}{code.brackets[0]}")
            self.statement(depth + 1, "", code.element)
            self.lines.append(f"{INDENT * (depth + 1)}for _ in range({self.flat(code.count)})")
            self.lines.append(f"{INDENT * depth}{code.brackets[1]}{after}")
        elif isinstance(code, Join) and isinstance(code.parts[-1], Group | New | Join):
            self._broken(depth, before + "".join(map(self.flat, code.parts[:-1])), code.parts[-1], after)
        elif isinstance(code, Join) and len(code.parts) > 1 and any(isinstance(part, Group) for part in code.parts):
            last = max(i for i, part in enumerate(code.parts) if isinstance(part, Group))
            rest = "".join(map(self.flat, code.parts[last + 1 :]))
            self._broken(depth, before + "".join(map(self.flat, code.parts[:last])), code.parts[last], rest + after)
        elif _may_wrap(before):
            self._parenthesized(depth, before, code, after)
        else:
            self.lines.append(f"{INDENT * depth}{before}{self.flat(code)}{after}")

    def _too_long(self, depth: int, before: str, code: Group) -> bool:
        """True where a call does not even fit up to its bracket, and does on a line of its own."""
        indent, whole = len(INDENT * depth), self.flat(code)
        start = indent + len(f"{before}{self.flat(code.head)}(")
        return _may_wrap(before) and start > self.width >= max(indent + len(f"{before}("), indent + len(INDENT + whole))

    def _parenthesized(self, depth: int, before: str, code: Code, after: str) -> None:
        self.lines.append(f"{INDENT * depth}{before}(")
        self.lines.append(f"{INDENT * (depth + 1)}{self.flat(code)}")
        self.lines.append(f"{INDENT * depth}){after}")

    def _items(self, depth: int, before: str, group: Group, after: str) -> None:
        self.lines.append(f"{INDENT * depth}{before}{self.flat(group.head)}{group.brackets[0]}")
        for item in group.items:
            self.statement(depth + 1, _keyword(item, group.brackets), item.code, ",", item.shape)
        self.lines.append(f"{INDENT * depth}{group.brackets[1]}{after}")


def _may_wrap(before: str) -> bool:
    return before.endswith("= ") or before == "return "


def _keyword(item: Item, brackets: str) -> str:
    if item.keyword is None:
        return ""
    return f"{item.keyword}: " if brackets == "{}" else f"{item.keyword}="

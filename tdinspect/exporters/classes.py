"""The classes of an exported file: uses of a block that differ only in numbers are one class with arguments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tdinspect.exporters.code import (
    INDENT,
    Code,
    Group,
    Item,
    New,
    Ref,
    Shape,
    Slot,
    Text,
    Value,
    Writer,
    call,
    parts_of,
)
from tdinspect.exporters.constants import literal
from tdinspect.exporters.identifiers import TAKEN, Taken, variable
from tdinspect.exporters.statements import Append, Assign, Body, For, Statement, Update, write

_WIDE = 10**9  # a line that is never broken
# Arguments that count channels or features: one number may stand for several of them.
_COUNTS = ("channels", "features", "size", "dim", "shape", "d_model", "width", "units")


@dataclass(slots=True)
class Attribute:
    """``self.name = code``; ``frozen``: it does not learn."""

    name: str
    code: Code
    frozen: bool = False


@dataclass(eq=False, slots=True)
class ClassUse:
    """One instance of a class, as it was written out for this instance alone."""

    name: str
    doc: tuple[str, ...]
    attributes: list[Attribute]
    params: list[tuple[str, str]]  # of forward: name and type
    body: Body
    result: Code
    gives: str
    returned: str | None = None
    sizes: tuple[tuple[str, str], ...] = ()  # the symbols that ``forward`` must be told, with its names for them
    group: ClassGroup | None = None
    _parts: list[Slot | New | Shape] | None = None

    def parts(self) -> list[Slot | New | Shape]:
        """Its constants, instances and comments, in the same order for every use of the class."""
        if self._parts is None:
            found = [part for attribute in self.attributes for part in parts_of(attribute.code)]
            self._parts = [*found, *_comments(self.body.statements)]
        return self._parts


def _comments(statements: Sequence[Statement]) -> Iterator[Slot | New | Shape]:
    for statement in statements:
        if isinstance(statement, For):
            yield from parts_of(statement.over)
            yield from _comments(statement.body)
        elif isinstance(statement, Assign | Append):
            yield from parts_of(statement.code)
        if isinstance(statement, Assign | Update) and statement.shape is not None:
            yield statement.shape


@dataclass(slots=True)
class Argument:
    """A constructor's argument; ``places``: the constants it stands for, ``(i,)``, or ``(i, k)`` of an inner use."""

    name: str
    places: list[tuple[int, ...]]
    values: list[object]


@dataclass(eq=False, slots=True)
class ClassGroup:
    """All uses of one class."""

    uses: list[ClassUse] = field(default_factory=list)
    again: list[ClassUse] = field(default_factory=list)  # instances that are there already, on other inputs
    name: str = ""
    arguments: list[Argument] = field(default_factory=list)

    def value(self, use: ClassUse, place: tuple[int, ...]) -> tuple[object, str, str]:
        """A constant of one use: the value, its text, the name that it would like."""
        part = use.parts()[place[0]]
        if isinstance(part, Slot):
            return part.value, part.text, part.hint
        assert isinstance(part, New) and isinstance(part.use, ClassUse) and part.use.group is not None
        inner = part.use.group
        argument = inner.arguments[place[1]]
        value, text, _ = inner.value(part.use, argument.places[0])
        return value, text, argument.name

    def settle(self) -> None:
        """Find the arguments; those of the classes used inside are known."""
        columns: dict[tuple[int, ...], list[tuple[object, str, str]]] = {}
        for index, part in enumerate(self.uses[0].parts()):
            if isinstance(part, Slot):
                places: list[tuple[int, ...]] = [(index,)]
            elif isinstance(part, New) and isinstance(part.use, ClassUse) and part.use.group is not None:
                places = [(index, k) for k in range(len(part.use.group.arguments))]
            else:
                continue
            for place in places:
                columns[place] = [self.value(use, place) for use in self.uses]
        taken = Taken(TAKEN)
        for place, found in columns.items():
            texts = [text for _, text, _ in found]
            if len(set(texts)) == 1:
                continue
            hint = found[0][2]
            same = next((a for a in self.arguments if a.values == texts and _alike(a.name, hint)), None)
            if same is not None:
                same.places.append(place)
            else:
                self.arguments.append(Argument(taken.free(variable(hint)), [place], list(texts)))

    def types(self, argument: Argument) -> str:
        """The annotation of an argument."""
        values = [self.value(use, argument.places[0])[0] for use in self.uses]
        return " | ".join(sorted({_type(value) for value in values}, key=lambda t: (t == "None", t)))


def _alike(one: str, other: str) -> bool:
    """True where two arguments may be one: both count channels, or they have the same name."""
    if all(any(word in name for word in _COUNTS) for name in (one, other)):
        return "kernel" not in one + other
    return one.rstrip("_0123456789") == other


def _type(value: object) -> str:
    if isinstance(value, tuple | list):
        if isinstance(value, tuple):
            return f"tuple[{', '.join(map(_type, value)) or '()'}]"
        return f"list[{' | '.join(sorted({_type(item) for item in value})) or 'int'}]"
    return "None" if value is None else type(value).__name__


class Classes:
    """The classes of one file, those used inside others first."""

    def __init__(self) -> None:
        self.groups: dict[str, ClassGroup] = {}

    def add(self, use: ClassUse) -> ClassUse:
        """Sort a use to its class. Uses inside it are sorted already."""
        group = self.groups.setdefault(self.key(use), ClassGroup())
        use.group = group
        group.uses.append(use)
        return use

    def key(self, use: ClassUse) -> str:
        """The same text for uses that differ in numbers only."""
        numbers = {id(group): index for index, group in enumerate(self.groups.values())}

        def inner(new: New) -> Code:
            assert isinstance(new.use, ClassUse) and new.use.group is not None
            return Text(f"<{numbers[id(new.use.group)]}>")

        def leaf(part: Ref | Slot) -> str:
            return "?" if isinstance(part, Slot) else use.body.name(part.value)

        return "\n".join([use.name, *_lines(use, use.name, "", Writer(leaf, inner, lambda shape: None, _WIDE))])

    def name(self, taken: Taken) -> None:
        """Settle names and arguments, innermost first."""
        for group in self.groups.values():
            group.settle()
            group.name = taken.free(group.uses[0].name, joint="")

    def lines(self, group: ClassGroup) -> list[str]:
        """The class as text."""
        use = group.uses[0]
        parts = use.parts()
        told = {place: argument.name for argument in group.arguments for place in argument.places}
        index = {id(part): i for i, part in enumerate(parts)}

        def leaf(part: Ref | Slot) -> str:
            if isinstance(part, Slot):
                return told.get((index[id(part)],), part.text)
            return use.body.name(part.value)

        def inner(new: New) -> Code:
            assert isinstance(new.use, ClassUse) and new.use.group is not None
            made, at = new.use.group, index[id(new)]
            items = []
            for k, argument in enumerate(made.arguments):
                text = told.get((at, k)) or made.value(new.use, argument.places[0])[1]
                items.append(Item(Text(text), argument.name))
            return Group(Text(made.name), tuple(items))

        def shape(given: Shape) -> str | None:
            return _shape(group, index[id(given)])

        signature = call("def __init__", Text("self"))
        typed = tuple(Item(Text(f"{a.name}: {group.types(a)}")) for a in group.arguments)
        writer = Writer(leaf, inner, shape)
        head = Writer(leaf, inner, shape)
        head.statement(1, "", Group(signature.head, (*signature.items, *typed)), " -> None:")
        return _lines(use, group.name, "\n".join(head.lines), writer)


def _shape(group: ClassGroup, index: int) -> str | None:
    """A comment that holds for every use: an axis that differs is an argument's name, or ``_``."""
    uses = (*group.uses, *group.again)
    found = [part.axes for part in (use.parts()[index] for use in uses) if isinstance(part, Shape)]
    if len({len(axes) for axes in found}) != 1:
        return None
    words = []
    for column in zip(*found, strict=True):
        same = next((a.name for a in group.arguments if not group.again and a.values == list(column)), "_")
        words.append(column[0] if len(set(column)) == 1 else same)
    return f"({', '.join(words)})" if len(words) != 1 else f"({words[0]},)"


def _lines(use: ClassUse, name: str, init: str, writer: Writer) -> list[str]:
    out = writer.lines
    out.append(f"class {name}(nn.Module):")
    out.extend(f"{INDENT}{line}".rstrip() for line in use.doc)
    out.append("")
    if use.attributes:
        out.extend([init, f"{INDENT * 2}super().__init__()"])
        for attribute in use.attributes:
            writer.statement(2, f"self.{attribute.name} = ", attribute.code)
            if attribute.frozen:
                out.append(f"{INDENT * 2}self.{attribute.name}.requires_grad_(False)")
        out.append("")
    params = (Text("self"), *(Text(f"{param}: {kind}") for param, kind in use.params))
    writer.statement(1, "", call("def forward", *params), f" -> {use.gives}:")
    write(use.body, writer, 2, use.returned)
    writer.statement(2, "return ", use.result)
    return out


def slot(value: object, hint: str, text: str | None = None) -> Slot:
    """A constant of a constructor."""
    return Slot(value, hint, literal(value) if text is None else text)


def value_of(name: str) -> Value:
    """A value that already has a name."""
    return Value(name, text=name)

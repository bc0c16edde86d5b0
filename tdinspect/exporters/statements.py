"""The lines of one ``forward``: what is computed in which order, and the names of its variables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tdinspect.domain.tree import Tree, leaves, map_tree
from tdinspect.exporters.code import INDENT, Code, Ref, Shape, Text, Value, Writer, refs


@dataclass(slots=True)
class Assign:
    """``targets = code``; targets are a tree of values, None for a part that nobody wants.

    ``loose``: what it gives has no type that a checker knows. ``tail``: parts at the end that nobody wants are one
    ``*_``; ``more``: there may be more parts than targets at other sizes.
    """

    targets: Tree
    code: Code
    shape: Shape | None = None
    loose: bool = False
    tail: bool = False
    more: bool = False


@dataclass(slots=True)
class Update:
    """Assignment to values that are there already: the states of a loop."""

    targets: tuple[Value, ...]
    codes: tuple[Code, ...]
    shape: Shape | None = None


@dataclass(slots=True)
class Append:
    """``list.append(code)``."""

    target: Value
    code: Code


@dataclass(slots=True)
class Remark:
    """A comment on a line of its own."""

    text: str


@dataclass(slots=True)
class For:
    """``for name in over:`` and its body; ``name`` is a Value or a fixed text."""

    item: Value
    over: Code
    body: list[Statement] = field(default_factory=list)


Statement = Assign | Update | Append | For | Remark


def read_by(statement: Statement) -> Iterator[Value]:
    """The values that a statement reads, those inside a loop too."""
    if isinstance(statement, Assign | Append):
        yield from refs(statement.code)
        if isinstance(statement, Append):
            yield statement.target
    elif isinstance(statement, Update):
        for code in statement.codes:
            yield from refs(code)
    elif isinstance(statement, For):
        yield from refs(statement.over)
        for inner in statement.body:
            yield from read_by(inner)


def made_by(statement: Statement) -> Iterator[Value]:
    """The values that a statement gives, or changes."""
    if isinstance(statement, Assign):
        yield from leaves(statement.targets)
    elif isinstance(statement, Update):
        yield from statement.targets
    elif isinstance(statement, Append):
        yield statement.target
    elif isinstance(statement, For):
        for inner in statement.body:
            yield from made_by(inner)


def live(statements: Sequence[Statement], wanted: Iterable[Value]) -> list[Statement]:
    """The statements without those whose results nobody reads; unread targets become None."""
    needed = {id(value) for value in wanted}
    kept: list[Statement] = []
    for statement in reversed(statements):
        if isinstance(statement, Remark):
            kept.append(statement)
            continue
        if not any(id(value) in needed for value in made_by(statement)):
            continue
        if isinstance(statement, For):
            _forget(statement, needed)
            statement.body[:] = live(statement.body, _carried(statement, needed))
            if not any(value is statement.item for value in read_by(statement)):
                statement.item.text = "_"
        needed |= {id(value) for value in read_by(statement)}
        if isinstance(statement, Assign):
            statement.targets = _without(statement.targets, needed)
            statement.shape = next((value.shape for value in leaves(statement.targets)), None)
            if isinstance(statement.code, Ref):  # the same as it was
                statement.shape = None
        kept.append(statement)
    kept.reverse()
    return [
        s for i, s in enumerate(kept) if not (isinstance(s, Remark) and not isinstance(_next(kept, i), For | Assign))
    ]


def _next(statements: Sequence[Statement], index: int) -> Statement | None:
    return statements[index + 1] if index + 1 < len(statements) else None


def _forget(loop: For, needed: set[int]) -> None:
    """Leave out the states that no round reads, until none is left."""
    dropped = True
    while dropped:
        read = {id(value) for value in read_by(loop)} | needed
        updates = [s for s in loop.body if isinstance(s, Update)]
        for update in updates:
            kept = [pair for pair in zip(update.targets, update.codes, strict=True) if id(pair[0]) in read]
            dropped = len(kept) < len(update.targets)
            update.targets = tuple(target for target, _ in kept)
            update.codes = tuple(code for _, code in kept)
        dropped = dropped and bool(updates)


def _carried(loop: For, needed: set[int]) -> list[Value]:
    """What a loop hands from one round to the next, and what is read behind it."""
    carried = [value for s in loop.body if isinstance(s, Update | Append) for value in made_by(s)]
    return [*carried, *(value for value in made_by(loop) if id(value) in needed)]


def _without(targets: Tree, needed: set[int]) -> Tree:
    return map_tree(lambda value: value if id(value) in needed else None, targets)


@dataclass(slots=True)
class Body:
    """Statements with the names of their variables."""

    statements: list[Statement]
    names: dict[int, str]
    typed: set[str]  # names that have a type from the signature

    def name(self, value: Value) -> str:
        """The code of a value."""
        return value.text if value.text is not None else self.names[id(value)]


def is_loose(statements: Sequence[Statement], value: Value) -> bool:
    """True where a checker does not know the type of what a value is made from."""
    for s in statements:
        if isinstance(s, For) and is_loose(s.body, value):
            return True
        if isinstance(s, Assign) and s.loose and s.targets is not None and value in leaves(s.targets):
            return True
    return False


def write(body: Body, writer: Writer, depth: int, returned: str | None) -> None:
    """The lines; ``returned`` is the name of the variable that is returned alone, which gets a type."""
    known = set(body.typed)
    for statement in body.statements:
        _write(statement, body, writer, depth, known, returned)


def _write(s: Statement, body: Body, writer: Writer, depth: int, known: set[str], returned: str | None) -> None:
    if isinstance(s, Remark):
        writer.lines.append(f"{INDENT * depth}# {s.text}")
    elif isinstance(s, For):
        writer.statement(depth, f"for {body.name(s.item)} in ", s.over, ":")
        for inner in s.body:
            _write(inner, body, writer, depth + 1, known, returned)
    elif isinstance(s, Append):
        writer.statement(depth, f"{body.name(s.target)}.append(", s.code, ")")
    elif isinstance(s, Update):
        _update(s, body, writer, depth)
    else:
        _assign(s, body, writer, depth, known, returned)


def _update(s: Update, body: Body, writer: Writer, depth: int) -> None:
    pairs = [(body.name(t), code) for t, code in zip(s.targets, s.codes, strict=True)]
    pairs = [(name, code) for name, code in pairs if writer.flat(code) != name]
    if pairs:
        names = ", ".join(name for name, _ in pairs)
        codes = ", ".join(writer.flat(code) for _, code in pairs)
        code = pairs[0][1] if len(pairs) == 1 else Text(codes)
        writer.statement(depth, f"{names} = ", code, shape=s.shape)


def _assign(s: Assign, body: Body, writer: Writer, depth: int, known: set[str], returned: str | None) -> None:
    target = _targets(s.targets, body, s.tail, s.more)
    if isinstance(s.code, Ref) and writer.flat(s.code) == target:
        return
    values = list(leaves(s.targets))
    names = {body.name(value) for value in values}
    if returned in names and returned not in known:
        if isinstance(s.targets, Value):
            target = f"{target}: Tensor"
        else:
            writer.lines.append(f"{INDENT * depth}{returned}: Tensor")
    if len(values) == 1 and values[0].kind == "list":
        target = f"{target}: list[Tensor]"
    known |= names
    writer.statement(depth, f"{target} = ", s.code, shape=s.shape)


def _targets(targets: Tree, body: Body, tail: bool = False, more: bool = False) -> str:
    if not isinstance(targets, tuple | list):
        return "_" if targets is None else body.name(targets)
    parts = [_inner(part, body) for part in targets]
    if tail:
        while len(parts) > 1 and parts[-1] == "_":
            parts.pop()
        if len(parts) < len(targets) or more:
            parts.append("*_")
    return ", ".join(parts) if len(parts) > 1 else f"({parts[0]},)"


def _inner(part: Tree, body: Body) -> str:
    if not isinstance(part, tuple | list):
        return _targets(part, body)
    if not any(True for _ in leaves(part)):
        return "_"
    written = _targets(part, body)
    return f"({written})" if len(part) > 1 else written

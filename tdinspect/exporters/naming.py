"""Names for the variables of one function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count

from tdinspect.domain.tree import leaves
from tdinspect.exporters.code import Ref, Value
from tdinspect.exporters.identifiers import Taken, variable
from tdinspect.exporters.statements import Assign, Body, For, Statement, Update, live, made_by, read_by

FLOW = ("x", "y")  # what flows from step to step needs no name of its own


class _Naming:
    """Names as a person chooses them: ``x`` for what the next step takes, the step's name for what is read later."""

    def __init__(self, params: Sequence[tuple[Value, str]], taken: Iterable[str]) -> None:
        self.names = {id(value): name for value, name in params}
        self.held: dict[str, int] = {}  # the position up to which a name is in use
        self.fixed = Taken(taken)
        self.last: dict[int, int] = {}
        self.defined = {id(value) for value, _ in params}
        self.position = 0
        self.params = params

    def run(self, statements: Sequence[Statement], wanted: Iterable[Value]) -> dict[int, str]:
        for value, name in self.params:
            if value.kind != "tensor":
                self.fixed.names.add(name)
        self._uses(statements)
        for value in wanted:
            self.last[id(value)] = self.position + 1
        for value, name in self.params:
            self.held[name] = self.last.get(id(value), 0)
        self.position = 0
        self._defs(statements)
        return self.names

    def _uses(self, statements: Sequence[Statement]) -> None:
        for statement in statements:
            self.position += 1
            here = self.position
            if isinstance(statement, For):
                before = set(self.defined)
                self._uses(statement.body)
                self.position += 1
                for value in (*read_by(statement), *made_by(statement)):
                    if id(value) in before:  # the next round reads it, too
                        self.last[id(value)] = self.position
            else:
                for value in (*read_by(statement), *(made_by(statement) if isinstance(statement, Update) else ())):
                    self.last[id(value)] = max(self.last.get(id(value), 0), here)
                self.defined |= {id(value) for value in made_by(statement)}

    def _defs(self, statements: Sequence[Statement]) -> None:
        for statement in statements:
            self.position += 1
            if isinstance(statement, Assign):
                copied = statement.code.value if isinstance(statement.code, Ref) else None
                for value in leaves(statement.targets):
                    self._choose(value, copied)
            elif isinstance(statement, For):
                self._choose(statement.item, None)
                self._defs(statement.body)
                self.position += 1

    def _choose(self, value: Value, copied: Value | None) -> None:
        if id(value) in self.names or value.text is not None:
            return
        last = self.last.get(id(value), self.position)
        if value.kind not in ("tensor", "item"):
            apart = Taken({*self.fixed.names, *self.names.values()})  # another type: never a name of something else
            self.names[id(value)] = name = apart.free(variable(value.hint))
            self.fixed.names.add(name)
            self.held[name] = last
            return
        wanted = [variable(value.hint)]
        if copied is not None and copied.text is None and copied.kind == "tensor":
            wanted.insert(1 if value.named else 0, self.names[id(copied)])
        elif value.kind == "tensor" and not value.named and last <= self.position + 1:
            wanted = [*FLOW, *wanted]
        name = next(filter(self._is_free, wanted), None) or self._numbered(wanted[-1])
        self.names[id(value)] = name
        self.held[name] = last

    def _is_free(self, name: str) -> bool:
        return name not in self.fixed.names and self.held.get(name, 0) <= self.position

    def _numbered(self, wanted: str) -> str:
        numbered = (f"{wanted.rstrip('_')}_{number}" for number in count(2))
        return next(filter(self._is_free, numbered))


def named(
    statements: list[Statement], params: Sequence[tuple[Value, str]], wanted: Sequence[Value], taken: Iterable[str]
) -> Body:
    """The statements that are needed for ``wanted``, with names for all their variables."""
    kept = live(statements, wanted)
    names = _Naming(params, taken).run(kept, wanted)
    return Body(kept, names, {name for value, name in params if value.kind == "tensor"})

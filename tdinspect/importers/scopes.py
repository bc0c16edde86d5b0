"""Names and where they are seen: the spec and each container open a scope; only earlier names are known in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

Kind = Literal["input", "state", "part", "layer", "function", "source", "container", "share", "unknown"]
_MAX_SHOWN = 500  # of a scope's names, when one is looked for that is like a wrong one
HAS_MODULE = ("layer", "container", "share", "unknown")  # "unknown": a step that is wrong itself


@dataclass(frozen=True, slots=True)
class Entry:
    """What a name stands for; ``inner`` is a container's own scope."""

    kind: Kind
    inner: Scope | None = None


class Scope:
    """The names of one list of steps.

    ``declared`` are all names that its steps give themselves, known beforehand so that no number collides with one.
    ``entering`` is given under TimeDistributed and Recurrent: the outer values that the ``from`` of this ``container``
    lets in; no others are seen. ``wiring`` is that ``from``, and ``enters`` are the names that it gives its values
    inside. ``last`` is the name of the value that a step without a ``from`` takes next.
    """

    def __init__(
        self,
        declared: Iterable[str],
        parent: Scope | None = None,
        entering: frozenset[str] | None = None,
        container: str = "",
        wiring: object = None,
    ) -> None:
        self.declared = set(declared)
        self.parent = parent
        self.entering = entering
        self.container = container
        self.wiring = wiring
        self.last: str | None = None
        self.enters: tuple[str, ...] = ()
        self.names: dict[str, Entry] = {}
        self._counts: dict[str, int] = {}

    def define(self, name: str, entry: Entry) -> bool:
        """Make a name known; False when it is taken in this scope."""
        if name in self.names:
            return False
        self.names[name] = entry
        return True

    def enter(self, names: tuple[str, ...]) -> None:
        """Make the names known that a container's ``from`` gives its values inside."""
        self.enters = names
        self.declared.update(names)
        for name in names:
            self.define(name, Entry("input"))

    def number(self, operation: str) -> str:
        """The default name of the next step of this operation: ``conv2d_1``; names given by hand are skipped."""
        base = operation.rpartition(".")[2].lower()
        count = self._counts.get(base, 0) + 1
        while (name := f"{base}_{count}") in self.declared or name in self.names:
            count += 1
        self._counts[base] = count
        return name

    def count(self, operation: str) -> None:
        """Count a step that has a name of its own, so that naming one does not renumber the others."""
        base = operation.rpartition(".")[2].lower()
        self._counts[base] = self._counts.get(base, 0) + 1

    def value(self, name: str) -> Entry | None:
        """What a ``from`` sees under this name (dotted: a step inside a container), None when nothing."""
        head, _, rest = name.partition(".")
        if head in self.names:
            return _inside(self.names[head], rest)
        if self.parent is None or (self.entering is not None and name not in self.entering):
            return None
        return self.parent.value(name)

    def module(self, name: str) -> Entry | None:
        """What a ``share`` sees: like ``value``, but weights are seen through TimeDistributed as well."""
        head, _, rest = name.partition(".")
        if head in self.names:
            return _inside(self.names[head], rest)
        return None if self.parent is None else self.parent.module(name)

    def inside(self, name: str) -> Entry | None:
        """What the name stands for in this list of steps itself."""
        head, _, rest = name.partition(".")
        return _inside(self.names[head], rest) if head in self.names else None

    def hides(self, name: str) -> Scope | None:
        """The scope of the container that keeps out this name, which exists outside; None when none does."""
        if self.value(name) is not None or self.module(name) is None:
            return None
        scope = self
        while scope.entering is None or name in scope.entering:
            assert scope.parent is not None
            scope = scope.parent
        return scope

    def lets_in(self, name: str) -> bool:
        """True when a container around names it in its own ``from``."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            if scope.entering is not None:
                return name in scope.entering
            scope = scope.parent
        return False

    def declares(self, name: str) -> bool:
        """True when a later step here or outside gives this name."""
        return name in self.declared or (self.parent is not None and self.parent.declares(name))

    def like(self, name: str) -> Iterator[str]:
        """Names to choose from when ``name`` is unknown; those inside the container that it names first."""
        head = name.partition(".")[0]
        entry = self.value(head) if head != name else None
        if entry and entry.inner:
            yield from (f"{head}.{part}" for part in entry.inner.names)
        yield from reversed(list(islice(self._seen(), _MAX_SHOWN)))

    def _seen(self) -> Iterator[str]:
        yield from reversed(self.names)
        if self.entering is not None:
            yield from sorted(self.entering)
        elif self.parent is not None:
            yield from self.parent._seen()


def _inside(entry: Entry, rest: str) -> Entry | None:
    for part in rest.split(".") if rest else ():
        found = entry.inner.names.get(part) if entry.inner else None
        if found is None:
            return None
        entry = found
    return entry

"""Rows of the copies of a repeat that changed alike, as the rows of one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from tdinspect.formats.screen.model import GridRow
from tdinspect.formats.spans import span

_COPY = re.compile(r"(?P<repeat>.+?\.)(?P<number>\d+)(?P<rest>\..+)?")


@dataclass(frozen=True, slots=True)
class NamedRow:
    """A row, and the layer's name in its first cell; None where there is more in that cell."""

    row: GridRow
    name: str | None


@dataclass(frozen=True, slots=True)
class _Group:
    """The rows of one copy. ``alike`` is the same for copies that changed alike."""

    rows: tuple[NamedRow, ...]
    repeat: str = ""
    first: int = -1
    last: int = -1
    alike: tuple[object, ...] = ()


def folded(rows: Sequence[NamedRow]) -> list[GridRow]:
    """The rows, where copies that follow one another are alike as one: ``encoder.0…11.linear_1``."""
    groups: list[_Group] = []
    for (repeat, number), members in groupby(rows, _copy_of):
        group = _group(repeat, number, tuple(members))
        before = groups[-1] if groups else None
        if before and repeat and (before.repeat, before.last + 1, before.alike) == (repeat, number, group.alike):
            groups[-1] = replace(before, last=number)
        else:
            groups.append(group)
    return [_named(one, group) for group in groups for one in group.rows]


def _copy_of(one: NamedRow) -> tuple[str, int]:
    found = _COPY.fullmatch(one.name or "")
    return (found["repeat"], int(found["number"])) if found else ("", -1)


def _group(repeat: str, number: int, rows: tuple[NamedRow, ...]) -> _Group:
    alike = tuple((_rest(one), one.row.guide, one.row.cells[1:]) for one in rows)
    return _Group(rows, repeat, number, number, alike)


def _rest(one: NamedRow) -> str:
    found = _COPY.fullmatch(one.name or "")
    return (found["rest"] or "") if found else ""


def _named(one: NamedRow, group: _Group) -> GridRow:
    if group.first == group.last:
        return one.row
    name = f"{group.repeat}{group.first}…{group.last}{_rest(one)}"
    return replace(one.row, cells=(span(name, "code"), *one.row.cells[1:]))

"""In what a spec differs from its entry in the lock file, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tdinspect.analysis.align import aligned
from tdinspect.analysis.entries import Named
from tdinspect.analysis.names import given_name

_MOST_TOLD = 3  # layers that a sentence tells of; the first ones have made the others differ
_NUMBERS = ("params", "macs")  # no such piece means 0
_FROM_PARAMS = ("trainable_params", "param_bytes")


@dataclass(frozen=True, slots=True)
class Drift:
    """In what a spec differs from its entry: in words, and the layer or the fact of the entry that differs first."""

    words: str
    layer: int | None = None
    fact: str | None = None


class _Layer(NamedTuple):
    """A layer of an entry; ``given`` is its own name where a person gave it one."""

    name: str
    text: str
    kind: str
    given: str | None
    depth: int


@dataclass(frozen=True, slots=True)
class _Change:
    """A layer that differs; ``follows`` where only its output or its cost does, as after any change further up."""

    words: str
    layer: int | None
    follows: bool = False


def drift(was: tuple[Sequence[Named], Sequence[Named]], now: tuple[Sequence[Named], Sequence[Named]]) -> Drift | None:
    """The differences between two entries, each its facts and its layers as names and texts; None where none are."""
    facts = list(_changed_facts(was[0], now[0]))
    layers = list(_changed_layers(was[1], now[1]))
    if not facts and not layers:
        return None
    causes = [change for change in layers if not change.follows] or layers
    told = [change.words for change in causes[:_MOST_TOLD]]
    if more := len(layers) - len(told):
        told.append(f"{more} more layer{'s differ' if more > 1 else ' differs'}")
    first = causes[0].layer if causes else None
    return Drift("; ".join([*told, *(words for _, words in facts)]), first, None if layers else facts[0][0])


def _changed_facts(was: Sequence[Named], now: Sequence[Named]) -> Iterator[Named]:
    """The name of each fact that differs, and the words. What follows from the number of parameters is not told."""
    before, after = dict(was), dict(now)
    words = {
        name: _change(name, before.get(name, "none"), after.get(name, "none"))
        for name in dict.fromkeys([*before, *after])
    }
    following = _FROM_PARAMS if words.get("params") else ()
    yield from ((name, text) for name, text in words.items() if text and name not in following)


def _changed_layers(was: Sequence[Named], now: Sequence[Named]) -> Iterator[_Change]:
    """Each layer that differs; a container only where nothing in it does."""
    before, after = list(map(_layer, was)), list(map(_layer, now))
    changes = list(_all_changed(before, after))
    inside = {after[change.layer].name.rpartition(".")[0] for change in changes if change.layer is not None}
    for change in changes:
        if not change.follows or change.layer is None or after[change.layer].name not in inside:
            yield change


def _all_changed(was: Sequence[_Layer], now: Sequence[_Layer]) -> Iterator[_Change]:
    containers = {layer.name.rpartition(".")[0] for layer in now}
    at = 0
    for i, j in aligned(was, now, _alike):
        if j is None and i is not None:
            yield _Change(f"- {was[i].name} ({was[i].kind})", min(at, len(now) - 1) if now else None)
        elif j is not None:
            at = j + 1
            name = now[j].name
            if i is None:
                yield _Change(f"+ {name}: {now[j].text.replace('; ', ', ')}", j)
            elif told := _differences(was[i], now[j]):
                follows = {*told} <= ({"output", "macs"} if name not in containers else {"output", "macs", "params"})
                yield _Change(f"{name}: {', '.join(told.values())}", j, follows)


def _layer(named: Named) -> _Layer:
    name, text = named
    kind = text.partition("; ")[0]
    return _Layer(name, text, kind, given_name(name, kind), name.count("."))


def _alike(one: _Layer, other: _Layer) -> int:
    """Layers are the same where the name that was given is, or the type is; the more alike, the better."""
    if one.given is not None and one.given == other.given:
        return 16 + (one == other)
    if one.kind != other.kind:
        return 0
    level = one.depth == other.depth  # else it was wrapped, or unwrapped
    return 2 + 4 * level + 2 * (one.text == other.text) + (one.name == other.name)


def _differences(one: _Layer, other: _Layer) -> dict[str, str]:
    """What differs between two states of a layer, in words by what it is."""
    before, after = _pieces(one.text), _pieces(other.text)
    told = {"name": f"was {one.name}"} if one.given != other.given else {}
    for piece in dict.fromkeys([*before, *after]):
        nothing = "0" if piece in _NUMBERS else "none"
        told[piece] = _change(piece, before.get(piece, nothing), after.get(piece, nothing))
    told = {piece: words for piece, words in told.items() if words}
    if told.keys() & {"output", "params"}:
        told.pop("macs", None)
    return told


def _pieces(text: str) -> dict[str, str]:
    kind, *others = text.split("; ")
    return {"type": kind} | dict(_split(others))


def _split(pieces: Iterable[str]) -> Iterator[Named]:
    for piece in pieces:
        name, _, value = piece.partition(" ")
        yield name, value


def _change(name: str, before: str, after: str) -> str:
    return "" if before == after else f"{name} {before} -> {after}"

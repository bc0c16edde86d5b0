"""Gathers all mistakes of one spec, and the wording that they share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import TypeGuard

from tdinspect.domain.finding import Finding
from tdinspect.domain.limits import Limits
from tdinspect.domain.location import Path, Position
from tdinspect.domain.nearest import nearest

MAX_FINDINGS = 1000  # more than anyone reads
_USUAL = Limits()

# Suggestions cost time that grows with the names to choose from, so a file full of mistakes gets only this many.
_MAX_SUGGESTIONS = 100
_MAX_CHOICES = 500
_MAX_SHOWN = 60  # characters of a value shown in a message
_MAX_TEXT = 480  # characters of a whole message
_MAX_LISTED = 12  # names in a message


class Collector:
    """The findings of one file so far; ``count`` goes on where ``findings`` ends, ``noted`` has repeated ones too.

    ``uses`` are the places of the block uses that are being read, the outermost first. ``limits`` are the file's.
    """

    def __init__(self, limits: Limits = _USUAL) -> None:
        self.limits = limits
        self.findings: list[Finding] = []
        self.count = 0
        self.noted = 0
        self.uses: tuple[Path, ...] = ()
        self._suggested = 0
        self._in_blocks: set[tuple[str, str, Path]] = set()

    @property
    def full(self) -> bool:
        """True when nothing more would be listed."""
        return self.count > MAX_FINDINGS

    @contextmanager
    def inside(self, uses: tuple[Path, ...]) -> Iterator[None]:
        """While it lasts, what is noted lies in a block that is used there."""
        outside, self.uses = self.uses, uses
        yield
        self.uses = outside

    def _said(self, code: str, message: str, path: Path) -> bool:
        """True for what was noted at an earlier use of the same block."""
        return path[:1] == ("blocks",) and (code, message, path) in self._in_blocks

    def add(
        self,
        code: str,
        message: str,
        path: Path,
        *,
        on_key: bool = False,
        help: str | None = None,
        position: Position | None = None,
    ) -> None:
        """Note one mistake at ``path``; past the limit only that there are more."""
        self.noted += 1
        if self._said(code, message, path):
            return
        self.count += 1
        if self.count <= MAX_FINDINGS:
            if path[:1] == ("blocks",):
                self._in_blocks.add((code, message, path))
            help = help if help is None else _clipped(help)
            found = Finding(code, _clipped(message), path, on_key=on_key, help=help, position=position, uses=self.uses)
            self.findings.append(found)
        elif self.count == MAX_FINDINGS + 1:
            self.findings.append(Finding("TD008", f"more than {MAX_FINDINGS:,} mistakes; not all are listed", ()))

    def wrong(self, wanted: str, value: object, path: Path, help: str | None = None) -> None:
        """Note a value that is not what its key takes (TD003)."""
        if isinstance(value, str) and wanted.startswith("a whole number") and value.strip().isdecimal():
            help = f"without quotes: {shorten(value.strip())}"
        self.add("TD003", f"expected {wanted}, found {describe(value)}", path, help=help)

    def nearest(self, name: str, choices: Iterable[str]) -> str | None:
        """The choice that ``name`` was likely meant to be, or None."""
        if self._suggested >= _MAX_SUGGESTIONS or len(name) > _MAX_SHOWN:
            return None
        self._suggested += 1
        return nearest(name, islice(choices, _MAX_CHOICES))

    def check_keys(self, mapping: Mapping[str, object], known: Collection[str], path: Path, where: str) -> None:
        """Note each key that is not known (TD002), with the nearest known one."""
        for key in mapping:
            if key not in known:
                self.unknown_key(key, known, path, where)

    def unknown_key(self, key: str, known: Collection[str], path: Path, where: str) -> None:
        """Note one unknown key (TD002); ``path`` is that of its mapping."""
        message = f"unknown key `{shorten(key)}` {where}"
        if self._said("TD002", message, (*path, key)):
            self.noted += 1
            return
        help = spaced(key) or did_you_mean(self.nearest(key, known)) or f"known keys: {', '.join(known)}"
        self.add("TD002", message, (*path, key), on_key=True, help=help)

    def unknown_name(
        self, message: str, name: str, choices: Iterable[str], path: Path, none: str = "", on_key: bool = False
    ) -> None:
        """Note a name that nothing defines (TD006); ``none`` is the help when there is nothing to choose from."""
        if self._said("TD006", message, path):
            self.noted += 1
            return
        # Past the limit nobody reads the help, and gathering the choices is most of the work.
        known = list(dict.fromkeys(islice(choices, _MAX_CHOICES))) if self.count < MAX_FINDINGS else []
        near = did_you_mean(self.nearest(name, known))
        listed = f"known here: {enumeration(known)}" if 0 < len(known) <= _MAX_LISTED else None
        self.add("TD006", message, path, on_key=on_key, help=near or listed or none or None)


def did_you_mean(name: str | None) -> str | None:
    """The help that names the nearest known name."""
    return f"did you mean `{name}`?" if name else None


def enumeration(names: Collection[str]) -> str:
    """``a, b, c``, short enough for a message."""
    shown = [shorten(name) for name in islice(names, _MAX_LISTED)]
    return ", ".join([*shown, "…"] if len(names) > _MAX_LISTED else shown)


def spaced(text: str) -> str | None:
    """The help for ``H:16``, which YAML reads as one word."""
    key, colon, value = text.partition(":")
    return f"put a space after the colon: `{shorten(f'{key}: {value}')}`" if colon and key and value else None


def shorten(text: str) -> str:
    """A text short enough, and on one line, for a message."""
    text = text if text.isprintable() else repr(text)[1:-1]
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"


def _clipped(text: str) -> str:
    """A message or help that is no longer than anyone reads, whatever names are in it."""
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def as_list(text: str) -> str:
    """The list to write for a shape in other words: ``[B, 8]`` for ``(B, 8)``, ``[T]`` for ``(T,)``."""
    text = text.strip()
    text = text[1:-1] if text[:1] + text[-1:] in ("()", "[]", "{}") else text
    return f"[{shorten(text.strip().removesuffix(','))}]"


def describe(value: object) -> str:
    """A value in the words of YAML: ``the text `x```, ``a list``, ``nothing``."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float():
            return f"the number {shorten(str(value))}"
        case str():
            return f"the text `{shorten(value)}`"
        case list() | tuple():
            return f"a list of {len(value)}" if value else "an empty list"
        case Mapping():
            return "a mapping" if value else "an empty mapping"
    return "something else"


def true_or_false(value: object) -> str | None:
    """The help for YAML 1.1's other words for true and false, which are plain texts since 1.2."""
    truth = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
    return truth.get(value.lower()) if isinstance(value, str) else None


def whole(value: object) -> TypeGuard[int]:
    """True for a whole number; ``true`` and ``1.0`` are none."""
    return isinstance(value, int) and not isinstance(value, bool)

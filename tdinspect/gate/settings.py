"""A project's settings: ``[tool.tdinspect]`` in pyproject.toml, or tdinspect.toml with the same keys at its top.

The nearest file that has them counts, from the current folder upwards; of two in one folder tdinspect.toml.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tdinspect.domain.finding import Severity
from tdinspect.domain.limits import HIGHEST, Limits
from tdinspect.domain.nearest import nearest
from tdinspect.gate.policy import EVERY, as_selector, no_such_rule

OWN, SHARED = "tdinspect.toml", "pyproject.toml"
MOST_JOBS = 9999
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


class SettingsError(Exception):
    """Settings that cannot be used; the message has every mistake of the file, each on its line."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a project has settled for all its runs. Paths are relative to the current folder; None: nothing is said."""

    file: str | None = None
    specs: tuple[str, ...] = ()
    allow_import: tuple[str, ...] = ()
    select: tuple[str, ...] = (EVERY,)
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, Severity] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    error_on_warning: bool = False
    lock: str | None = None
    cache_dir: str | None = None
    jobs: int | None = None


def find_settings(folder: Path) -> Settings:
    """The settings that hold in a folder; without any the usual ones. Raises SettingsError."""
    for place in (folder, *folder.parents):
        for name in (OWN, SHARED):
            text = _text(place / name)
            if text is not None and (name == OWN or b"tdinspect" in text):
                table = _table(place / name, text)
                if table is not None:
                    return _read(place / name, table)
    return Settings()


def read_settings(file: Path) -> Settings:
    """The settings of a file that was named. Raises SettingsError."""
    text = _text(file)
    if text is None:
        raise SettingsError(f"no such settings file: {file}")
    table = _table(file, text)
    if table is None:
        raise SettingsError(f"{file} has no table [tool.tdinspect]")
    return _read(file, table)


def _text(file: Path) -> bytes | None:
    """The file's bytes; None where there is no such file."""
    try:
        return file.read_bytes()
    except (OSError, ValueError) as error:
        if not isinstance(error, IsADirectoryError) and os.path.lexists(file):  # it is there, and cannot be read
            raise SettingsError(f"cannot read {_shown(file)}: {getattr(error, 'strerror', None) or error}") from None
        return None


def _table(file: Path, text: bytes) -> object:
    """What the file has for tdinspect; None for a pyproject.toml without our table. Raises SettingsError."""
    import tomllib  # only where there is a file to read

    try:
        data = tomllib.loads(text.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        why = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error) or "nested too deep"
        raise SettingsError(f"cannot read {_shown(file)}: {why}") from None
    if file.name != SHARED:
        return data
    tool = data.get("tool")
    return tool.get("tdinspect") if isinstance(tool, dict) else None


def _shown(path: Path) -> str:
    """The path as seen from the current folder."""
    try:
        return os.path.relpath(path)
    except (OSError, ValueError):  # no current folder any more, or another drive
        return str(path)


def _read(file: Path, table: object) -> Settings:
    reader = _Reader(file.parent)
    values = reader.table(table)
    if reader.mistakes:
        some = "a mistake" if len(reader.mistakes) == 1 else f"{len(reader.mistakes)} mistakes"
        lines = "".join(f"\n  {mistake}" for mistake in reader.mistakes)
        raise SettingsError(f"{some} in the settings of {_shown(file)}:{lines}")
    return Settings(file=_shown(file), **values)


class _Wrong(Exception):
    """A value that a setting cannot have; carries what was expected or is wrong."""


class _Reader:
    """Reads the tables of one file and gathers its mistakes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mistakes: list[str] = []
        self.settings: dict[str, Callable[[object], object]] = {
            "specs": self._paths,
            "allow-import": _texts,
            "select": _codes,
            "ignore": _codes,
            "severity": self._severity,
            "limits": self._limits,
            "error-on-warning": _flag,
            "lock": self._path,
            "cache-dir": self._path,
            "jobs": _count,
        }

    def table(self, table: object) -> dict[str, Any]:
        """The values of all settings that can be read, by the names of their fields."""
        if not isinstance(table, dict):
            self.mistakes.append(f"tool.tdinspect: expected a table, found {_describe(table)}")
            return {}
        return dict(self._values(table, self.settings, ""))

    def _values(
        self, table: Mapping[str, object], known: Mapping[str, Callable[[object], object]], above: str
    ) -> Iterator[tuple[str, object]]:
        for key, value in table.items():
            if key not in known:
                self.mistakes.append(f"{above}{_name(key)}: unknown setting{_hint(key, known)}")
                continue
            try:
                yield key.replace("-", "_"), known[key](value)
            except _Wrong as wrong:
                self.mistakes.append(f"{above}{key}: {wrong}")

    def _path(self, value: object) -> str:
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            raise _expected("a path", value)
        return value if Path(value).is_absolute() else _shown(self.folder / value)

    def _paths(self, value: object) -> tuple[str, ...]:
        texts = _texts(value)
        if not texts:
            raise _expected("a list of files and folders", value)
        if "-" in texts:
            raise _Wrong("standard input (`-`) can be given on the command line only")
        return tuple(self._path(text) for text in texts)

    def _severity(self, value: object) -> dict[str, Severity]:
        if not isinstance(value, dict):
            raise _expected('a table of rules and severities, as {TD206 = "warning"}', value)
        found: dict[str, Severity] = {}
        for code, level in value.items():
            selector = as_selector(code)
            if selector is None:
                self.mistakes.append(f"severity.{_name(code)}: {no_such_rule(code)}")
            elif level not in SEVERITIES:
                wrong = _expected(f"one of {', '.join(SEVERITIES)}", level)
                off = "; a rule is turned off with `ignore`" if level in ("off", "none", "ignore") else ""
                self.mistakes.append(f"severity.{code}: {wrong}{off}")
            else:
                found[selector] = level
        return found

    def _limits(self, value: object) -> Limits:
        if not isinstance(value, dict):
            raise _expected('a table of limits, as {file-size = "10 MB"}', value)
        known = {one.name.replace("_", "-"): _limit(one.name) for one in fields(Limits)}
        return Limits(**dict(self._values(value, known, "limits.")))  # type: ignore[arg-type]  # each reader gives an int


def _limit(name: str) -> Callable[[object], int]:
    """The reader of one limit: a whole number from 1 up to the highest that is safe; bytes may have a unit."""
    highest: int = getattr(HIGHEST, name)

    def read(value: object) -> int:
        number = _bytes(value) if name == "file_size" else value
        wanted = 'a number of bytes, as 5000000 or "5 MB"' if name == "file_size" else "a whole number"
        if not isinstance(number, int) or isinstance(number, bool):
            raise _expected(wanted, value)
        if not 1 <= number <= highest:
            raise _Wrong(f"{number:,} is not from 1 to {highest:,}, the most that is safe")
        return number

    return read


def _bytes(value: object) -> object:
    if not isinstance(value, str):
        return value
    from tdinspect.importers.expect import amount

    number = amount(value)
    return None if number is None or number.denominator != 1 else int(number)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(map(_is_text, value)):
        raise _expected("a list of texts", value)
    return tuple(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _codes(value: object) -> tuple[str, ...]:
    texts = _texts(value)
    unknown = [no_such_rule(text) for text in texts if as_selector(text) is None]
    if unknown:
        raise _Wrong("; ".join(unknown))
    return tuple(selector for text in texts if (selector := as_selector(text)) is not None)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _expected("true or false", value)
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_JOBS:
        raise _expected(f"a whole number from 1 to {MOST_JOBS}", value)
    return value


def _expected(wanted: str, value: object) -> _Wrong:
    return _Wrong(f"expected {wanted}, found {_describe(value)}")


def _describe(value: object) -> str:
    from tdinspect.importers.collector import describe

    wrong = [one for one in value if not _is_text(one)] if isinstance(value, list) else []
    if wrong:
        return f"a list with {'an empty text' if isinstance(wrong[0], str) else describe(wrong[0])}"
    return describe(value).replace("mapping", "table")


def _name(key: str) -> str:
    from tdinspect.importers.collector import shorten

    return shorten(key)


def _hint(key: str, known: Mapping[str, object]) -> str:
    if key == "tool":
        return f"; in {OWN} the settings stand at the top, without [tool.tdinspect]"
    near = nearest(key, known)
    return f", did you mean `{near}`?" if near else f"; there are {', '.join(known)}"

"""Specs held to their lock file, and the lock file written anew."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

from tdinspect.analysis.drift import Drift, drift
from tdinspect.analysis.entries import read_entry
from tdinspect.domain.finding import Finding
from tdinspect.domain.location import Position
from tdinspect.domain.report import SpecReport
from tdinspect.formats.frames import source_lines
from tdinspect.gate.lockfile import LockError, LockFile, read_block, read_lock, render

LOCK_NAME = "tdinspect.lock"
Entry = Mapping[str, object]
_MEANT = "run `tdinspect lock` if it is meant, and look at the difference before committing it"
# The key of a spec beside which a fact of an entry is shown.
_KEYS = {"sizes": "sizes", "axes": "time_axis|batch_axis", "input": "inputs?", "output": "outputs|layers"}


def key_of(file: str, lock_file: Path) -> str | None:
    """What a spec is called in the lock file: its path from there; None for what is no file (``<stdin>``)."""
    if file.startswith("<") and file.endswith(">"):
        return None
    try:
        return Path(os.path.relpath(file, lock_file.parent)).as_posix()
    except ValueError:  # another drive
        return Path(file).as_posix()


def open_lock(path: Path) -> LockFile:
    """The lock file that specs are to be held to. Raises LockError, with what to do, for one that cannot be read."""
    try:
        return read_lock(path)
    except FileNotFoundError:
        raise LockError(f"there is no lock file {path}: `tdinspect lock` writes it") from None
    except LockError as error:
        help = "" if error.foreign else "; `tdinspect lock` writes it anew"
        raise LockError(f"{error}{help}", error.foreign) from None


def held(reports: Sequence[SpecReport], entries: Sequence[str | None], lock: LockFile) -> tuple[SpecReport, ...]:
    """The reports with a TD302 where a spec differs from its entry, or has none.

    ``entries`` are what `analysis.locked.entry_of` says of each report, as JSON. Raises LockError for an entry of the
    file that cannot be read.
    """
    return tuple(_held(report, entry, lock) for report, entry in zip(reports, entries, strict=True))


def stale_in(lock: LockFile, files: Sequence[str], whole: bool) -> SpecReport | None:
    """A report on the lock file, with a TD303 for each entry of no spec; None where there is none.

    ``files`` are the specs that are checked. ``whole``: they are all there are, so an entry of any other is stale;
    else only one whose file is gone.
    """
    stale = [_stale(key, lock) for key in gone(lock, [key_of(file, lock.path) for file in files], whole)]
    file = _shown(lock.path)
    return SpecReport(file, file, lock.text, findings=tuple(stale)) if stale else None


def gone(lock: LockFile, keys: Iterable[str | None], whole: bool) -> list[str]:
    """The entries of no spec: all that are not among ``keys``, or (not ``whole``) those of them that are no file."""
    known = set(keys)
    return [key for key in lock.blocks if key not in known and (whole or not (lock.path.parent / key).is_file())]


def _shown(path: Path) -> str:
    """The path as a person in this folder would write it, if it lies below."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _stale(key: str, lock: LockFile) -> Finding:
    line = lock.blocks[key].line
    why = "is not there" if not (lock.path.parent / key).is_file() else "is not among the specs that are checked"
    text = lock.text.split("\n")[line - 1]
    return Finding(
        "TD303",
        f"{key} is locked and {why}",
        position=Position(line, 1, line, max(len(text), 2)),
        help="run `tdinspect lock`, or bring the spec back",
    )


def _held(report: SpecReport, written: str | None, lock: LockFile) -> SpecReport:
    key = key_of(report.file, lock.path)
    if key is None or written is None:
        return report
    entry: Entry = json.loads(written)
    name = _shown(lock.path)
    block = lock.blocks.get(key)
    if block is None:
        found = Finding("TD302", f"{name} has no entry for this spec", help="run `tdinspect lock` to add it")
        return _with(report, replace(found, position=_place(report.source, 1)))
    text = cast("str", entry["text"])
    if block.text == text:
        return report
    different = drift(read_block(lock, key), read_entry(text))
    if different is None:
        return report  # the same facts, written in another way
    place = _place(report.source, _where(report, entry, different))
    finding = Finding("TD302", f"differs from {name}: {different.words}", position=place, help=_MEANT)
    return _with(report, finding)


def _where(report: SpecReport, entry: Entry, different: Drift) -> int:
    """The line at which a difference is shown: that of the first layer that differs, or of the key of the fact."""
    if different.layer is not None:
        return cast("Sequence[int | None]", entry["lines"])[different.layer] or 1
    key = _KEYS.get((different.fact or "").partition(" ")[0], "layers")
    found = re.search(rf"^(?:{key})[ \t]*:", report.source, re.MULTILINE)
    return len(source_lines(report.source[: found.start()])) if found else 1


def _place(source: str, line: int) -> Position:
    """The text of a line, without the dash of a list."""
    lines = source_lines(source)
    text = lines[line - 1] if line <= len(lines) else ""
    start = len(text) - len(text.lstrip(" -")) if text.strip(" -") else 0
    return Position(line, start + 1, line, max(len(text.rstrip()), start + 1) + 1)


def _with(report: SpecReport, finding: Finding) -> SpecReport:
    return replace(report, findings=tuple(sorted((*report.findings, finding), key=lambda one: one.place)))


@dataclass(frozen=True, slots=True)
class LockChange:
    """What a new lock file says of one spec; ``words`` tell in what a changed entry differs."""

    key: str
    kind: Literal["added", "changed", "removed", "failed"]
    words: str = ""


@dataclass(frozen=True, slots=True)
class Locked:
    """The new text of a lock file, how many specs are in it, and what is new in it.

    ``new``: there was no file, or none that could be read, and then ``why``.
    """

    text: str
    count: int
    changes: tuple[LockChange, ...] = ()
    why: str | None = None
    new: bool = False


def locked(path: Path, files: Sequence[str], entries: Sequence[str | None], whole: bool) -> Locked:
    """The lock file with the entries of these specs; ``whole``: they are all there are, and no other entry is kept.

    A spec without an entry (it does not run) keeps the one it had. A file that cannot be read is written afresh when
    these are all specs. Raises LockError when they are not, and for a file that is none of tdinspect's.
    """
    lock, why = _old(path, whole)
    kept = {key: block.text for key, block in lock.blocks.items()}
    keys = [key_of(file, path) for file in files]
    changes = [LockChange(key, "removed") for key in gone(lock, keys, whole) if whole]
    for change in changes:
        del kept[change.key]
    for key, entry in zip(keys, entries, strict=True):
        if key is None:
            raise LockError("standard input has no name to be locked under")
        if entry is None:
            changes.append(LockChange(key, "failed", "its old entry is kept" if key in kept else ""))
            continue
        text = json.loads(entry)["text"]
        if key not in kept:
            changes.append(LockChange(key, "added"))
        elif kept[key] != text:
            changes += _changed(lock, key, text)
        kept[key] = text
    return Locked(render(kept), len(kept), tuple(sorted(changes, key=lambda change: change.key)), why, not lock.text)


def _old(path: Path, whole: bool) -> tuple[LockFile, str | None]:
    """The file as it is (an empty one where there is none), and why its entries cannot be used."""
    try:
        return read_lock(path), None
    except FileNotFoundError:
        return LockFile(path), None
    except LockError as error:
        if error.foreign:
            raise
        if not whole:
            raise LockError(f"{error}; `tdinspect lock` without specs writes it anew", error.foreign) from None
        return LockFile(path), str(error)


def _changed(lock: LockFile, key: str, text: str) -> list[LockChange]:
    try:
        different = drift(read_block(lock, key), read_entry(text))
    except LockError as error:
        return [LockChange(key, "changed", str(error))]
    return [] if different is None else [LockChange(key, "changed", different.words)]

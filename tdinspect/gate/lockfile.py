"""The lock file as text: a header, then an entry for each spec. Any YAML tool reads it, too.

Read line by line and never as YAML, so that nothing in a file can surprise: an entry is only taken apart where its text
is not what it should be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tdinspect.analysis.entries import EntryError, Named, quoted_key, read_entry, read_line

VERSION = 1
_HEAD = "# Written by `tdinspect lock`"
_HEADER = f"{_HEAD}; `tdinspect check --locked` holds the specs to it. Not for editing by hand.\nversion: {VERSION}\n"
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


class LockError(Exception):
    """A lock file that cannot be used; ``foreign`` when it is not one at all, so that nothing should replace it."""

    def __init__(self, message: str, foreign: bool = False) -> None:
        super().__init__(message)
        self.foreign = foreign


@dataclass(frozen=True, slots=True)
class Block:
    """One entry: the number of the line that names its spec, and the text below that line."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class LockFile:
    """A lock file: where it is, its text, and its entries by the path of the spec, relative to its folder."""

    path: Path
    text: str = ""
    blocks: Mapping[str, Block] = field(default_factory=dict)


def read_lock(path: Path) -> LockFile:
    """The lock file. Raises LockError with the line where it cannot be read, and FileNotFoundError."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise LockError(f"{path} is not a file", foreign=True)
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise LockError(f"{path} is not a lock file of tdinspect", foreign=True) from None
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise LockError(f"cannot read {path}: {reason}", foreign=True) from None
    lines = text.split("\n")
    try:
        return LockFile(path, text, _blocks(lines, _after_header(lines, path)))
    except EntryError as error:
        raise LockError(f"{path}:{error.index + 1}: {error}") from None


def _after_header(lines: list[str], path: Path) -> int:
    """The index of the first line after the version."""
    if lines == [""]:
        raise EntryError("the file is empty", 0)
    if not lines[0].startswith((_HEAD, *_CONFLICT)):
        raise LockError(f"{path} is not a lock file of tdinspect", foreign=True)
    for index, line in enumerate(lines):
        if line.startswith(_CONFLICT):
            raise _conflict(index)
        version = re.fullmatch(r"version: (\d{1,9})", line)
        if version and int(version[1]) > VERSION:
            what = f"{path} is of version {version[1]}, which a later tdinspect wrote"
            raise LockError(f"{what}; this one reads version {VERSION}", foreign=True)
        if version:
            return index + 1
        if line and not line.startswith("#"):
            raise EntryError("the version should stand before this line", index)
    raise EntryError("the file ends before its version", len(lines) - 1)


def _conflict(index: int) -> EntryError:
    return EntryError("a merge has left its conflict here", index)


def _blocks(lines: list[str], start: int) -> dict[str, Block]:
    names = [index for index in range(start, len(lines)) if lines[index][:1] not in ("", " ")]
    blocks: dict[str, Block] = {}
    for index, end in zip(names, [*names[1:], len(lines)], strict=True):
        key = _key(lines[index], index)
        if key in blocks:
            raise EntryError(f"{key} stands here a second time", index)
        blocks[key] = Block(index + 1, "\n".join(lines[index + 1 : end]).rstrip("\n"))
    lost = next((i for i in range(start, names[0] if names else len(lines)) if lines[i]), None)
    if lost is not None:
        raise EntryError("this line belongs to no spec", lost)
    return blocks


def _key(line: str, index: int) -> str:
    if line.startswith(_CONFLICT):
        raise _conflict(index)
    name, value = read_line(line, index)
    if value:
        raise EntryError("a line of another kind than tdinspect writes", index)
    return name


def read_block(lock: LockFile, key: str) -> tuple[list[Named], list[Named]]:
    """The facts and the layers of an entry. Raises LockError with the line where it cannot be read."""
    block = lock.blocks[key]
    try:
        return read_entry(block.text)
    except EntryError as error:
        raise LockError(f"{lock.path}:{block.line + error.index + 1}: {error}") from None


def render(blocks: Mapping[str, str]) -> str:
    """The text of the whole file: the entries' texts by the paths of their specs, sorted."""
    return _HEADER + "".join(f"\n{quoted_key(key)}:\n{blocks[key]}\n" for key in sorted(blocks))

"""Small files in a folder of our own, each whole or not there; or the same in memory alone."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Protocol

TAG = "CACHEDIR.TAG"
# The first line is that of the Cache Directory Tagging Specification (bford.info/cachedir): backups skip the folder.
TAG_TEXT = "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is the cache of tdinspect: it may be deleted.\n"
_MOST_BYTES = 64 * 2**20
_numbers = count()


class NotOurs(Exception):
    """The folder holds something else; the message says so."""


class Store(Protocol):
    """Bytes by name; a name is ``folder/file``."""

    def read(self, name: str) -> bytes | None:
        """What was written under the name; None where nothing can be read. It never raises."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Keep it. Raises OSError or NotOurs where that cannot be done."""
        ...

    def tidy(self, folder: str, folders: int, files: int) -> None:
        """Keep at most so many folders, and files in ``folder``: the newest. It never raises."""
        ...


class MemoryStore:
    """As long as the process lives."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def read(self, name: str) -> bytes | None:
        """As Store says."""
        return self._kept.get(name)

    def write(self, name: str, data: bytes) -> None:
        """As Store says."""
        self._kept[name] = data

    def tidy(self, folder: str, folders: int, files: int) -> None:
        """Nothing: the process ends."""


class FolderStore:
    """Files below ``root``; several processes may read and write the same ones at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._ready = False

    def read(self, name: str) -> bytes | None:
        """As Store says. Links and whatever is no plain file are no files of ours."""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            file = os.open(f"{self.root}/{name}", flags)
        except (OSError, ValueError):
            return None
        try:
            state = os.fstat(file)
            if not stat.S_ISREG(state.st_mode) or state.st_size > _MOST_BYTES:
                return None
            return os.read(file, state.st_size + 1)
        except OSError:
            return None
        finally:
            os.close(file)

    def write(self, name: str, data: bytes) -> None:
        """As Store says."""
        self._prepare()
        target = self.root / name
        if target.parent.is_symlink():
            raise NotOurs(f"{target.parent} is a link")
        temporary = target.with_name(f".{target.name}.{os.getpid()}.{next(_numbers)}.tmp")
        try:
            try:
                temporary.write_bytes(data)
            except FileNotFoundError:  # the first of its folder, or another process has just cleared the cache
                target.parent.mkdir(parents=True, exist_ok=True)
                temporary.write_bytes(data)
            temporary.replace(target)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise

    def tidy(self, folder: str, folders: int, files: int) -> None:
        """As Store says."""
        with suppress(OSError):
            if _is_ours(self.root / folder):
                os.utime(self.root / folder)
                _keep_newest_files(self.root / folder, files)
            for old in _oldest([found for found in self.root.iterdir() if _is_ours(found)], folders):
                _remove_folder(old)

    def clear(self) -> int:
        """Remove what we have written, and the folder where nothing else is in it; how many files that were.

        Raises NotOurs for a folder that is no cache of tdinspect, OSError where something cannot be removed.
        """
        if self.root.is_symlink():
            raise NotOurs(f"{self.root} is a link: clear the folder that it leads to")
        if not self.root.exists():
            return 0
        if not _is_tagged(self.root):
            raise NotOurs(f"{self.root} has no {TAG} of tdinspect: it is no cache, and nothing was removed")
        removed = sum(_remove_folder(found) for found in sorted(self.root.iterdir()) if _is_ours(found))
        for name in (".gitignore", TAG):
            (self.root / name).unlink(missing_ok=True)
        with suppress(OSError):  # something else lies in it
            self.root.rmdir()
        return removed

    def _prepare(self) -> None:
        """The folder, with the marks that keep it out of backups and of git. Raises OSError, NotOurs."""
        if self._ready and self.root.is_dir():
            return
        if not _is_tagged(self.root):
            if self.root.is_dir() and any(found.name not in (TAG, ".gitignore") for found in self.root.iterdir()):
                raise NotOurs(f"{self.root} holds something else, and no {TAG} of tdinspect")
            self.root.mkdir(parents=True, exist_ok=True)
            (self.root / ".gitignore").write_text("*\n")
            (self.root / TAG).write_text(TAG_TEXT)
        self._ready = True


def _is_tagged(root: Path) -> bool:
    try:
        return (root / TAG).read_text(encoding="utf-8") == TAG_TEXT
    except (OSError, ValueError):
        return False


def _is_ours(path: Path) -> bool:
    """A folder as we make them: its name is a digest, and it is no link."""
    name = path.name
    return len(name) == 24 and not set(name) - set("0123456789abcdef") and path.is_dir() and not path.is_symlink()


def _oldest(paths: list[Path], kept: int) -> list[Path]:
    """All but the ``kept`` newest of them. Raises OSError."""
    return sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)[kept:]


def _keep_newest_files(folder: Path, kept: int) -> None:
    with os.scandir(folder) as entries:
        if sum(1 for _ in entries) <= kept:
            return
    for old in _oldest([path for path in folder.iterdir() if path.is_file()], kept):
        old.unlink(missing_ok=True)


def _remove_folder(folder: Path) -> int:
    """Remove a folder of ours and the plain files in it; how many. Raises OSError."""
    files = [path for path in folder.iterdir() if path.is_symlink() or not path.is_dir()]
    for path in files:
        path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()
    return len(files)

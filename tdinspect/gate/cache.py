"""What was inspected before is not inspected again: results kept by what they depend on.

Every file begins with a line that holds its key and the hash of the rest. What is anything else was written by another
version, by something else, or not to its end: it is no entry.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath

from tdinspect.domain.source import Source
from tdinspect.gate.identity import asked, inspector
from tdinspect.gate.imported import bytes_of, unchanged
from tdinspect.gate.inspection import Inspected, dump, load
from tdinspect.gate.store import FolderStore, NotOurs, Store
from tdinspect.pipeline import Request

FOLDER = ".tdinspect_cache"
VARIABLE = "TDINSPECT_CACHE_DIR"
_MARK = b"tdinspect-cache"
_KINDS = "kinds"
_MOST_KINDS = 20_000
_FOLDERS = 12  # versions, and ways of asking, that are kept beside each other
_FEWEST_FILES = 5_000


def cache_folder(option: str | None, settled: str | None, project: Path) -> Path:
    """Where the cache lies: as the option says, the environment, the settings, else beside the settings."""
    return Path(option or os.environ.get(VARIABLE) or settled or project / FOLDER)


class Cache:
    """Results in a store. ``warn`` is told once why nothing can be kept; the check goes on."""

    def __init__(self, store: Store, warn: Callable[[str], object] = lambda message: None) -> None:
        self._store = store
        self._warn: Callable[[str], object] | None = warn
        self._inspector = inspector()
        self._seen: dict[str, str | None] = {}  # hashes of the user's code, for this run
        self._kinds: dict[str, bool] | None = None
        self._new_kinds = False
        self._wrote: set[str] = set()
        self.imported: set[str] = set()  # files of the user's code that results rest on

    def get(self, source: Source, request: Request) -> Inspected | None:
        """What the same inspection gave before, or None."""
        if source.fault is not None:
            return None
        name, key = self._place(source, request)
        text = self._read(name, key)
        if text is None:
            return None
        try:
            found = load(text, source, request.details)
        except (ValueError, RecursionError):
            return None
        if found is None or not found.lasting or not self._stands(name, found.imports):
            return None
        return Inspected(found.report, found.locked, found.imports, cached=True)

    def put(self, source: Source, request: Request, inspected: Inspected) -> None:
        """Keep a result for the next time, where it is one that lasts."""
        if self._warn is None or not inspected.lasting:
            return
        name, key = self._place(source, request)
        try:
            imports = self._keep_imports(name, inspected.imports)
            text = dump(Inspected(inspected.report, inspected.locked, imports), request.details)
            data = text.encode()
        except (TypeError, ValueError):  # something that JSON has not
            return
        self._write(name, key, data)

    def recall(self, data: bytes) -> bool | None:
        """Whether a file with this content is a spec, where that was told before."""
        return self._known_kinds().get(_digest(data))

    def remember(self, data: bytes, kept: bool) -> None:
        """Keep whether a file with this content is a spec."""
        self._known_kinds()[_digest(data)] = kept
        self._new_kinds = True

    def close(self, specs: int) -> None:
        """After a run over so many specs: keep the rest, and remove what is old."""
        if self._new_kinds and self._kinds is not None:
            newest = dict(list(self._kinds.items())[-_MOST_KINDS:])
            self._write(f"{self._inspector}/{_KINDS}", self._inspector, json.dumps(newest).encode())
            self._new_kinds = False
        for folder in self._wrote:
            self._store.tidy(folder, _FOLDERS, max(2 * specs, _FEWEST_FILES))
        self._wrote.clear()
        self._seen.clear()

    def _place(self, source: Source, request: Request) -> tuple[str, str]:
        """The name of a spec's entry, one for each path and way of asking; and the key of what is to be in it."""
        folder = _digest(f"{self._inspector} {_asked(request)}".encode())
        text = bytes_of(source)
        # A spec without a name has that of its file.
        stem = PurePath(source.file).stem.encode("utf-8", "surrogatepass")
        key = hashlib.sha256(b"%d %s %s" % (len(stem), stem, text)).hexdigest()
        return f"{folder}/{_digest(source.file.encode('utf-8', 'surrogatepass'))}", key

    def _keep_imports(self, name: str, imports: Mapping[str, str]) -> dict[str, str]:
        """The files once for all specs that rest on the same ones, and how to find that list."""
        if not imports:
            return {}
        self.imported.update(imports)
        data = json.dumps(dict(sorted(imports.items()))).encode()
        digest = _digest(data)
        self._write(f"{name.partition('/')[0]}/{digest}.imports", digest, data)
        return {"list": digest}

    def _stands(self, name: str, imports: Mapping[str, str]) -> bool:
        """Whether the user's code is what it was."""
        if not imports:
            return True
        digest = imports.get("list", "")
        data = self._read(f"{name.partition('/')[0]}/{digest}.imports", digest) if digest.isalnum() else None
        if data is None:
            return False
        try:
            files = json.loads(data)
        except (ValueError, RecursionError):
            return False
        if not isinstance(files, dict):
            return False
        self.imported.update(files)
        return unchanged(files, self._seen)

    def _known_kinds(self) -> dict[str, bool]:
        if self._kinds is None:
            data = self._read(f"{self._inspector}/{_KINDS}", self._inspector)
            try:
                found = json.loads(data) if data else {}
            except (ValueError, RecursionError):
                found = {}
            items = found.items() if isinstance(found, dict) else ()
            self._kinds = {key: kept for key, kept in items if isinstance(kept, bool)}
        return self._kinds

    def _read(self, name: str, key: str) -> bytes | None:
        data = self._store.read(name)
        if data is None:
            return None
        head, _, text = data.partition(b"\n")
        return text if head == _head(key, text) else None

    def _write(self, name: str, key: str, text: bytes) -> None:
        if self._warn is None:
            return
        try:
            self._store.write(name, _head(key, text) + b"\n" + text)
            self._wrote.add(name.partition("/")[0])
        except (OSError, ValueError, NotOurs) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else problem
            where = f": {problem.filename}" if isinstance(problem, OSError) and problem.filename else ""
            self._warn(f"nothing is kept in the cache: {reason}{where}")
            self._warn = None  # once is enough


def cache_in(folder: Path, warn: Callable[[str], object]) -> Cache:
    """The cache in a folder, which is made when something is to be kept."""
    return Cache(FolderStore(folder), warn)


_requests: dict[int, tuple[Request, str]] = {}


def _asked(request: Request) -> str:
    """The digest of a request, worked out once for all of its specs."""
    known = _requests.get(id(request))
    if known is None or known[0] is not request:
        _requests.clear()
        known = _requests[id(request)] = (request, asked(request))
    return known[1]


def _head(key: str, text: bytes) -> bytes:
    return b"%s %s %s" % (_MARK, key.encode(), hashlib.sha256(text).hexdigest().encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:24]

"""What the result of an inspection depends on beside the spec itself: who inspects, and how it was asked to."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tdinspect.pipeline import Request

FORMAT = 1  # of the cache's files


def inspector() -> str:
    """The versions of what inspects: Python, tdinspect, torch, PyYAML. None of them is imported to be asked.

    ``importlib.metadata`` would say the same and take longer than reading a thousand specs.
    """
    parts = [str(FORMAT), sys.version, sys.platform, _version_of("torch", "version.py"), _version_of("yaml")]
    return _digest([*parts, *_own()])


def asked(request: Request) -> str:
    """What a request asks of each of its specs. ``details`` is left out: an entry says itself whether it has them."""
    parts: list[object] = []
    for field in dataclasses.fields(request):
        if field.name in ("sources", "details"):
            continue
        value = getattr(request, field.name)
        parts += [field.name, sorted(value.items()) if isinstance(value, Mapping) else value]
    if request.allow_import:
        parts += [str(Path.cwd()), sys.path]  # where the packages are found
    return _digest(map(repr, parts))


def _digest(parts: object) -> str:
    return hashlib.sha256(repr(list(parts)).encode()).hexdigest()[:24]  # type: ignore[call-overload]


def _version_of(package: str, file: str = "__init__.py") -> str:
    """The text of the package's file that holds its version; empty where the package is not there."""
    try:
        found = importlib.util.find_spec(package)
        if found is None or not found.submodule_search_locations:
            return ""
        return Path(found.submodule_search_locations[0], file).read_text(encoding="utf-8")
    except (OSError, ValueError, ImportError):
        return ""


def _own() -> list[object]:
    """The version of tdinspect; where it runs from its own repository, the state of each of its files."""
    home = Path(__file__).parent.parent
    version = _version_of("tdinspect")
    if not (home.parent / "pyproject.toml").is_file():
        return [version]
    return [version, sorted(_states(str(home)))]


def _states(folder: str) -> list[tuple[str, int, int]]:
    states: list[tuple[str, int, int]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                states += _states(entry.path)
            elif entry.name.endswith(".py"):
                state = entry.stat()
                states.append((entry.path, state.st_size, state.st_mtime_ns))
    return states

"""What is on disk, looked at again and again until it is another."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

State = dict[str, tuple[int, int, int]]
PAUSE = 0.25  # seconds between two looks
_SETTLED = 0.05  # an editor that writes a file in several steps is done by then


def state_of(specs: Iterable[str], code: Iterable[str], files: Iterable[str]) -> State:
    """Every file that a check of ``specs`` rests on, and its state.

    ``specs`` are files and folders, of which the YAML files below count; ``code`` packages that may be imported, as
    they lie in the current folder; ``files`` any others. What is not there is left out.
    """
    found: State = {}
    for name in specs:
        _add(found, name, (".yaml", ".yml"))
    for package in code:
        top = package.partition(".")[0]
        for name in (top, f"{top}.py"):
            _add(found, name, (".py",))
    for name in files:
        _add_file(found, name)
    return found


def changes(
    look: Callable[[], State], found_out: Callable[[], Iterable[str]] = tuple, pause: float = PAUSE
) -> Iterator[list[str]]:
    """The names of what was changed, made or deleted, each time that something was. It never ends.

    The first names are none: from then on changes count, also those while the caller works. ``found_out`` has files
    that turn out to matter on the way; each counts from when it is first named.
    """
    before, others = look(), state_of((), (), found_out())
    yield []
    while True:
        time.sleep(pause)
        now = _settled(look, before)
        names = [name for name in before.keys() | now.keys() if before.get(name) != now.get(name)]
        before = now
        known, others = others, state_of((), (), list(found_out()))
        names += [name for name in known if known[name] != others.get(name)]
        if names:
            yield sorted(set(names))


def _settled(look: Callable[[], State], before: State) -> State:
    """How things are, when nothing moves any more."""
    now = look()
    while now != before:
        time.sleep(_SETTLED)
        before, now = now, look()
    return now


def _add(found: State, name: str, endings: tuple[str, ...]) -> None:
    if not Path(name).is_dir():
        _add_file(found, name)
        return
    for place, _, files in os.walk(name):
        for file in files:
            if file.endswith(endings):
                _add_file(found, os.path.join(place, file))  # noqa: PTH118


def _add_file(found: State, name: str) -> None:
    try:
        state = os.stat(name)  # noqa: PTH116
    except (OSError, ValueError):
        return
    found[os.path.normpath(name)] = (state.st_mtime_ns, state.st_size, state.st_ino)

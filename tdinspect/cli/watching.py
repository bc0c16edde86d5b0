"""``check --watch``: one check after the other, each when something was saved."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tdinspect.cli import output
from tdinspect.cli.run import Options, UsageError
from tdinspect.gate.settings import OWN, SHARED
from tdinspect.gate.watch import changes, state_of
from tdinspect.sources import DEFAULT_FOLDER

if TYPE_CHECKING:
    from tdinspect.gate.work import Manner

_CLEAR = "\x1b[2J\x1b[3J\x1b[H"
_MOST_NAMES = 3


def watch(once: Callable[[], object], options: Options, manner: Manner, lock: Path | None = None) -> None:
    """Call ``once``, and again after each change to what it rests on; only Ctrl-C ends it. Raises UsageError.

    ``lock`` is the lock file that specs are held to.
    """
    if options.layers or "-" in options.specs:
        raise UsageError("--watch is for files and folders: there is nothing to save of standard input or --layer")
    specs = options.specs or options.settings.specs or (DEFAULT_FOLDER,)
    fixed = [str(file) for file in (options.settings.file, lock, OWN, SHARED) if file]

    def imported() -> set[str]:
        return manner.cache.imported if manner.cache is not None else set()

    for names in changes(lambda: state_of(specs, options.allow_import, fixed), imported):
        _round(once, _told(names) if names else "")


def _round(once: Callable[[], object], what: str) -> None:
    if output.is_terminal(sys.stdout):
        output.print_text(_CLEAR)
    elif what:
        output.print_text(f"\n--- {what}\n")
    try:
        once()
    except UsageError as error:  # a file that is gone may come back
        sys.stderr.write(f"tdinspect check: {error}\n")
    if output.is_terminal(sys.stdout):
        output.print_text(f"{time.strftime('%H:%M:%S')} {what or 'checked'}; waiting for the next save, Ctrl-C ends\n")


def _told(names: list[str]) -> str:
    """What was saved, in a line."""
    shown = ", ".join(Path(name).as_posix() for name in names[:_MOST_NAMES])
    return f"{shown} and {len(names) - _MOST_NAMES} more changed" if len(names) > _MOST_NAMES else f"{shown} changed"

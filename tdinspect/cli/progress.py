"""One line on standard error while long work goes on, for a person who waits."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType

_SILENT_SECONDS = 1.0
_PAUSE_SECONDS = 0.1
_CLEAR = "\r\x1b[K"


class Progress:
    """Call it with what is being done; it shows nothing in the first second, and nothing where no terminal is."""

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled
        self._next = time.monotonic() + _SILENT_SECONDS
        self._shown = False

    def __call__(self, done: int, total: int, file: str) -> None:
        """Show ``[done/total] file``, on top of what was shown before."""
        now = time.monotonic()
        if not self._enabled or now < self._next:
            return
        self._next = now + _PAUSE_SECONDS
        self._shown = True
        text = "".join(char for char in f"[{done}/{total}] {file}" if char.isprintable())
        sys.stderr.write(_CLEAR + text[: shutil.get_terminal_size().columns - 1])
        sys.stderr.flush()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()

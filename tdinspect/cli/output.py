"""Where the text goes: standard output, or a file that is either whole or untouched."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TextIO

PIPED_WIDTH = 100  # wide enough that a table rarely wraps


def width(terminal: bool) -> int:
    """The columns to fill: those of the terminal; elsewhere ``COLUMNS``, or 100."""
    if terminal:
        return shutil.get_terminal_size().columns
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdecimal() and int(columns) else PIPED_WIDTH


def color(terminal: bool) -> bool:
    """Whether to use colour: in a terminal that has it, unless ``NO_COLOR`` says otherwise."""
    return terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a standard stream is a terminal; Python has None for one that was closed before the start."""
    return stream is not None and stream.isatty()


def print_text(text: str) -> None:
    """Write to standard output. A closed pipe is fine: the reader has what it wanted; so is none at all (``>&-``)."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(_encodable(text))
        sys.stdout.flush()
    except BrokenPipeError:
        discard_stdout()


def _encodable(text: str) -> str:
    """The text with what standard output cannot encode replaced."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def discard_stdout() -> None:
    """Send what is still buffered nowhere, so that the interpreter's own flush at exit does not complain."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def cannot_write(path: Path) -> str | None:
    """Why ``path`` cannot be written, as far as can be told before the work is done."""
    if path.is_dir():
        return f"{path} is a folder"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    return None


def write_file(path: Path, text: str) -> None:
    """Write ``path`` whole or not at all. Raises OSError."""
    data = text.encode("utf-8", "replace")
    target = Path(os.path.realpath(path))  # a link stays a link
    if target.exists() and not target.is_file():
        target.write_bytes(data)  # a device or a pipe has nothing to keep whole
        return
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        if target.exists():
            shutil.copymode(target, temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise

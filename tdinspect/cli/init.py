"""``tdinspect init``: a starting spec, written where nothing stands yet."""

from __future__ import annotations

import shlex
from importlib.resources import files
from pathlib import Path

from tdinspect.cli.run import UsageError

KINDS: dict[str, str] = {
    "video": "a CNN on every frame, a recurrence over the frames",
    "sequence": "a label for every word of a sentence",
    "sequence-to-sequence": "an encoder, a decoder and attention between them",
    "plain": "a classifier of images, without a time axis",
}


def starter(kind: str) -> str:
    """The starting spec of this kind. Raises UsageError."""
    if kind not in KINDS:
        raise UsageError(f"unknown kind {kind!r}: one of {', '.join(KINDS)}")
    return (files("tdinspect.cli") / "starters" / f"{kind}.yaml").read_text(encoding="utf-8")


def write_starter(name: str, kind: str) -> str:
    """Write the starting spec to a new file; the answer says so and what to run next. Raises UsageError."""
    text = starter(kind)
    if reason := _cannot_create(name):
        raise UsageError(f"cannot write {name or 'a file without a name'}: {reason}")
    path = Path(name)
    try:
        _create(path, text)
    except FileExistsError:  # since it was looked at
        raise UsageError(f"cannot write {name}: it is there already, and is left as it is") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write {name}: {getattr(error, 'strerror', None) or error}") from None
    shown = shlex.quote(f"./{name}" if name.startswith("-") else name)
    return f"{name}: {KINDS[kind]}.\nNext: tdinspect shape {shown}\n"


def _cannot_create(name: str) -> str | None:
    """Why no new file can be made there, as far as can be told by looking."""
    try:
        path = Path(name)
        if not name or path.is_dir():
            return "it is a folder; name a file in it" if name else "name one, as in `tdinspect init model.yaml`"
        if path.is_symlink():
            return "it is a link, and is left as it is; name a new file"
        if path.exists():
            return "it is there already, and is left as it is; name a new file"
        if not path.parent.is_dir():
            made = "is no folder" if path.parent.exists() else "is not there; make that folder first"
            return f"{path.parent} {made}"
    except (OSError, ValueError) as error:  # a name too long, or with a zero byte
        return getattr(error, "strerror", None) or str(error)
    return None


def _create(path: Path, text: str) -> None:
    """A new file, whole or not at all; never through a link, never over anything."""
    with path.open("x", encoding="utf-8", newline="\n") as file:
        try:
            file.write(text)
            file.flush()
        except BaseException:
            path.unlink(missing_ok=True)
            raise

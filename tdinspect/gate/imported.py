"""Which files of the user's own code an inspection rests on, and whether they are as they were."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

from tdinspect._startup import import_torch_fast
from tdinspect.domain.source import Source

_before: set[str] = set()  # packages that torch had loaded before any code of the user's


def uses_imports(source: Source, allowed: Collection[str]) -> bool:
    """Whether the spec may name a module of an allowed package; an escape in the YAML may hide the name."""
    if not allowed:
        return False
    text = bytes_of(source)
    return b"\\" in text or any(name.partition(".")[0].encode() in text for name in allowed)


def bytes_of(source: Source) -> bytes:
    """The text as bytes; a text of the command line may hold what was no text there."""
    return source.text.encode("utf-8", "surrogatepass") if isinstance(source.text, str) else source.text


def before_any() -> None:
    """Torch is loaded, and the packages that it loads itself are remembered: they are none of the user's."""
    if not _before:
        import_torch_fast()
        _before.update(name.partition(".")[0] for name in list(sys.modules))


def files_behind(source: Source, allowed: Collection[str]) -> dict[str, str]:
    """The file of every module that is loaded now and belongs neither to Python nor to torch, with its content's hash.

    In a process that has inspected other specs these may be more than the spec needs: it is then run once too often,
    never once too rarely.
    """
    if not uses_imports(source, allowed):
        return {}
    found: dict[str, str] = {}
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        file = getattr(module, "__file__", None)
        if top in _before or top in sys.stdlib_module_names or not isinstance(file, str):
            continue
        content = _hash_of_loaded(file)
        if content is not None:
            found[file] = content
    return found


@cache
def _hash_of_loaded(file: str) -> str | None:
    return hash_of(file)  # a module is loaded once in a process


def unchanged(files: Mapping[str, str], seen: dict[str, str | None]) -> bool:
    """True where every file still holds what it held. ``seen`` keeps the hashes of one run."""
    for file, content in files.items():
        if file not in seen:
            seen[file] = hash_of(file)
        if seen[file] != content:
            return False
    return True


def hash_of(file: str) -> str | None:
    """The hash of a file's content; None where it cannot be read."""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except (OSError, ValueError):
        return None

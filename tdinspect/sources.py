"""The texts that a command works on: files, folders, standard input, or layers from the command line."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tdinspect.domain.finding import Finding
from tdinspect.domain.source import Source

DEFAULT_FOLDER = "specs"
INLINE_NAME = "<command line>"
# Far above what a spec may have, which is a finding; this only keeps an endless file out of memory.
_READ_AT_MOST = 64 * 2**20
_PLAIN_ENTRY = re.compile(r"[A-Za-z_]\w*|[+-]?\d+")


class SourceError(Exception):
    """What was asked for cannot be read; the message says what to give instead."""


class Memory(Protocol):
    """What is known of files from before, so that their YAML need not be read to tell whether they are specs."""

    def recall(self, data: bytes) -> bool | None:
        """Whether a file with this content is a spec; None where that is not known."""
        ...

    def remember(self, data: bytes, kept: bool) -> None:
        """Keep it for the next time."""
        ...


@dataclass(frozen=True, slots=True)
class Gathered:
    """The texts in the order they were asked for; ``left_out`` counts the YAML files in folders that are no specs."""

    texts: tuple[Source, ...]
    left_out: int = 0


def gather(
    specs: Sequence[str],
    read_stdin: Callable[[], bytes],
    stdin_name: str,
    only_specs: bool = False,
    memory: Memory | None = None,
) -> Gathered:
    """Read every spec that was named: a file, a folder, ``-``; the folder ``specs/`` when none was.

    ``only_specs``: a named file that is no spec is left out, as one in a folder is. A file in a folder that cannot be
    read is a finding about that file.

    Raises SourceError for what is not there, a named file that cannot be read, and a folder without specs.
    """
    if not specs and not Path(DEFAULT_FOLDER).is_dir():
        raise SourceError(
            f"no spec given, and there is no {DEFAULT_FOLDER}/ folder here: give a file, a folder, - for standard "
            "input, or --layer and --input"
        )
    texts: dict[str, Source] = {}
    left_out: set[str] = set()
    for name in specs or (DEFAULT_FOLDER,):
        if name == "-":
            texts.setdefault("-", Source(stdin_name, read_stdin()))
        elif Path(name).is_dir():
            for found, kept in _folder(Path(name), memory):
                if kept:
                    texts.setdefault(found.file, found)
                else:
                    left_out.add(found.file)
        else:
            found = Source(str(Path(name)), _read_named(Path(name)))
            if only_specs and not _kept(found, memory):
                left_out.add(found.file)
            else:
                texts.setdefault(found.file, found)
    return Gathered(tuple(texts.values()), len(left_out - texts.keys()))


def inline(layers: Sequence[str], shape: str, time_axis: str | None, batch_axis: str | None) -> Gathered:
    """A spec from the command line: each layer is the YAML of one step, ``shape`` the input's sizes or symbols."""
    lines = [f"input: [{', '.join(_entry(part) for part in shape.split(','))}]"]
    axes = {"time_axis": time_axis, "batch_axis": batch_axis}
    lines += [f"{key}: {_entry(axis)}" for key, axis in axes.items() if axis is not None]
    # A layer of several lines stays one step.
    steps = ["  - " + layer.replace("\n", "\n    ") for layer in layers]
    return Gathered((Source(INLINE_NAME, "\n".join([*lines, "layers:", *steps]) + "\n"),))


def _entry(text: str) -> str:
    """A number or a symbol as it is; anything else quoted, so that the finding is about it and not about YAML."""
    text = text.strip()
    return text if _PLAIN_ENTRY.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _folder(folder: Path, memory: Memory | None) -> Iterator[tuple[Source, bool]]:
    """Every YAML file below, sorted, and whether it is kept."""
    files = sorted(_yaml_below(str(folder)), key=lambda path: path.split(os.sep))  # noqa: PTH206
    if not files:
        raise SourceError(f"no specs in {folder}")
    specs = 0
    for path in files:
        found = _listed(path)
        kept = found.fault is not None or _kept(found, memory)
        specs += kept
        yield found, kept
    if not specs:
        raise SourceError(f"no specs in {folder}; its {len(files)} YAML files have none of input, inputs, layers")


def _yaml_below(folder: str) -> Iterator[str]:
    """The paths of all YAML files below; links to folders are not followed."""
    for place, folders, files in os.walk(folder):
        prefix = "" if place == os.curdir else place
        # A link to a folder stands among the folders: it is none of the files.
        yield from (os.path.join(prefix, name) for name in files if name.endswith((".yaml", ".yml")))  # noqa: PTH118
        folders.sort()


def _listed(path: str) -> Source:
    """A file that was listed a moment ago. What keeps it from being read is a finding: the others are checked."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            return Source(path, b"", Finding("TD001", "the file cannot be read: it is a device or a pipe"))
        return Source(path, _read(path))
    except FileNotFoundError:
        if os.path.islink(path):  # noqa: PTH114
            return Source(path, b"", Finding("TD001", "the file cannot be read: it is a link to nothing"))
        gone = "the file was deleted while the specs were read: it was not checked"
        return Source(path, b"", Finding("TD001", gone, level="note"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return Source(path, b"", Finding("TD001", f"the file cannot be read: {reason}"))


def _kept(source: Source, memory: Memory | None) -> bool:
    """Whether it is a spec: from its first lines, from the memory, or by reading it."""
    from tdinspect.importers.kind import kept, surely_spec

    data = source.text
    if memory is None or isinstance(data, str):
        return kept(data)
    if surely_spec(data):
        return True
    known = memory.recall(data)
    if known is None:
        known = kept(data)
        memory.remember(data, known)
    return known


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read(_READ_AT_MOST)


def _read_named(path: Path) -> bytes:
    try:
        return _read(str(path))
    except FileNotFoundError:
        raise SourceError(f"no such file or folder: {path}") from None
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None

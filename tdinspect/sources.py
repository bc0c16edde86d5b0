"""The texts that a command works on: files, folders, standard input, or layers from the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tdinspect.domain.source import Source

DEFAULT_FOLDER = "specs"
INLINE_NAME = "<command line>"
# Far above what a spec may have, which is a finding; this only keeps an endless file out of memory.
_READ_AT_MOST = 64 * 2**20
_PLAIN_ENTRY = re.compile(r"[A-Za-z_]\w*|[+-]?\d+")


class SourceError(Exception):
    """What was asked for cannot be read; the message says what to give instead."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The texts in the order they were asked for; ``left_out`` counts the YAML files in folders that are no specs."""

    texts: tuple[Source, ...]
    left_out: int = 0


def gather(specs: Sequence[str], read_stdin: Callable[[], bytes], stdin_name: str) -> Gathered:
    """Read every spec that was named: a file, a folder, ``-``; the folder ``specs/`` when none was.

    Raises SourceError for what is not there, cannot be read, or is a folder without specs.
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
            for found, kept in _folder(Path(name)):
                if kept:
                    texts.setdefault(found.file, found)
                else:
                    left_out.add(found.file)
        else:
            found = Source(str(Path(name)), _read(Path(name)))
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


def _folder(folder: Path) -> Iterator[tuple[Source, bool]]:
    """Every YAML file below, sorted, and whether it is a spec. YAML that cannot be read is kept: it is a finding."""
    files = sorted(path for pattern in ("*.yaml", "*.yml") for path in folder.rglob(pattern) if not path.is_dir())
    if not files:
        raise SourceError(f"no specs in {folder}")
    from tdinspect.importers import is_spec, read_document  # yaml, only where there is some to read

    specs = 0
    for path in files:
        found = Source(str(path), _read(path))
        document, findings = read_document(found.text)
        unreadable = document.data is None and any(finding.code != "TD003" for finding in findings)
        kept = unreadable or is_spec(document)
        specs += kept
        yield found, kept
    if not specs:
        raise SourceError(f"no specs in {folder}; its {len(files)} YAML files have none of input, inputs, layers")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_READ_AT_MOST)
    except FileNotFoundError:
        raise SourceError(f"no such file or folder: {path}") from None
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None

"""The options that commands share, and how their texts are read."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from tdinspect.cli import USAGE
from tdinspect.cli.run import DEVICES, Device, UsageError
from tdinspect.formats import FORMATS

Specs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SPEC", help="A file, a folder of *.yaml and *.yml, or - (default: the settings' `specs`, else specs/)."
    ),
]
StdinName = Annotated[str, typer.Option("--stdin-filename", metavar="NAME", help="What to call standard input.")]
Layers = Annotated[
    list[str] | None,
    typer.Option("--layer", metavar="YAML", help="A layer instead of a file: 'Conv2d: {out_channels: 16, "
                 "kernel_size: 3}'. Repeatable; needs --input."),
]  # fmt: skip
Input = Annotated[str | None, typer.Option("--input", metavar="SHAPE", help="The shape for --layer: B,T,3,64,64.")]
TimeAxis = Annotated[str | None, typer.Option("--time-axis", metavar="AXIS", help="For --layer: a symbol or an index.")]
BatchAxis = Annotated[
    str | None, typer.Option("--batch-axis", metavar="AXIS", help="For --layer: a symbol, an index, or none.")
]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Override a size or a var. Repeatable.")
]
Format = Annotated[str, typer.Option("--format", metavar="|".join(FORMATS), help="json always has everything.")]
Output = Annotated[str | None, typer.Option("--output", metavar="FILE", help="Write to FILE, whole or not at all.")]
Depth = Annotated[str | None, typer.Option("--depth", metavar="N", help="Hide rows deeper than N.")]
Unfold = Annotated[bool, typer.Option("--unfold", help="Show every copy of a repeat, equal ones too.")]
Columns = Annotated[
    str | None, typer.Option("--columns", metavar="A,B,C", help="These columns instead (an unknown one lists them).")
]
AllowImport = Annotated[
    list[str] | None, typer.Option("--allow-import", metavar="PKG", help="Let specs import this package. Repeatable.")
]
DeviceName = Annotated[str, typer.Option("--device", metavar="|".join(DEVICES), help="Where the dummy pass runs.")]
ConfigFile = Annotated[
    str | None, typer.Option("--config", metavar="FILE", help="Settings from this file, not the project's.")
]
Isolated = Annotated[bool, typer.Option("--isolated", help="No settings: as without a settings file.")]
LockFile = Annotated[
    str | None,
    typer.Option("--lock-file", metavar="FILE", help="The lock file (default: tdinspect.lock beside the settings)."),
]
KerasTable = Annotated[bool, typer.Option("--keras", help="params: the table that Keras prints.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Only findings, errors and the total.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colour, also in a terminal.")]
ExitZero = Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 also when there are findings.")]
OnlySpecs = Annotated[bool, typer.Option("--only-specs", help="Leave out named files that are no specs, too.")]
ErrorOnWarning = Annotated[bool, typer.Option("--error-on-warning", help="Exit with 1 on warnings, too.")]
Notes = Annotated[bool, typer.Option("--notes", help="Show findings that are only notes, too.")]


@contextmanager
def usage_errors(command: str) -> Iterator[None]:
    """A UsageError ends the command with its message and exit code 2."""
    try:
        yield
    except UsageError as error:
        sys.stderr.write(f"tdinspect {command}: {error}\n")
        raise typer.Exit(USAGE) from None


def read_pairs(texts: Sequence[str]) -> dict[str, str]:
    """``NAME=VALUE`` texts as a mapping. Raises UsageError."""
    pairs = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise UsageError(f"--set needs NAME=VALUE, not {text!r}")
        pairs[name.strip()] = value.strip()
    return pairs


def read_names(text: str | None) -> tuple[str, ...] | None:
    """Names between commas; None where none were asked for."""
    return None if text is None else tuple(name.strip() for name in text.split(",") if name.strip())


def read_output(name: str | None) -> Path | None:
    """The file to write to; None where none was asked for. Raises UsageError."""
    if name == "":
        raise UsageError("--output needs a file")
    return None if name is None else Path(name)


def read_depth(text: str | None) -> int | None:
    """A whole number from 0 upward. Raises UsageError."""
    if text is None or text.isdecimal():
        return None if text is None else int(text)
    raise UsageError(f"--depth needs a whole number from 0 upward, not {text!r}")


def read_device(name: str) -> Device:
    """One of DEVICES. Raises UsageError."""
    for known in DEVICES:
        if known == name:
            return known
    raise UsageError(f"unknown device {name!r}: one of {', '.join(DEVICES)}")

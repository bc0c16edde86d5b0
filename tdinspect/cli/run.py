"""One reporting command from its options to its exit code."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tdinspect.cli import output
from tdinspect.cli.progress import Progress
from tdinspect.domain.report import Command, Report
from tdinspect.formats import FORMATS, load_format
from tdinspect.formats.columns import known_columns
from tdinspect.formats.interface import RenderOptions
from tdinspect.sources import Gathered, SourceError, gather, inline

Device = Literal["auto", "cpu", "meta"]
DEVICES: tuple[Device, ...] = ("auto", "cpu", "meta")


class UsageError(Exception):
    """The command cannot run as asked; the message goes to standard error."""


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that was asked for, as it stands on the command line."""

    command: Command
    specs: tuple[str, ...] = ()
    stdin_name: str = "<stdin>"
    layers: tuple[str, ...] = ()
    input: str | None = None
    time_axis: str | None = None
    batch_axis: str | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)
    allow_import: tuple[str, ...] = ()
    device: Device = "auto"
    format: str = "table"
    output: Path | None = None
    depth: int | None = None
    columns: tuple[str, ...] | None = None
    quiet: bool = False
    no_color: bool = False
    notes: bool = False
    exit_zero: bool = False
    error_on_warning: bool = False


def answer(options: Options) -> bool:
    """Read, inspect, render and write; True when the findings let the command exit with 0. Raises UsageError."""
    _check(options)
    gathered = gathered_specs(options)
    report = _report(options, gathered)
    text = load_format(options.format).render(report, render_options(options, gathered.left_out))
    deliver(text, options.output)
    failing = {"error", "warning"} if options.error_on_warning else {"error"}
    clean = all(finding.severity not in failing for spec in report.specs for finding in spec.findings)
    return clean or options.exit_zero


def _check(options: Options) -> None:
    """What can be told to be wrong before anything is read. Raises UsageError."""
    if options.format not in FORMATS:
        raise UsageError(f"unknown format {options.format!r}: one of {', '.join(FORMATS)}")
    known = known_columns(options.command)
    unknown = [name for name in options.columns or () if name not in known]
    if unknown or options.columns == ():
        what = f"unknown column {unknown[0]!r}" if unknown else "no column given"
        raise UsageError(f"{what}: {options.command} has {', '.join(known)}")
    check_output(options.output)


def check_output(path: Path | None) -> None:
    """Whether the text can be written there, as far as can be told before the work. Raises UsageError."""
    if path is not None and (reason := output.cannot_write(path)):
        raise UsageError(f"cannot write {path}: {reason}")


def deliver(text: str, path: Path | None) -> None:
    """Print the text, or write it to a file. Raises UsageError."""
    if path is None:
        output.print_text(text)
        return
    try:
        output.write_file(path, text)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error


def gathered_specs(options: Options) -> Gathered:
    """The texts that the options name. Raises UsageError."""
    inline_only = {"--input": options.input, "--time-axis": options.time_axis, "--batch-axis": options.batch_axis}
    if not options.layers:
        given = [name for name, value in inline_only.items() if value is not None]
        if given:
            raise UsageError(f"{given[0]} belongs to --layer, which is not there")
        try:
            return gather(options.specs, _read_stdin, options.stdin_name)
        except SourceError as error:
            raise UsageError(str(error)) from None
    if options.specs:
        raise UsageError("give spec files or --layer, not both")
    if options.input is None:
        raise UsageError("--layer needs --input, the shape that comes in: --input B,T,3,64,64")
    return inline(options.layers, options.input, options.time_axis, options.batch_axis)


def _read_stdin() -> bytes:
    if sys.stdin is None:
        raise SourceError("standard input is closed")
    return sys.stdin.buffer.read()


def _report(options: Options, gathered: Gathered) -> Report:
    from tdinspect.pipeline import Request, execute

    request = Request(
        command=options.command,
        sources=gathered.texts,
        overrides=options.overrides,
        allow_import=options.allow_import,
        device=options.device,
        details=options.format == "json",
    )
    with Progress(output.is_terminal(sys.stderr)) as progress:
        return execute(request, progress)


def render_options(options: Options, left_out: int) -> RenderOptions:
    """What the reader asked for, and what the place the text goes to can show."""
    terminal = options.output is None and output.is_terminal(sys.stdout)
    return RenderOptions(
        width=output.width(terminal),
        color=output.color(terminal) and not options.no_color,
        depth=options.depth,
        columns=options.columns,
        quiet=options.quiet,
        notes=options.notes,
        left_out=left_out,
    )

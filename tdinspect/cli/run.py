"""One reporting command from its options to its exit code."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from tdinspect.cli import output
from tdinspect.cli.progress import Progress
from tdinspect.domain.report import Command, Report
from tdinspect.formats import FORMATS, load_format
from tdinspect.formats.columns import known_columns
from tdinspect.formats.interface import RenderOptions
from tdinspect.gate.settings import Settings, SettingsError, find_settings, read_settings
from tdinspect.sources import Gathered, Memory, SourceError, gather, inline

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
    unfold: bool = False
    keras: bool = False
    quiet: bool = False
    no_color: bool = False
    notes: bool = False
    exit_zero: bool = False
    error_on_warning: bool = False
    only_specs: bool = False
    settings: Settings = field(default_factory=Settings)


def with_settings(options: Options, config: str | None, isolated: bool) -> Options:
    """The options with the project's settings behind them. Raises UsageError.

    ``config`` names the file of the settings, ``isolated`` asks for none; else the project's own count.
    """
    if isolated:
        if config is not None:
            raise UsageError("give --config or --isolated, not both")
        return options
    try:
        settings = _projects_settings() if config is None else read_settings(Path(config))
    except SettingsError as error:
        raise UsageError(str(error)) from None
    return replace(
        options,
        settings=settings,
        allow_import=tuple(dict.fromkeys((*settings.allow_import, *options.allow_import))),
        error_on_warning=options.error_on_warning or (options.command == "check" and settings.error_on_warning),
    )


def _projects_settings() -> Settings:
    try:
        here = Path.cwd()
    except OSError:  # the folder is gone; what is not in it can be inspected all the same
        return Settings()
    return find_settings(here)


def answer(options: Options) -> bool:
    """Read, inspect, render and write; True when the findings let the command exit with 0. Raises UsageError."""
    _check(options)
    gathered = gathered_specs(options)
    report = _report(options, gathered)
    wishes = render_options(options, gathered.left_out)
    text = _keras_table(report, wishes) if options.keras else load_format(options.format).render(report, wishes)
    deliver(text, options.output)
    failing = {"error", "warning"} if options.error_on_warning else {"error"}
    clean = all(finding.severity not in failing for spec in report.specs for finding in spec.findings)
    return clean or options.exit_zero


def _keras_table(report: Report, wishes: RenderOptions) -> str:
    from tdinspect.formats.screen.keras import render

    return render(report, wishes)


def _check(options: Options) -> None:
    """What can be told to be wrong before anything is read. Raises UsageError."""
    if options.format not in FORMATS:
        raise UsageError(f"unknown format {options.format!r}: one of {', '.join(FORMATS)}")
    if options.keras and (options.command != "params" or options.format != "table" or options.columns is not None):
        raise UsageError("--keras belongs to params in the table format, and has columns of its own")
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


def gathered_specs(options: Options, memory: Memory | None = None) -> Gathered:
    """The texts that the options name; ``memory`` knows which files are specs. Raises UsageError."""
    inline_only = {"--input": options.input, "--time-axis": options.time_axis, "--batch-axis": options.batch_axis}
    if not options.layers:
        given = [name for name, value in inline_only.items() if value is not None]
        if given:
            raise UsageError(f"{given[0]} belongs to --layer, which is not there")
        try:
            specs = options.specs or options.settings.specs
            return gather(specs, _read_stdin, options.stdin_name, options.only_specs, memory)
        except SourceError as error:
            of = "" if options.specs or not options.settings.specs else f" (from `specs` in {options.settings.file})"
            raise UsageError(f"{error}{of}") from None
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
    from tdinspect.gate.ignores import silenced
    from tdinspect.pipeline import Request, execute

    request = Request(
        command=options.command,
        sources=gathered.texts,
        overrides=options.overrides,
        allow_import=options.allow_import,
        device=options.device,
        details=options.format == "json",
        limits=options.settings.limits,
    )
    with Progress(output.is_terminal(sys.stderr)) as progress:
        report = execute(request, progress)
    return replace(report, specs=tuple(map(silenced, report.specs)))


def render_options(options: Options, left_out: int) -> RenderOptions:
    """What the reader asked for, and what the place the text goes to can show."""
    terminal = options.output is None and output.is_terminal(sys.stdout)
    return RenderOptions(
        width=output.width(terminal),
        color=output.color(terminal) and not options.no_color,
        depth=options.depth,
        columns=options.columns,
        unfold=options.unfold,
        quiet=options.quiet,
        notes=options.notes,
        left_out=left_out,
    )

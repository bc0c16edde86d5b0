"""``tdinspect check``: the gate."""

from __future__ import annotations

from typing import Annotated

import typer

from tdinspect.cli import FINDINGS
from tdinspect.cli.app import app
from tdinspect.cli.effort import Backend, CacheDir, Effort, Jobs, NoCache, ShardText, Watch
from tdinspect.cli.gate import CheckOptions, run_check
from tdinspect.cli.options import (
    AllowImport,
    BatchAxis,
    ConfigFile,
    DeviceName,
    ErrorOnWarning,
    ExitZero,
    Input,
    Isolated,
    Layers,
    LockFile,
    NoColor,
    Notes,
    OnlySpecs,
    Output,
    Overrides,
    Specs,
    StdinName,
    TimeAxis,
    read_device,
    read_names,
    read_output,
    read_pairs,
    usage_errors,
)
from tdinspect.cli.plain import PlainCommand
from tdinspect.cli.run import Options, UsageError, with_settings
from tdinspect.formats import CHECK_FORMATS

CheckFormat = Annotated[str, typer.Option("--format", metavar="|".join(CHECK_FORMATS), help="How to say it.")]
Select = Annotated[
    list[str] | None,
    typer.Option("--select", metavar="CODES", help="Only these rules: TD206, TD2, ALL; with commas, or repeated."),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option("--ignore", metavar="CODES", help="Not these rules, either; written as for --select."),
]
Locked = Annotated[bool, typer.Option("--locked", help="Hold specs to the lock file, which `lock` writes.")]
Brief = Annotated[bool, typer.Option("--quiet", help="A line for each finding and nothing else.")]


def _codes(option: str, texts: list[str] | None) -> tuple[str, ...]:
    """The codes between all commas. Raises UsageError where there are none."""
    codes = tuple(code for text in texts or () for code in read_names(text) or ())
    if texts and not codes:
        raise UsageError(f"{option}: no rule given; `tdinspect explain` lists them")
    return codes


@app.command("check", cls=PlainCommand)
def _check(
    specs: Specs = None,
    only_specs: OnlySpecs = False,
    stdin_filename: StdinName = "<stdin>",
    layer: Layers = None,
    input_shape: Input = None,
    time_axis: TimeAxis = None,
    batch_axis: BatchAxis = None,
    overrides: Overrides = None,
    output_format: CheckFormat = "full",
    output: Output = None,
    allow_import: AllowImport = None,
    device: DeviceName = "auto",
    config: ConfigFile = None,
    isolated: Isolated = False,
    select: Select = None,
    ignore: Ignore = None,
    jobs: Jobs = None,
    shard: ShardText = None,
    backend: Backend = None,
    no_cache: NoCache = False,
    cache_dir: CacheDir = None,
    watch: Watch = False,
    locked: Locked = False,
    lock_file: LockFile = None,
    quiet: Brief = False,
    no_color: NoColor = False,
    notes: Notes = False,
    exit_zero: ExitZero = False,
    error_on_warning: ErrorOnWarning = False,
) -> None:
    """The gate: every spec builds, runs, keeps its `expect` and the rules."""
    with usage_errors("check"):
        options = Options(
            command="check",
            specs=tuple(specs or ()),
            stdin_name=stdin_filename,
            layers=tuple(layer or ()),
            input=input_shape,
            time_axis=time_axis,
            batch_axis=batch_axis,
            overrides=read_pairs(overrides or ()),
            allow_import=tuple(allow_import or ()),
            device=read_device(device),
            format=output_format,
            output=read_output(output),
            quiet=quiet,
            no_color=no_color,
            notes=notes,
            exit_zero=exit_zero,
            error_on_warning=error_on_warning,
            only_specs=only_specs,
        )
        options = with_settings(options, config, isolated)
        effort = Effort(jobs, shard, backend, no_cache, cache_dir, watch)
        rules = (_codes("--select", select), _codes("--ignore", ignore))
        clean = run_check(CheckOptions(options, *rules, effort, locked, lock_file))
    if not clean:
        raise typer.Exit(FINDINGS)

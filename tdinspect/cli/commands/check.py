"""``tdinspect check``: the gate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tdinspect.cli import FINDINGS
from tdinspect.cli.app import app
from tdinspect.cli.gate import CheckOptions, run_check
from tdinspect.cli.options import (
    AllowImport,
    BatchAxis,
    DeviceName,
    ErrorOnWarning,
    ExitZero,
    Input,
    Layers,
    NoColor,
    Notes,
    Output,
    Overrides,
    Quiet,
    Specs,
    StdinName,
    TimeAxis,
    read_device,
    read_pairs,
    usage_errors,
)
from tdinspect.cli.plain import PlainCommand
from tdinspect.cli.run import Options
from tdinspect.formats import CHECK_FORMATS

CheckFormat = Annotated[str, typer.Option("--format", metavar="|".join(CHECK_FORMATS), help="How to say it.")]


@app.command("check", cls=PlainCommand)
def _check(
    specs: Specs = None,
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
    quiet: Quiet = False,
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
            output=None if output is None else Path(output),
            quiet=quiet,
            no_color=no_color,
            notes=notes,
            exit_zero=exit_zero,
            error_on_warning=error_on_warning,
        )
        clean = run_check(CheckOptions(options))
    if not clean:
        raise typer.Exit(FINDINGS)

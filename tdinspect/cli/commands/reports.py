"""The commands that report on specs: shape, params, compare, axes."""

from __future__ import annotations

import typer

from tdinspect.cli import FINDINGS
from tdinspect.cli.app import app
from tdinspect.cli.options import (
    AllowImport,
    BatchAxis,
    Columns,
    ConfigFile,
    Depth,
    DeviceName,
    ErrorOnWarning,
    ExitZero,
    Format,
    Input,
    Isolated,
    KerasTable,
    Layers,
    NoColor,
    Notes,
    Output,
    Overrides,
    Quiet,
    Specs,
    StdinName,
    TimeAxis,
    Unfold,
    read_depth,
    read_device,
    read_names,
    read_output,
    read_pairs,
    usage_errors,
)
from tdinspect.cli.plain import PlainCommand
from tdinspect.cli.run import Options, answer, with_settings
from tdinspect.domain.report import Command

_COMMANDS: dict[Command, str] = {
    "shape": "The shape after every layer, beside its parameters.",
    "params": "Every parameter tensor, the formulas, and the totals.",
    "compare": "Every layer with and without TimeDistributed.",
    "axes": "What each layer does to the time axis and the batch, and which step sees which.",
}


def _register(command: Command, sentence: str) -> None:
    @app.command(command, help=sentence, cls=PlainCommand)
    def run(
        specs: Specs = None,
        stdin_filename: StdinName = "<stdin>",
        layer: Layers = None,
        input_shape: Input = None,
        time_axis: TimeAxis = None,
        batch_axis: BatchAxis = None,
        overrides: Overrides = None,
        output_format: Format = "table",
        output: Output = None,
        depth: Depth = None,
        columns: Columns = None,
        unfold: Unfold = False,
        keras: KerasTable = False,
        allow_import: AllowImport = None,
        device: DeviceName = "auto",
        config: ConfigFile = None,
        isolated: Isolated = False,
        quiet: Quiet = False,
        no_color: NoColor = False,
        notes: Notes = False,
        exit_zero: ExitZero = False,
        error_on_warning: ErrorOnWarning = False,
    ) -> None:
        with usage_errors(command):
            options = Options(
                command=command,
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
                depth=read_depth(depth),
                columns=read_names(columns),
                unfold=unfold,
                keras=keras,
                quiet=quiet,
                no_color=no_color,
                notes=notes,
                exit_zero=exit_zero,
                error_on_warning=error_on_warning,
            )
            clean = answer(with_settings(options, config, isolated))
        if not clean:
            raise typer.Exit(FINDINGS)


for _command, _sentence in _COMMANDS.items():
    _register(_command, _sentence)

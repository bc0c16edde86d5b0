"""The commands and their options. Nothing heavy is imported before a command's body runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from tdinspect.cli import FINDINGS, USAGE
from tdinspect.cli.plain import PlainCommand, PlainGroup
from tdinspect.cli.run import DEVICES, Device, Options, UsageError, answer, check_output, deliver
from tdinspect.domain.report import Command
from tdinspect.formats import FORMATS

# Help is plain text and tracebacks are plain: rich would be imported for both.
app = typer.Typer(
    cls=PlainGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Specs = Annotated[
    list[str] | None,
    typer.Argument(metavar="SPEC", help="A file, a folder of *.yaml and *.yml, or - (default: specs/)."),
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
Columns = Annotated[
    str | None, typer.Option("--columns", metavar="A,B,C", help="These columns instead (an unknown one lists them).")
]
AllowImport = Annotated[
    list[str] | None, typer.Option("--allow-import", metavar="PKG", help="Let specs import this package. Repeatable.")
]
DeviceName = Annotated[str, typer.Option("--device", metavar="|".join(DEVICES), help="Where the dummy pass runs.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Only findings, errors and the total.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colour, also in a terminal.")]
ExitZero = Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 also when there are findings.")]
ErrorOnWarning = Annotated[bool, typer.Option("--error-on-warning", help="Exit with 1 on warnings, too.")]
Notes = Annotated[bool, typer.Option("--notes", help="Show findings that are only notes, too.")]

_COMMANDS: dict[Command, str] = {
    "shape": "The shape after every layer, beside its parameters.",
    "params": "Every parameter tensor, the formulas, and the totals.",
    "compare": "Every layer with and without TimeDistributed.",
    "axes": "What each layer does to the time axis and the batch, and which step sees which.",
    "check": "The gate: every spec builds, runs, keeps its `expect` and the rules.",
}


def _version(wanted: bool) -> None:
    if wanted:
        from tdinspect import __version__

        typer.echo(f"tdinspect {__version__}")
        raise typer.Exit


@app.callback()
def _tdinspect(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Shapes, parameters and the effect of TimeDistributed for PyTorch models with a time axis, from YAML specs."""


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
        allow_import: AllowImport = None,
        device: DeviceName = "auto",
        quiet: Quiet = False,
        no_color: NoColor = False,
        notes: Notes = False,
        exit_zero: ExitZero = False,
        error_on_warning: ErrorOnWarning = False,
    ) -> None:
        try:
            options = Options(
                command=command,
                specs=tuple(specs or ()),
                stdin_name=stdin_filename,
                layers=tuple(layer or ()),
                input=input_shape,
                time_axis=time_axis,
                batch_axis=batch_axis,
                overrides=_pairs(overrides or ()),
                allow_import=tuple(allow_import or ()),
                device=_device(device),
                format=output_format,
                output=None if output is None else Path(output),
                depth=_depth(depth),
                columns=_names(columns),
                quiet=quiet,
                no_color=no_color,
                notes=notes,
                exit_zero=exit_zero,
                error_on_warning=error_on_warning,
            )
            clean = answer(options)
        except UsageError as error:
            sys.stderr.write(f"tdinspect {command}: {error}\n")
            raise typer.Exit(USAGE) from None
        if not clean:
            raise typer.Exit(FINDINGS)


for _command, _sentence in _COMMANDS.items():
    _register(_command, _sentence)


@app.command("explain", cls=PlainCommand)
def _explain(
    codes: Annotated[list[str] | None, typer.Argument(metavar="CODE", help="As TD005 (default: the list).")] = None,
    output_format: Annotated[str, typer.Option("--format", metavar="text|markdown|json")] = "text",
) -> None:
    """What a rule's code means, with a bad and a good example."""
    from tdinspect.cli import output
    from tdinspect.cli.explain import explain

    with _usage_errors("explain"):
        width = output.width(output.is_terminal(sys.stdout))
        output.print_text(explain(codes or (), output_format, width))


@app.command("init", cls=PlainCommand)
def _init(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A new file, or - for standard output.")] = "model.yaml",
    kind: Annotated[
        str, typer.Option("--kind", metavar="video|sequence|sequence-to-sequence|plain", help="What to start from.")
    ] = "video",
) -> None:
    """A commented spec to start from; it never overwrites."""
    from tdinspect.cli import output
    from tdinspect.cli.init import starter, write_starter

    with _usage_errors("init"):
        output.print_text(starter(kind) if file == "-" else write_starter(file, kind))


@app.command("schema", cls=PlainCommand)
def _schema(output_file: Output = None) -> None:
    """The JSON Schema of specs, for editors."""
    with _usage_errors("schema"):
        path = None if output_file is None else Path(output_file)
        check_output(path)
        from tdinspect._startup import import_torch_fast

        import_torch_fast()
        from tdinspect.schema import schema_text

        deliver(schema_text(), path)


@contextmanager
def _usage_errors(command: str) -> Iterator[None]:
    """A UsageError ends the command with its message and exit code 2."""
    try:
        yield
    except UsageError as error:
        sys.stderr.write(f"tdinspect {command}: {error}\n")
        raise typer.Exit(USAGE) from None


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise UsageError(f"--set needs NAME=VALUE, not {text!r}")
        pairs[name.strip()] = value.strip()
    return pairs


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(name.strip() for name in text.split(",") if name.strip())


def _depth(text: str | None) -> int | None:
    if text is None or text.isdecimal():
        return None if text is None else int(text)
    raise UsageError(f"--depth needs a whole number from 0 upward, not {text!r}")


def _device(name: str) -> Device:
    for known in DEVICES:
        if known == name:
            return known
    raise UsageError(f"unknown device {name!r}: one of {', '.join(DEVICES)}")

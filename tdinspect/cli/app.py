"""The application that every command registers itself with."""

from __future__ import annotations

from typing import Annotated

import typer

from tdinspect.cli.plain import PlainGroup

# Help is plain text and tracebacks are plain: rich would be imported for both.
app = typer.Typer(
    cls=PlainGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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

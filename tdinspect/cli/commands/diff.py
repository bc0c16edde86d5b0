"""``tdinspect diff``: what changed between two specs, or two revisions of specs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tdinspect.cli import FINDINGS
from tdinspect.cli.app import app
from tdinspect.cli.options import (
    AllowImport,
    ConfigFile,
    ExitZero,
    Isolated,
    NoColor,
    Notes,
    Output,
    Overrides,
    read_output,
    read_pairs,
    usage_errors,
)
from tdinspect.cli.plain import PlainCommand
from tdinspect.cli.run import Options, with_settings

_AFTER_DASHES = "tdinspect.after_dashes"


class _WithDashes(PlainCommand):
    """A command that is told what stands after ``--``, as git's are."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """As click's, which takes the dashes away."""
        ctx.meta[_AFTER_DASHES] = len(args) - args.index("--") - 1 if "--" in args else None
        return super().parse_args(ctx, args)


@app.command("diff", cls=_WithDashes)
def _diff(
    ctx: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WHAT",
            help="SPEC SPEC: two files. Or REV, A..B or A...B, then paths, after -- where they could be taken for "
            "something else (default: HEAD; the settings' `specs`, else specs/, else all below this folder).",
        ),
    ] = None,
    overrides: Overrides = None,
    output_format: Annotated[str, typer.Option("--format", metavar="text|markdown|json")] = "text",
    output: Output = None,
    allow_import: AllowImport = None,
    config: ConfigFile = None,
    isolated: Isolated = False,
    no_color: NoColor = False,
    notes: Notes = False,
    exit_zero: ExitZero = False,
) -> None:
    """What changed between two specs, or two git revisions of them."""
    from tdinspect.cli.diff import DiffOptions, run_diff

    with usage_errors("diff"):
        options = Options(
            command="check",
            overrides=read_pairs(overrides or ()),
            allow_import=tuple(allow_import or ()),
            format=output_format,
            output=read_output(output),
            no_color=no_color,
            notes=notes,
            exit_zero=exit_zero,
        )
        given, behind = tuple(what or ()), ctx.meta[_AFTER_DASHES]
        texts, paths = (given, None) if behind is None else (given[: len(given) - behind], given[len(given) - behind :])
        clean = run_diff(DiffOptions(with_settings(options, config, isolated), texts, paths))
    if not clean:
        raise typer.Exit(FINDINGS)

"""The commands that need no spec: explain, init, schema."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tdinspect.cli.app import app
from tdinspect.cli.options import Output, usage_errors
from tdinspect.cli.plain import PlainCommand
from tdinspect.cli.run import check_output, deliver


@app.command("explain", cls=PlainCommand)
def _explain(
    codes: Annotated[list[str] | None, typer.Argument(metavar="CODE", help="As TD005 (default: the list).")] = None,
    output_format: Annotated[str, typer.Option("--format", metavar="text|markdown|json")] = "text",
) -> None:
    """What a rule's code means, with a bad and a good example."""
    from tdinspect.cli import output
    from tdinspect.cli.explain import explain

    with usage_errors("explain"):
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

    with usage_errors("init"):
        output.print_text(starter(kind) if file == "-" else write_starter(file, kind))


@app.command("schema", cls=PlainCommand)
def _schema(output_file: Output = None) -> None:
    """The JSON Schema of specs, for editors."""
    with usage_errors("schema"):
        path = None if output_file is None else Path(output_file)
        check_output(path)
        from tdinspect._startup import import_torch_fast

        import_torch_fast()
        from tdinspect.schema import schema_text

        deliver(schema_text(), path)

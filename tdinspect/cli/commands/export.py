"""``tdinspect export``: a spec becomes a Python file."""

from __future__ import annotations

import keyword
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tdinspect.cli import FINDINGS
from tdinspect.cli.app import app
from tdinspect.cli.options import (
    AllowImport,
    ConfigFile,
    Isolated,
    NoColor,
    Output,
    Overrides,
    StdinName,
    read_pairs,
    usage_errors,
)
from tdinspect.cli.plain import PlainCommand
from tdinspect.cli.run import Options, UsageError, check_output, deliver, gathered_specs, render_options, with_settings
from tdinspect.domain.nearest import nearest

# Named here, too: the registry of targets imports torch.
TARGETS = ("python", "keras")
_TAKEN = frozenset(("nn", "F", "torch", "Tensor", "TimeDistributed", "tdinspect", "keras", "layers", "ops"))

Spec = Annotated[str, typer.Argument(metavar="SPEC", help="A file, or - for standard input.")]
To = Annotated[str, typer.Option("--to", metavar="|".join(TARGETS), help="What to write.")]
ClassName = Annotated[
    str | None, typer.Option("--class-name", metavar="NAME", help="The model's class (default: the spec's name).")
]
WithTdinspect = Annotated[
    bool, typer.Option("--with-tdinspect", help="Import TimeDistributed from tdinspect where it wraps plain layers.")
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")]


@dataclass(frozen=True, slots=True)
class _Wishes:
    to: str
    class_name: str | None
    with_tdinspect: bool
    force: bool


@app.command("export", cls=PlainCommand)
def _export(
    spec: Spec,
    to: To = "python",
    output_file: Output = None,
    class_name: ClassName = None,
    with_tdinspect: WithTdinspect = False,
    force: Force = False,
    stdin_filename: StdinName = "<stdin>",
    overrides: Overrides = None,
    allow_import: AllowImport = None,
    config: ConfigFile = None,
    isolated: Isolated = False,
    no_color: NoColor = False,
) -> None:
    """A spec to PyTorch or Keras code that stands on its own."""
    with usage_errors("export"):
        options = Options(
            command="shape",
            specs=(spec,),
            stdin_name=stdin_filename,
            overrides=read_pairs(overrides or ()),
            allow_import=tuple(allow_import or ()),
            output=None if output_file is None else Path(output_file),
            no_color=no_color,
            quiet=True,
        )
        wishes = _Wishes(to, class_name, with_tdinspect, force)
        clean = _run(with_settings(options, config, isolated), wishes)
    if not clean:
        raise typer.Exit(FINDINGS)


def _run(options: Options, wishes: _Wishes) -> bool:
    """Export and write; True unless a finding stands in the way. Raises UsageError."""
    _check(options.output, wishes)
    spec = options.specs[0]
    if options.output is not None and spec != "-" and os.path.realpath(options.output) == os.path.realpath(spec):
        raise UsageError(f"--output is the spec itself, {spec}")
    gathered = gathered_specs(options)
    if len(gathered.texts) != 1:
        raise UsageError(f"export takes one spec, and {options.specs[0]} has {len(gathered.texts)}")
    from tdinspect._startup import import_torch_fast

    import_torch_fast()
    from tdinspect.domain.report import Report
    from tdinspect.exporters.export import export_source
    from tdinspect.formats import load_format
    from tdinspect.pipeline import Request

    request = Request(
        "shape",
        gathered.texts,
        overrides=options.overrides,
        allow_import=options.allow_import,
        limits=options.settings.limits,
    )
    source = gathered.texts[0]
    made = export_source(source, request, wishes.to, wishes.class_name, with_tdinspect=wishes.with_tdinspect)
    if made.text is None:
        report = Report("shape", (made.report,))
        deliver(load_format("table").render(report, render_options(options, gathered.left_out)), None)
        return False
    deliver(made.text, options.output)
    if options.output is not None:
        totals = made.report.totals
        count = totals.keras_params if wishes.to == "keras" else totals.params
        deliver(f"{options.output}: {made.class_name}, {count:,} parameters\n", None)
    return True


def _check(path: Path | None, wishes: _Wishes) -> None:
    """What can be told to be wrong before anything is read. Raises UsageError."""
    if wishes.to not in TARGETS:
        near = nearest(wishes.to, TARGETS)
        meant = f"did you mean {near}?" if near else f"one of {', '.join(TARGETS)}"
        raise UsageError(f"cannot export to {wishes.to!r}: {meant}")
    if wishes.with_tdinspect and wishes.to != "python":
        raise UsageError("--with-tdinspect belongs to --to python")
    name = wishes.class_name
    if name is not None and (not name.isidentifier() or not name.isascii() or keyword.iskeyword(name)):
        raise UsageError(f"--class-name needs a Python name, not {name!r}")
    if name is not None and (name in _TAKEN or name.startswith("_")):
        raise UsageError(f"--class-name cannot be {name}: the file uses that name, or Python does")
    check_output(path)
    if path is not None and (path.is_file() or path.is_symlink()) and not wishes.force:
        raise UsageError(f"{path} is there already: give --force to overwrite it")

"""``tdinspect import``: a Keras model becomes a spec, and both sides are compared."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from tdinspect.cli import FINDINGS
from tdinspect.cli.app import app
from tdinspect.cli.options import NoColor, Quiet, usage_errors
from tdinspect.cli.plain import PlainCommand
from tdinspect.cli.run import UsageError, check_output, deliver

if TYPE_CHECKING:
    from tdinspect.domain.report import SpecReport
    from tdinspect.formats.interface import RenderOptions
    from tdinspect.keras.compare import Compared
    from tdinspect.keras.model import Imported
    from tdinspect.keras.reading import ModelFile

Model = Annotated[str, typer.Argument(metavar="MODEL", help="model.to_json()'s text, a .keras or an .h5 file, or -.")]
SpecFile = Annotated[
    str | None, typer.Option("--output", metavar="FILE", help="Write the spec to FILE, not the screen.")
]
Weights = Annotated[
    str | None,
    typer.Option("--weights", metavar="FILE.pt", help="Write the weights, for what `export` makes of the spec."),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")]


@app.command("import", cls=PlainCommand)
def _import(
    model: Model,
    spec_file: SpecFile = None,
    weights: Weights = None,
    force: Force = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """A Keras model to a spec; its shapes and counts are compared with those that the Keras file implies."""
    with usage_errors("import"):
        targets = [None if name is None else Path(name) for name in (spec_file, weights)]
        _check_apart(model, targets)
        for path in targets:
            _check_target(path, force)
        clean = _run(model, targets[0], targets[1], quiet, no_color)
    if not clean:
        raise typer.Exit(FINDINGS)


def _check_apart(model: str, targets: Sequence[Path | None]) -> None:
    """Raises UsageError where a file that is written is the model, or the other one."""
    paths = [path for path in (None if model == "-" else model, *targets) if path is not None]
    if len({os.path.realpath(path) for path in paths}) < len(paths):
        raise UsageError("the model, the spec and the weights must be three files")


def _check_target(path: Path | None, force: bool) -> None:
    check_output(path)
    if path is not None and (path.is_file() or path.is_symlink()) and not force:
        raise UsageError(f"{path} is there already: give --force to overwrite it")


def _run(model: str, spec_file: Path | None, weights: Path | None, quiet: bool, no_color: bool) -> bool:
    """Read, convert, run, compare, write; True when there is no error. Raises UsageError."""
    from tdinspect.domain.report import SpecReport
    from tdinspect.keras.model import import_model
    from tdinspect.keras.reading import UnreadableFile
    from tdinspect.keras.refused import Refused

    try:
        file = _read(model)
        imported = import_model(file)
        if imported.text is None:
            return _show(
                SpecReport(model, imported.name, findings=imported.findings),
                None,
                _options(sys.stdout, no_color, quiet),
            )
        report, seen = _compared(imported, spec_file)
        if seen is None:  # positions are those of the spec
            return _show(report, None, _options(sys.stdout, no_color, quiet))
        findings = (*imported.findings, *seen.findings)
        shown = SpecReport(model, imported.name, findings=findings)
        if not shown.ok:
            return _show(shown, seen, _options(sys.stdout, no_color, quiet))
        if weights is not None:
            _write_weights(Path(model), file, imported, weights)
    except UnreadableFile as error:
        raise UsageError(str(error)) from None
    except Refused as error:
        return _show(SpecReport(model, model, findings=(error.finding,)), None, _options(sys.stdout, no_color, quiet))
    deliver(imported.text, spec_file)
    if spec_file is None:
        return _show_beside(shown, seen, _options(sys.stderr, no_color, quiet))
    return _show(shown, seen, _options(sys.stdout, no_color, quiet))


def _read(model: str) -> ModelFile:
    from tdinspect.keras.reading import MOST_TEXT, UnreadableFile, is_archive, read_json, read_model_file

    if model != "-":
        return read_model_file(Path(model))
    if sys.stdin is None:
        raise UnreadableFile("standard input is closed")
    data = sys.stdin.buffer.read(MOST_TEXT + 1)
    if is_archive(data):
        raise UnreadableFile(
            "standard input takes the text of model.to_json() alone: this is an archive, give it as a file"
        )
    return read_json(data)


def _compared(imported: Imported, spec_file: Path | None) -> tuple[SpecReport, Compared | None]:
    """The spec run, and held against what the Keras file implies; None where it does not run to its end."""
    from tdinspect.keras.compare import compared
    from tdinspect.pipeline import Request, Source, inspect_source

    assert imported.text is not None
    report = inspect_source(Source(str(spec_file or "<spec>"), imported.text.encode()), Request("shape", ()))
    return report, compared(imported, report) if report.ok else None


def _write_weights(model: Path, file: ModelFile, imported: Imported, target: Path) -> None:
    """The state dict for what ``export`` makes of the spec. Raises UsageError, UnreadableFile and Refused."""
    from tdinspect._startup import import_torch_fast
    from tdinspect.exporters.names import names_of_steps
    from tdinspect.importers import read_spec
    from tdinspect.keras.weights import save, state_dict

    import_torch_fast()
    spec = read_spec(imported.text or "", "spec").spec
    assert spec is not None
    try:
        save(state_dict(model, file, imported, names_of_steps(spec)), target)
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror or error}") from error


def _options(stream: TextIO | None, no_color: bool, quiet: bool) -> RenderOptions:
    from tdinspect.cli import output
    from tdinspect.formats.interface import RenderOptions

    terminal = output.is_terminal(stream)
    return RenderOptions(output.width(terminal), output.color(terminal) and not no_color, quiet=quiet)


def _show(report: SpecReport, seen: Compared | None, options: RenderOptions) -> bool:
    from tdinspect.cli import output
    from tdinspect.formats.imported import render_import

    output.print_text(render_import(report, seen, options))
    return report.ok


def _show_beside(report: SpecReport, seen: Compared | None, options: RenderOptions) -> bool:
    """On standard error, since the spec itself is on standard output."""
    from tdinspect.formats.imported import render_import

    if sys.stderr is not None:
        sys.stderr.write(render_import(report, seen, options))
    return report.ok

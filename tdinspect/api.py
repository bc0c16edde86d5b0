"""The Python interface: load a spec, build its model, inspect it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from tdinspect.domain.finding import Finding, SpecError
from tdinspect.domain.report import Command
from tdinspect.domain.report import Report as _Report
from tdinspect.domain.spec import ModelSpec
from tdinspect.gate.ignores import silenced
from tdinspect.importers import read_spec
from tdinspect.pipeline import Request, Source, execute, inspect_module

if TYPE_CHECKING:
    from torch import Tensor, nn

    from tdinspect.formats.interface import RenderOptions

    Inputs = Tensor | tuple[Any, ...] | list[Any] | Mapping[str, Any]

__all__ = ["Finding", "ModelSpec", "Report", "SpecError", "build", "inspect", "load"]


@dataclass(frozen=True, slots=True)
class Report(_Report):
    """What the command line prints: ``print(report)`` is the table, ``report.to_dict()`` the JSON.

    In a notebook it shows itself as HTML.
    """

    def __str__(self) -> str:
        from tdinspect.formats import table

        return self._rendered(table.render).rstrip("\n")

    def _repr_html_(self) -> str:
        from tdinspect.formats import html

        return self._rendered(html.page)

    def _rendered(self, write: Callable[[_Report, RenderOptions], str]) -> str:
        """The answers to all commands, one after another."""
        from tdinspect.formats.interface import RenderOptions

        commands: tuple[Command, ...] = (self.command, *self.also)
        return "\n".join(write(Report(command, self.specs), RenderOptions()) for command in commands)


def load(path: str | PathLike[str]) -> ModelSpec:
    """Read a spec file. Raises SpecError with every finding of the file, and OSError when it cannot be read."""
    parsed = read_spec(Path(path).read_bytes(), fspath(path))
    if parsed.spec is None or any(finding.severity == "error" for finding in parsed.findings):
        raise SpecError(parsed.findings)
    return parsed.spec


def build(spec: ModelSpec, *, allow_import: Collection[str] = ()) -> nn.Module:
    """A trainable module with torch's own initialisation; inputs and outputs have the shapes of the spec.

    ``allow_import`` names the packages whose modules the spec may use by dotted path: importing runs their code.
    Raises SpecError where a layer does not exist, an argument does not suit it, or it raises on the shapes it gets.
    """
    from tdinspect.building.check import check_operations
    from tdinspect.checks import run_checks
    from tdinspect.running.assemble import assemble

    checked = check_operations(spec, allow_import)
    if checked.findings:
        raise SpecError(checked.findings)
    assembly = assemble(checked.spec, initialise=True)
    if assembly.model is None:
        raise SpecError((*assembly.findings, *run_checks(assembly.trace, assembly.world.sizes)))
    return assembly.model


@overload
def inspect(
    what: str | PathLike[str], *, compare: bool = False, axes: bool = False, allow_import: Collection[str] = ()
) -> Report: ...


@overload
def inspect(
    what: nn.Module,
    *,
    inputs: Inputs,
    time_axis: int | None = 1,
    batch_axis: int | None = 0,
    compare: bool = False,
    axes: bool = False,
) -> Report: ...


def inspect(
    what: object,
    *,
    inputs: object = None,
    time_axis: int | None = 1,
    batch_axis: int | None = 0,
    compare: bool = False,
    axes: bool = False,
    allow_import: Collection[str] = (),
) -> Report:
    """What ``tdinspect shape`` says of a spec file, or of any module; with ``compare`` and ``axes`` what those say.

    Of a spec: the path. ``allow_import`` names the packages whose modules it may use by dotted path: importing runs
    their code. Raises OSError when the file cannot be read.

    Of a module: ``inputs`` is a tensor, a tuple of arguments, or a dict of them by name. The first tensor has the batch
    along ``batch_axis`` and time along ``time_axis`` (None: it has no such axis), and the report names their sizes B
    and T. A copy of the module runs, on the CPU and in eval mode: the module, its flags, buffers, gradients and hooks
    and the random state stay as they are, also when it raises. Hooks of the module's own run on the copy.
    Raises TypeError for what is no module or no inputs, ValueError for inputs without the axes, for the same axis
    twice, and for a module that cannot be copied.
    """
    if isinstance(what, str | PathLike):
        if inputs is not None:
            raise TypeError("a spec has inputs of its own: `inputs` belongs to a module")
        return _of_spec(what, compare, axes, allow_import)
    return _of_module(what, inputs, time_axis, batch_axis, compare, axes)


def _of_spec(path: str | PathLike[str], compare: bool, axes: bool, allow_import: Collection[str]) -> Report:
    command, also = _commands(compare, axes)
    source = Source(fspath(path), Path(path).read_bytes())
    report = execute(Request(command, (source,), allow_import=tuple(allow_import), also=also, details=True))
    return Report(report.command, tuple(map(silenced, report.specs)), report.also)


def _of_module(
    module: object, inputs: object, time_axis: int | None, batch_axis: int | None, compare: bool, axes: bool
) -> Report:
    command, also = _commands(compare, axes)
    where = {"time_axis": time_axis, "batch_axis": batch_axis}
    report = inspect_module(module, inputs, compare=compare, axes=axes, **where)
    return Report(command, (report,), also)


def _commands(compare: bool, axes: bool) -> tuple[Command, tuple[Command, ...]]:
    if compare:
        return "compare", ("axes",) if axes else ()
    return "axes" if axes else "shape", ()

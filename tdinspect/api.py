"""The Python interface: load a spec, build its model, inspect it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from tdinspect.domain.finding import Finding, SpecError
from tdinspect.domain.report import Report as _Report
from tdinspect.domain.spec import ModelSpec
from tdinspect.importers import read_spec
from tdinspect.pipeline import Request, Source, execute

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Finding", "ModelSpec", "Report", "SpecError", "build", "inspect", "load"]


@dataclass(frozen=True, slots=True)
class Report(_Report):
    """What the command line prints: ``print(report)`` is the table, ``report.to_dict()`` the JSON."""

    def __str__(self) -> str:
        from tdinspect.formats import load_format
        from tdinspect.formats.interface import RenderOptions

        return load_format("table").render(self, RenderOptions()).rstrip("\n")


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


def inspect(path: str | PathLike[str], *, compare: bool = False, allow_import: Collection[str] = ()) -> Report:
    """What ``tdinspect shape`` (or ``compare``) says of a spec file. Raises OSError when the file cannot be read.

    ``allow_import`` names the packages whose modules the spec may use by dotted path: importing runs their code.
    """
    source = Source(fspath(path), Path(path).read_bytes())
    report = execute(Request("compare" if compare else "shape", (source,), allow_import=tuple(allow_import)))
    return Report(report.command, report.specs)

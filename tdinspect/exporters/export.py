"""From the text of a spec to the text of a Python file."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tdinspect.domain.finding import Finding
from tdinspect.domain.report import SpecReport
from tdinspect.exporters import load_target
from tdinspect.exporters.identifiers import TAKEN
from tdinspect.exporters.identifiers import class_name as camel_case
from tdinspect.exporters.interface import CannotExport
from tdinspect.exporters.seen import see
from tdinspect.importers import in_order, read_spec
from tdinspect.pipeline import Request, Source, inspect_source


@dataclass(frozen=True, slots=True)
class Exported:
    """The code and its class; ``text`` is None where a finding of the report says why there is none."""

    report: SpecReport
    text: str | None
    class_name: str


def export_source(
    source: Source, request: Request, target: str, class_name: str | None = None, *, with_tdinspect: bool = False
) -> Exported:
    """The code of one spec: inspected first, as ``shape`` does, then written.

    ``class_name`` is that of the model, by default the spec's own in CamelCase. Raises KeyError for an unknown target.
    """
    render = load_target(target).render
    report = inspect_source(source, request)
    name = class_name or camel_case(report.name)
    if name in TAKEN:
        name = f"{name}Model"
    if not report.ok:
        return Exported(report, None, name)
    parsed = read_spec(source.text, source.file, request.overrides, request.limits)
    seen = None if parsed.spec is None else see(parsed.spec, request.allow_import, request.limits)
    if seen is None:  # an import that gives something else each time
        finding = Finding("TD003", "it cannot be exported: it does not run to its end")
        return Exported(replace(report, findings=(*report.findings, finding)), None, name)
    try:
        return Exported(report, render(seen, name, with_tdinspect=with_tdinspect), name)
    except CannotExport as problem:
        findings = in_order((*report.findings, problem.finding), parsed.document)
        return Exported(replace(report, findings=findings), None, name)

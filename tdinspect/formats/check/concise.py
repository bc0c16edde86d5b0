"""One line for each finding, ``file:line:column: error[TD202] message``, its fix below: for grep and for editors.

The lines of a fix are indented, so that a line that is not is a finding, or the last one.
"""

from __future__ import annotations

from tdinspect.domain.finding import Finding
from tdinspect.domain.report import Report, SpecReport
from tdinspect.formats.check.paint import painted
from tdinspect.formats.check.told import last_line, of_all, one_line, place, uses
from tdinspect.formats.frames import SEVERITY_STYLE
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.spans import Spans, span


def render(report: Report, options: RenderOptions) -> str:
    """The findings and the summary; ``quiet``: the findings without their fixes, and nothing where all is well."""
    lines: list[Spans] = []
    for spec, finding in of_all(report, options.notes):
        lines.append(_line(finding, spec))
        if finding.help and not options.quiet:
            first, *pasted = finding.help.splitlines()
            lines.append(span("  = help: ", "dim") + span(first, "good"))
            lines += [span(f"          {line}", "good") for line in pasted]
    if not options.quiet:
        lines.append(last_line(report, options))
    return "".join(f"{painted(spans, options.color)}\n" for spans in lines)


def _line(finding: Finding, spec: SpecReport) -> Spans:
    head = span(f"{finding.severity}[{finding.code}]", SEVERITY_STYLE[finding.severity])
    inside = "".join(f" ({use})" for use in uses(finding, spec))
    return span(f"{place(finding, spec)}: ", "dim") + head + span(f" {one_line(finding.message)}{inside}")

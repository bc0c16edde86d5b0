"""A Code Quality report, which GitLab shows in a merge request: the form is that of GitLab's documentation."""

from __future__ import annotations

import json

from tdinspect.domain.finding import Severity
from tdinspect.domain.report import Report
from tdinspect.formats.check.fingerprint import Fingerprints
from tdinspect.formats.check.told import from_root, of_all, one_line, short_help
from tdinspect.formats.interface import RenderOptions

_SEVERITIES: dict[Severity, str] = {"error": "major", "warning": "minor", "note": "info"}


def render(report: Report, options: RenderOptions) -> str:
    """A list with an object for each finding, notes too. What has no position stands at line 1: there must be one."""
    named = Fingerprints()
    entries = []
    for spec, finding in of_all(report, notes=True):
        file = from_root(spec.file, options)
        help = ": ".join(filter(None, short_help(finding)))
        entries.append(
            {
                "description": one_line(finding.message) + (f" (help: {help})" if help else ""),
                "check_name": finding.code,
                "fingerprint": named.of(finding, spec, file),
                "severity": _SEVERITIES[finding.severity],
                "location": {"path": file, "lines": {"begin": finding.position.line if finding.position else 1}},
            }
        )
    return json.dumps(entries, indent=2, ensure_ascii=False) + "\n"

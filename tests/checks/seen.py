"""What the gate finds in a spec."""

from __future__ import annotations

from tdinspect.domain.finding import Finding
from tdinspect.domain.source import Source
from tdinspect.gate.check import Plan, check


def findings_of(text: str, allow: tuple[str, ...] = ()) -> tuple[Finding, ...]:
    """Everything that a gate finds in the text of a spec, in the order of the file."""
    [report] = check(Plan((Source("model.yaml", text),), allow_import=allow)).report.specs
    return report.findings

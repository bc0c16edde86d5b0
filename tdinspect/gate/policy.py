"""What counts: the rules that are selected or ignored, their severities, and what a line's comment silences."""

from __future__ import annotations

from dataclasses import dataclass

from tdinspect.domain.report import SpecReport


@dataclass(frozen=True, slots=True)
class Policy:
    """Which findings count, by rule."""


def judged(report: SpecReport, policy: Policy) -> SpecReport:
    """The report with the findings that count."""
    return report

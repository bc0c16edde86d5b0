"""The story of a check: inspect what changed, hold it to the lock, and let the policy say what counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tdinspect.domain.report import Report
from tdinspect.domain.source import Source
from tdinspect.gate.policy import Policy, judged
from tdinspect.gate.work import inspect_all
from tdinspect.pipeline import Request


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a check is asked to do. ``details``: the report is wanted with all rows, as JSON gives it."""

    sources: tuple[Source, ...]
    overrides: Mapping[str, str] = field(default_factory=dict)
    allow_import: tuple[str, ...] = ()
    device: Literal["auto", "cpu", "meta"] = "auto"
    details: bool = False
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found; ``cached`` is how many specs were not run again."""

    report: Report
    cached: int = 0


def check(plan: Plan, progress: Callable[[int, int, str], None] | None = None) -> Checked:
    """The report on all sources, in their order. ``progress(done, of, file)`` is told as the work goes on."""
    request = Request(
        "check", plan.sources, plan.overrides, plan.allow_import, device=plan.device, details=plan.details
    )
    seen = inspect_all(request, progress)
    reports = tuple(judged(report, plan.policy) for report in seen)
    return Checked(Report("check", reports))

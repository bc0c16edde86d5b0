"""The story of a check: inspect what changed, hold it to the lock, and let the policy say what counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from tdinspect.domain.limits import Limits
from tdinspect.domain.report import Report
from tdinspect.domain.source import Source
from tdinspect.gate.policy import Policy, judged
from tdinspect.gate.shard import Shard, part_of
from tdinspect.gate.work import Manner, Progress, inspect_all
from tdinspect.pipeline import Request

if TYPE_CHECKING:
    from tdinspect.gate.lockfile import LockFile


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a check is asked to do. ``details``: the report is wanted with all rows, as JSON gives it.

    ``lock``: what the specs are held to. ``whole``: the sources are all specs there are.
    """

    sources: tuple[Source, ...]
    overrides: Mapping[str, str] = field(default_factory=dict)
    allow_import: tuple[str, ...] = ()
    device: Literal["auto", "cpu", "meta"] = "auto"
    details: bool = False
    policy: Policy = field(default_factory=Policy)
    limits: Limits = field(default_factory=Limits)
    shard: Shard = field(default_factory=Shard)
    manner: Manner = field(default_factory=Manner)
    lock: LockFile | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found; ``cached`` is how many specs were not run again."""

    report: Report
    cached: int = 0


def check(plan: Plan, progress: Progress | None = None) -> Checked:
    """The report on the sources of the shard, in their order. ``progress(done, of, file)`` is told as it goes on.

    Raises LockError for a lock file with an entry that cannot be read.
    """
    request = Request(
        "check",
        part_of(plan.sources, plan.shard),
        plan.overrides,
        plan.allow_import,
        device=plan.device,
        details=plan.details,
        limits=plan.limits,
    )
    seen = inspect_all(request, plan.manner, progress)
    reports = tuple(one.report for one in seen)
    if plan.lock is not None:
        from tdinspect.gate.lock import held, stale_in

        reports = held(reports, [one.locked for one in seen], plan.lock)
        files = [source.file for source in plan.sources]
        stale = stale_in(plan.lock, files, plan.whole) if plan.shard.number == 1 else None
        reports += (stale,) if stale is not None else ()
    policy = replace(plan.policy, locked=plan.lock is not None)
    judgements = tuple(judged(report, policy) for report in reports)
    return Checked(Report("check", judgements), sum(one.cached for one in seen))

"""The rules: each has a page and, where it is about a trace, a check that takes the trace and gives findings.

RULE_CHECKS and AXIS_CHECKS are the lists of the checks, PAGES of the pages. TD0xx are found while a spec is read and
its operations are checked; TD201 and TD204 also where a size would be inferred from the wrong axis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tdinspect.checks import (
    td001,
    td002,
    td003,
    td004,
    td005,
    td006,
    td007,
    td008,
    td009,
    td101,
    td102,
    td103,
    td201,
    td202,
    td203,
    td204,
    td205,
    td206,
    td207,
    td208,
    td209,
    td210,
    td211,
    td212,
    td213,
    td301,
    td302,
    td303,
    td304,
)
from tdinspect.checks.page import Page
from tdinspect.domain.finding import Finding
from tdinspect.domain.trace import Trace

Check = Callable[[Trace, Mapping[str, int]], Iterator[Finding]]

# What every command reports: layers that raise.
RULE_CHECKS: tuple[Check, ...] = (td101.check, td102.check, td103.check)

# What a gate adds: these need the effect of every layer on time and batch, and the facts of `running.facts`.
AXIS_CHECKS: tuple[Check, ...] = (
    td201.check,
    td202.check,
    td203.check,
    td204.check,
    td205.check,
    td206.check,
    td207.check,
    td208.check,
    td209.check,
    td210.check,
    td211.check,
    td212.check,
    td213.check,
)

PAGES: tuple[Page, ...] = (
    td001.PAGE,
    td002.PAGE,
    td003.PAGE,
    td004.PAGE,
    td005.PAGE,
    td006.PAGE,
    td007.PAGE,
    td008.PAGE,
    td009.PAGE,
    td101.PAGE,
    td102.PAGE,
    td103.PAGE,
    td201.PAGE,
    td202.PAGE,
    td203.PAGE,
    td204.PAGE,
    td205.PAGE,
    td206.PAGE,
    td207.PAGE,
    td208.PAGE,
    td209.PAGE,
    td210.PAGE,
    td211.PAGE,
    td212.PAGE,
    td213.PAGE,
    td301.PAGE,
    td302.PAGE,
    td303.PAGE,
    td304.PAGE,
)

# Nothing finds these yet. tests/checks/test_pages.py holds the list to what the examples give.
NOT_CHECKED: frozenset[str] = frozenset()


def status(code: str) -> str | None:
    """What this version leaves out of a rule, in a sentence; None for a rule that is checked."""
    return "Not checked yet: this version never reports it." if code in NOT_CHECKED else None


def run_checks(trace: Trace, sizes: Mapping[str, int], every: bool = False) -> tuple[Finding, ...]:
    """The findings of RULE_CHECKS, with ``every`` those of AXIS_CHECKS too. ``sizes`` has each symbol's number."""
    checks = (*RULE_CHECKS, *AXIS_CHECKS) if every else RULE_CHECKS
    return tuple(finding for check in checks for finding in check(trace, sizes))

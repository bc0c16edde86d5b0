"""The rules: each takes a trace and gives findings. RULE_CHECKS is the one list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tdinspect.checks import td101, td102, td103
from tdinspect.domain.finding import Finding
from tdinspect.domain.trace import Trace

RULE_CHECKS: tuple[Callable[[Trace, Mapping[str, int]], Iterator[Finding]], ...] = (
    td101.check,
    td102.check,
    td103.check,
)


def run_checks(trace: Trace, sizes: Mapping[str, int]) -> tuple[Finding, ...]:
    """Every rule's findings. ``sizes`` has the number of every symbol."""
    return tuple(finding for check in RULE_CHECKS for finding in check(trace, sizes))

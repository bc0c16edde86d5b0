"""``check`` from its options to its exit code."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace

from tdinspect.cli import output
from tdinspect.cli.progress import Progress
from tdinspect.cli.run import Options, UsageError, check_output, deliver, gathered_specs, render_options
from tdinspect.formats import CHECK_FORMATS, load_check_format


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What every reporting command may be asked, and what only the gate may be."""

    common: Options


def run_check(options: CheckOptions) -> bool:
    """Check, render and write; True when the findings let the command exit with 0. Raises UsageError."""
    from tdinspect.gate.check import Plan, check

    common, start = options.common, time.monotonic()
    if common.format not in CHECK_FORMATS:
        raise UsageError(f"unknown format {common.format!r}: one of {', '.join(CHECK_FORMATS)}")
    check_output(common.output)
    gathered = gathered_specs(common)
    plan = Plan(
        sources=gathered.texts,
        overrides=common.overrides,
        allow_import=common.allow_import,
        device=common.device,
        details=common.format == "json",
    )
    with Progress(output.is_terminal(sys.stderr)) as progress:
        checked = check(plan, progress)
    wishes = render_options(common, gathered.left_out)
    wishes = replace(wishes, seconds=time.monotonic() - start, cached=checked.cached)
    deliver(load_check_format(common.format).render(checked.report, wishes), common.output)
    failing = {"error", "warning"} if common.error_on_warning else {"error"}
    found = {finding.severity for spec in checked.report.specs for finding in spec.findings}
    return common.exit_zero or not found & failing

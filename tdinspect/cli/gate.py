"""``check`` from its options to its exit code."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tdinspect import __version__
from tdinspect.cli import output
from tdinspect.cli.effort import Effort
from tdinspect.cli.lock import lock_to_hold, place_of_lock
from tdinspect.cli.progress import Progress
from tdinspect.cli.run import Options, UsageError, check_output, deliver, gathered_specs, render_options
from tdinspect.formats import CHECK_FORMATS, load_check_format
from tdinspect.formats.interface import RenderOptions
from tdinspect.gate.policy import Policy, as_selector, no_such_rule, policy_of
from tdinspect.gate.shard import Shard

if TYPE_CHECKING:
    from tdinspect.gate.work import Manner


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What every reporting command may be asked, and what only the gate may be."""

    common: Options
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    effort: Effort = field(default_factory=Effort)
    locked: bool = False
    lock_file: str | None = None


def run_check(options: CheckOptions) -> bool:
    """Check, render and write; True when the findings let the command exit with 0. Raises UsageError."""
    common, manner = options.common, options.effort.manner(options.common.settings)
    if common.format not in CHECK_FORMATS:
        raise UsageError(f"unknown format {common.format!r}: one of {', '.join(CHECK_FORMATS)}")
    check_output(common.output)
    policy = _policy(options)
    if options.effort.watch:
        from tdinspect.cli.watching import watch

        lock = place_of_lock(options.lock_file, common.settings) if options.locked else None
        watch(lambda: _once(options, policy, manner), common, manner, lock)
    return _once(options, policy, manner)


def _once(options: CheckOptions, policy: Policy, manner: Manner) -> bool:
    """One check. Raises UsageError."""
    from tdinspect.gate.backend import BackendError
    from tdinspect.gate.check import Plan, check
    from tdinspect.gate.lockfile import LockError

    common, start = options.common, time.monotonic()
    shard = options.effort.part()
    lock = lock_to_hold(options.locked, options.lock_file, common.settings)
    gathered = gathered_specs(common, manner.cache)
    plan = Plan(
        sources=gathered.texts,
        overrides=common.overrides,
        allow_import=common.allow_import,
        device=common.device,
        details=common.format == "json",
        policy=policy,
        limits=common.settings.limits,
        shard=shard,
        manner=manner,
        lock=lock,
        whole=not common.specs and not common.layers,
    )
    try:
        with Progress(output.is_terminal(sys.stderr)) as progress:
            checked = check(plan, progress)
    except BackendError as problem:
        raise UsageError(f"--backend {options.effort.backend}: {problem}") from None
    except LockError as problem:
        raise UsageError(str(problem)) from None
    wishes = render_options(common, gathered.left_out)
    wishes = _of_a_check(wishes, common, time.monotonic() - start, checked.cached, shard)
    deliver(load_check_format(common.format).render(checked.report, wishes), common.output)
    failing = {"error", "warning"} if common.error_on_warning else {"error"}
    found = {finding.severity for spec in checked.report.specs for finding in spec.findings}
    return common.exit_zero or not found & failing


def _policy(options: CheckOptions) -> Policy:
    """The rules of the settings and of the command line. Raises UsageError."""
    entries = []
    for option, codes in (("--select", options.select), ("--ignore", options.ignore)):
        unknown = [no_such_rule(code) for code in codes if as_selector(code) is None]
        if unknown:
            raise UsageError(f"{option}: {'; '.join(unknown)}")
        entries.append(tuple(code.strip().upper() for code in codes))
    settings = options.common.settings
    return policy_of(settings.select, settings.ignore, settings.severity, *entries)


def _of_a_check(wishes: RenderOptions, common: Options, seconds: float, cached: int, shard: Shard) -> RenderOptions:
    """The wishes with what only a check has. The time is told who is watching: a file stays the same from run to run.

    A CI counts file names from the repository's root, which GitHub and GitLab give in a variable.
    """
    watched = common.output is None and output.is_terminal(sys.stdout)
    try:
        here = str(Path.cwd())
    except OSError:  # the folder is gone; standard input can be checked all the same
        here = os.sep
    root = os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR") or here
    return replace(
        wishes,
        seconds=seconds if watched else None,
        cached=cached,
        error_on_warning=common.error_on_warning,
        shard=str(shard) if shard.of > 1 else "",
        here=here,
        root=os.path.realpath(root),
        version=__version__,
    )

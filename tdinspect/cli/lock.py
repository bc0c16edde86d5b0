"""``lock`` from its options to its exit code, and where the lock file is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tdinspect.cli import output
from tdinspect.cli.effort import Effort
from tdinspect.cli.progress import Progress
from tdinspect.cli.run import Options, UsageError, check_output, gathered_specs
from tdinspect.gate.settings import Settings

if TYPE_CHECKING:  # imported when the command begins
    from tdinspect.domain.report import SpecReport
    from tdinspect.gate.lock import Locked
    from tdinspect.gate.lockfile import LockFile

_KINDS = {"added": "added", "changed": "changed", "removed": "removed", "failed": "not locked"}


def place_of_lock(option: str | None, settings: Settings) -> Path:
    """The lock file: the option's, the settings', else ``tdinspect.lock`` beside them or here. Raises UsageError."""
    from tdinspect.gate.lock import LOCK_NAME

    if option == "":
        raise UsageError("--lock-file needs a file")
    named = settings.lock if option is None else option
    if named is not None:
        return Path(named)
    return (Path(settings.file).parent if settings.file else Path()) / LOCK_NAME


def lock_to_hold(wanted: bool, option: str | None, settings: Settings) -> LockFile | None:
    """The lock file that a check holds the specs to; None where it does not. Raises UsageError."""
    from tdinspect.gate.lock import open_lock
    from tdinspect.gate.lockfile import LockError

    if not wanted:
        if option is not None:
            raise UsageError("--lock-file belongs to --locked, which is not there")
        return None
    try:
        return open_lock(place_of_lock(option, settings))
    except LockError as error:
        raise UsageError(str(error)) from None


def run_lock(options: Options, effort: Effort, lock_file: str | None) -> bool:
    """Inspect the specs and write their entries; True when every spec could be locked. Raises UsageError."""
    from tdinspect.gate.lock import locked
    from tdinspect.gate.lockfile import LockError
    from tdinspect.gate.work import inspect_all
    from tdinspect.pipeline import Request

    path = place_of_lock(lock_file, options.settings)
    check_output(path)
    if "-" in options.specs:
        raise UsageError("standard input has no name to be locked under")
    manner = effort.manner(options.settings)
    gathered = gathered_specs(options, manner.cache)
    request = Request("check", gathered.texts, allow_import=options.allow_import, limits=options.settings.limits)
    with Progress(output.is_terminal(sys.stderr)) as progress:
        seen = inspect_all(request, manner, progress)
    try:
        files, entries = [one.report.file for one in seen], [one.locked for one in seen]
        made = locked(path, files, entries, whole=not options.specs)
    except LockError as error:
        raise UsageError(str(error)) from None
    _write(path, made)
    failed = [one.report for one in seen if one.locked is None]
    output.print_text(_told(made, path, failed, options.quiet))
    return not failed


def _write(path: Path, made: Locked) -> None:
    """Replace the file, unless it is as it should be. Raises UsageError."""
    try:
        if path.is_file() and path.read_bytes() == made.text.encode():
            return
        output.write_file(path, made.text)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}; the file is as it was") from None


def _told(made: Locked, path: Path, failed: list[SpecReport], quiet: bool) -> str:
    """What is new in the file, a line for each spec, and the counts."""
    from tdinspect.formats.check.told import one_line, place
    from tdinspect.formats.words import counted

    lines = [f"{path}: it was written afresh, for it could not be read: {made.why}"] if made.why else []
    for report in failed:
        for finding in report.findings:
            if finding.severity == "error":
                lines.append(f"{place(finding, report)}: error[{finding.code}] {finding.message}")
    for change in made.changes:
        if not quiet and not (made.new and change.kind == "added"):
            words = f": {change.words}" if change.words else ""
            lines.append(f"{_KINDS[change.kind]} {change.key}{words}")
    counts = [f"{n:,} {word}" for kind, word in _KINDS.items() if (n := sum(c.kind == kind for c in made.changes))]
    lines.append(f"{path}: {counted(made.count, 'spec')} locked ({', '.join(counts) or 'nothing changed'})")
    return "".join(f"{one_line(line)}\n" for line in lines)

"""What every format of a check says alike: which findings, where they stand, and the last line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import PurePath

from tdinspect.domain.finding import Finding, Severity
from tdinspect.domain.report import Report, SpecReport
from tdinspect.formats.frames import frame
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.spans import Spans, plain_line, span, visible
from tdinspect.formats.words import counted, enumerated, shown_findings

FRAME_WIDTH = 100  # of a frame in a file, where no terminal says how wide
_LINE_ENDS = re.compile(r"\s*[\n\r\u2028\u2029]\s*")
_NO_FILE = re.compile(r"<.*>", re.DOTALL)  # <stdin>, <command line>


def one_line(text: str) -> str:
    """The text on one line, its control characters visible."""
    return visible(_LINE_ENDS.sub(" ", text))


def short_help(finding: Finding) -> tuple[str, str]:
    """The fix in a sentence, and what is to be pasted where that is one line; each can be empty."""
    first, *pasted = (finding.help or "").split("\n")
    return one_line(first.removesuffix(":")), one_line(pasted[0].strip()) if len(pasted) == 1 else ""


def place(finding: Finding, spec: SpecReport) -> str:
    """``specs/x.yaml:14:7``; the file alone where the finding has no position."""
    position = finding.position
    return one_line(spec.file) + (f":{position.line}:{position.column}" if position else "")


def uses(finding: Finding, spec: SpecReport) -> list[str]:
    """Where the block is used that the finding lies in, the innermost use first."""
    file = one_line(spec.file)
    return [f"in the block that is used at {file}:{use.line}:{use.column}" for use in reversed(finding.use_positions)]


def whole_message(finding: Finding, spec: SpecReport) -> str:
    """The message, the uses of its block and the whole fix, in lines."""
    lines = [finding.message, *uses(finding, spec)]
    return "\n".join([*lines, *([f"help: {finding.help}"] if finding.help else [])])


def plain_frame(finding: Finding, spec: SpecReport) -> str:
    """The code frame as text without colour."""
    return "\n".join(visible(plain_line(line)) for line in frame(finding, spec, FRAME_WIDTH, beside_rows=False))


def of_all(report: Report, notes: bool) -> Iterator[tuple[SpecReport, Finding]]:
    """Every finding that is to be told, with its spec, in the order of the report."""
    for spec in report.specs:
        for finding in shown_findings(spec, notes):
            yield spec, finding


def is_file(name: str) -> bool:
    """Whether a name stands for a file, unlike ``<stdin>``."""
    return _NO_FILE.fullmatch(name) is None


def from_root(name: str, options: RenderOptions) -> str:
    """A file's name as the reader counts it: with slashes, and from ``options.root`` where it lies below that."""
    if not is_file(name):
        return name
    if options.root:
        whole = os.path.normpath(PurePath(options.here, name))
        if PurePath(whole).is_relative_to(options.root):
            return PurePath(whole).relative_to(options.root).as_posix()
    return PurePath(name).as_posix()


def failing(options: RenderOptions) -> set[Severity]:
    """The severities that fail the check."""
    return {"error", "warning"} if options.error_on_warning else {"error"}


def last_line(report: Report, options: RenderOptions) -> Spans:
    """The summary, red where the check fails."""
    found = {finding.severity for spec in report.specs for finding in spec.findings}
    return span(summary(report, options), "error" if found & failing(options) else "strong")


def summary(report: Report, options: RenderOptions) -> str:
    """The last line: how many specs are clean, what is not shown, and for who watches how long it took."""
    specs = [spec for spec in report.specs if _is_spec(spec)]
    worst = [_worst(spec) for spec in specs]
    kinds = (("clean", None), ("with warnings", "warning"), ("with errors", "error"))
    parts = [f"{worst.count(kind):,} {words}" for words, kind in kinds if kind in worst]
    text = f"{counted(len(specs), 'spec')}: {', '.join(parts) or 'nothing to check'}"
    for other in report.specs:
        if not _is_spec(other):
            text += f"; {one_line(other.file)}: {_counts(other)}"
    extras = _left_unsaid(report, options)
    text += f" ({'; '.join(extras)})" if extras else ""
    if options.seconds is not None:
        text += f"   {options.seconds:.2f} s"
        text += f", {options.cached:,} from the cache" if options.cached else ""
    return text


def _left_unsaid(report: Report, options: RenderOptions) -> list[str]:
    hidden = sum(len(spec.findings) - len(shown_findings(spec, options.notes)) for spec in report.specs)
    extras = [f"shard {options.shard}"] if options.shard else []
    extras += [f"{counted(options.left_out, 'other YAML file')} left out"] if options.left_out else []
    return extras + ([f"{counted(hidden, 'note')}, --notes shows them"] if hidden else [])


def _is_spec(spec: SpecReport) -> bool:
    """False for the lock file, of which nothing but stale entries is ever told."""
    return not spec.findings or any(finding.code != "TD303" for finding in spec.findings)


def _worst(spec: SpecReport) -> Severity | None:
    found = {finding.severity for finding in spec.findings}
    return next((kind for kind in ("error", "warning") if kind in found), None)


def _counts(spec: SpecReport) -> str:
    found = [finding.severity for finding in spec.findings]
    kinds = [kind for kind in ("error", "warning", "note") if kind in found]
    return enumerated([counted(found.count(kind), kind) for kind in kinds])

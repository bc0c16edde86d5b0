"""Workflow commands that GitHub Actions shows as annotations on a pull request, after the text for the log.

The commands, their properties and their escaping are those of GitHub's reference of workflow commands and of its
toolkit (``@actions/core``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from tdinspect.domain.finding import RULES, Finding, Severity
from tdinspect.domain.report import Report, SpecReport
from tdinspect.formats.check import full
from tdinspect.formats.check.told import from_root, is_file, whole_message
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.spans import visible
from tdinspect.formats.words import counted, enumerated, shown_findings

LIMIT = 10  # annotations of one kind that GitHub shows of one step
_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}
_Found = tuple[SpecReport, Finding]


def render(report: Report, options: RenderOptions) -> str:
    """The text of ``full``, then at most 10 annotations of a kind, and one that tells how many there are no more."""
    text = _harmless(full.render(report, replace(options, color=False)))
    kinds = {kind: _by_importance(report, kind, options.notes) for kind in _COMMANDS}
    lines = [_annotation(*found, options) for kind, own in kinds.items() for found in own[: _limit(kind, kinds)]]
    left = [counted(len(own) - _limit(kind, kinds), kind) for kind, own in kinds.items() if _is_cut(kind, kinds)]
    if left:
        lines.append(
            _command("notice", {"title": "tdinspect"}, f"{enumerated(left)} more: the log of this step has all")
        )
    return text + "".join(f"{line}\n" for line in lines)


def _by_importance(report: Report, kind: Severity, notes: bool) -> list[_Found]:
    """First of every spec its first finding, then the second ones: what follows is often due to what stands before."""
    ranked = [
        (rank, spec, finding)
        for spec in report.specs
        for rank, finding in enumerate(f for f in shown_findings(spec, notes) if f.severity == kind)
    ]
    return [(spec, finding) for _, spec, finding in sorted(ranked, key=lambda found: found[0])]


def _is_cut(kind: Severity, kinds: Mapping[Severity, list[_Found]]) -> bool:
    return len(kinds[kind]) > _limit(kind, kinds)


def _limit(kind: Severity, kinds: Mapping[Severity, list[_Found]]) -> int:
    """How many of a kind: of the notices one less where one must say what is missing."""
    if kind != "note":
        return LIMIT
    return LIMIT - any(len(own) > LIMIT for own in kinds.values())


def _annotation(spec: SpecReport, finding: Finding, options: RenderOptions) -> str:
    where: dict[str, object] = {"file": from_root(spec.file, options)} if is_file(spec.file) else {}
    position = finding.position
    if position is not None and where:
        where |= {"line": position.line, "endLine": position.end_line}
        if position.line == position.end_line:  # GitHub takes no columns over several lines
            where |= {"col": position.column, "endColumn": position.end_column}
    where["title"] = f"{finding.code}: {RULES[finding.code].title}"
    return _command(_COMMANDS[finding.severity], where, whole_message(finding, spec))


def _command(name: str, properties: Mapping[str, object], message: str) -> str:
    told = ",".join(f"{key}={_property(visible(str(value)))}" for key, value in properties.items())
    return f"::{name} {told}::{_data(visible(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _harmless(text: str) -> str:
    """The text with no line of it taken for a command: a spec may have been written by a stranger.

    Between ``stop-commands`` and its token GitHub executes nothing; the token is of the text, so none can stand in it.
    """
    if "::" not in text and "##[" not in text:
        return text
    token = f"tdinspect-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
    return f"::stop-commands::{token}\n{text}::{token}::\n"

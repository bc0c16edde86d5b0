"""One spec of a check, inspected: what is kept of it, as data and as the text that cache and workers pass on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tdinspect.domain.finding import Finding
from tdinspect.domain.report import SpecReport
from tdinspect.domain.source import Source
from tdinspect.gate.codec import decode, encode
from tdinspect.pipeline import Request, inspect_source

# What a bug in code of the user's may raise through everything, and what the machine may.
_OUT_OF_MEMORY = "there was not enough memory to inspect this spec"


@dataclass(frozen=True, slots=True)
class Inspected:
    """What the inspection of one spec gave, before the policy and the lock have their say.

    ``report`` has all rows where the request asks for details; else its name, notes and findings. ``locked`` is the
    spec's entry of a lock file as JSON, None where it has none. ``imports`` are the files of the user's own code that
    it rests on, with what they held. ``lasting`` is False where the same spec may give something else the next time.
    """

    report: SpecReport
    locked: str | None = None
    imports: Mapping[str, str] = field(default_factory=dict)
    lasting: bool = True
    cached: bool = False


def inspect_one(source: Source, request: Request) -> Inspected:
    """Inspect one spec. What is too large for the memory is a finding; a fault of tdinspect raises as it is."""
    from tdinspect.gate.imported import before_any, files_behind, uses_imports

    imports = uses_imports(source, request.allow_import)
    if imports:
        before_any()
    try:
        report = inspect_source(source, request)
    except MemoryError:
        return crashed(source, _OUT_OF_MEMORY)
    files = files_behind(source, request.allow_import) if imports else {}
    kept = report if request.details else _brief(report)
    return Inspected(kept, _lock_entry(report), files, _lasts(source, report, imports))


def _lasts(source: Source, report: SpecReport, imports: bool) -> bool:
    """Whether the same text gives the same again: not where a module that was not found may be there the next time."""
    if imports and {"TD004", "TD009"} & {found.code for found in report.findings}:
        return False
    return source.fault is None and report.source == text_of(source)


def crashed(source: Source, message: str) -> Inspected:
    """A spec whose inspection did not come to its end."""
    finding = Finding("TD101", message)
    return Inspected(SpecReport(source.file, source.file, text_of(source), findings=(finding,)), lasting=False)


def dump(inspected: Inspected, details: bool) -> str:
    """All of it as one line of JSON, ``cached`` apart. Raises TypeError for something that JSON has not."""
    report = inspected.report
    data = {
        "name": report.name,
        "notes": list(report.notes),
        "findings": encode(report.findings),
        "locked": inspected.locked,
        "imports": dict(inspected.imports),
        "lasting": inspected.lasting,
        # A text in the text: without details it is never parsed.
        "report": json.dumps(encode(replace(report, source=""))) if details else None,
    }
    return json.dumps(data)


def load(text: str | bytes, source: Source, details: bool) -> Inspected | None:
    """What ``dump`` wrote for this spec; None where details are wanted and were not written. Raises ValueError."""
    data = json.loads(text)
    if not isinstance(data, dict) or data.keys() != {
        "name", "notes", "findings", "locked", "imports", "lasting", "report",
    }:  # fmt: skip
        raise ValueError("not what was written")
    if details and data["report"] is None:
        return None
    return Inspected(
        _report(data, source, details),
        decode(str | None, data["locked"]) if data["locked"] is not None else None,
        decode(Mapping[str, str], data["imports"]) if data["imports"] else {},
        data["lasting"] is True,
    )


def _report(data: Mapping[str, object], source: Source, details: bool) -> SpecReport:
    if details and data["report"] is not None:
        report: SpecReport = decode(SpecReport, json.loads(decode(str, data["report"])))
        return replace(report, file=source.file, source=text_of(source))
    name, notes, findings = data["name"], data["notes"], data["findings"]
    if not isinstance(name, str):
        raise ValueError("a name is a text")
    return SpecReport(
        source.file,
        name,
        text_of(source),
        findings=decode(tuple[Finding, ...], findings) if findings else (),
        notes=decode(tuple[str, ...], notes) if notes else (),
    )


def text_of(source: Source) -> str:
    """The spec's text as its report has it, without the mark that some editors begin a file with."""
    if isinstance(source.text, str):
        return source.text.removeprefix("\ufeff")
    try:
        return source.text.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        return source.text.decode("utf-8", "replace")


def _brief(report: SpecReport) -> SpecReport:
    """What the text formats of a check show; thousands of reports with all their rows would fill the memory."""
    return SpecReport(report.file, report.name, report.source, findings=report.findings, notes=report.notes)


def _lock_entry(report: SpecReport) -> str | None:
    from tdinspect.analysis.locked import entry_of  # what comes from the cache has its entry already

    entry = entry_of(report)
    return None if entry is None else json.dumps(entry, ensure_ascii=False)

"""SARIF 2.1.0 (the OASIS standard), for GitHub's code scanning and every viewer of it."""

from __future__ import annotations

import json
import re
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from tdinspect.checks import PAGES
from tdinspect.checks.page import Page
from tdinspect.domain.finding import Finding
from tdinspect.domain.location import Position
from tdinspect.domain.report import Report, SpecReport
from tdinspect.formats.check.fingerprint import Fingerprints
from tdinspect.formats.check.told import from_root, is_file, of_all, whole_message
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.marks import fenced
from tdinspect.formats.spans import visible

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LINK = re.compile(r"\[(?=[^\[\]]*\]\()")  # in a message `[text](place)` would be a link


def render(report: Report, options: RenderOptions) -> str:
    """One run with a result for each finding, notes too, and the rules that have any."""
    found = list(of_all(report, notes=True))
    codes = {finding.code for _, finding in found}
    pages = [page for page in PAGES if page.code in codes]
    indices = {page.code: index for index, page in enumerate(pages)}
    named = Fingerprints()
    results = []
    for spec, finding in found:
        mark = named.of(finding, spec, from_root(spec.file, options))
        results.append(_result(finding, spec, options, indices[finding.code], mark))
    version = {"version": options.version} if options.version else {}
    run = {
        "tool": {"driver": {"name": "tdinspect", **version, "rules": [_rule(page) for page in pages]}},
        # As the positions of YAML are counted.
        "columnKind": "unicodeCodePoints",
        "newlineSequences": ["\r\n", "\n", "\r", "\u0085", "\u2028", "\u2029"],
        "results": results,
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(page: Page) -> dict[str, Any]:
    examples = [
        f"{title}:\n\n{fenced(spec.rstrip(), 'yaml')}" for title, spec in (("Bad", page.bad), ("Good", page.good))
    ]
    return {
        "id": page.code,
        "shortDescription": {"text": page.rule.title},
        "fullDescription": {"text": page.why},
        "help": {
            "text": f"{page.why}\n\n{page.fix}",
            "markdown": "\n\n".join([page.why, f"**Fix**: {page.fix}", *examples]),
        },
        "defaultConfiguration": {"level": page.rule.severity},
    }


def _result(finding: Finding, spec: SpecReport, options: RenderOptions, index: int, mark: str) -> dict[str, Any]:
    artifact = _artifact(spec.file, options)
    uses = [
        {"message": {"text": "the block is used here"}, "physicalLocation": _physical(artifact, use)}
        for use in reversed(finding.use_positions)
    ]
    return {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": _LINK.sub(r"\\[", visible(whole_message(finding, spec)))},
        "locations": [{"physicalLocation": _physical(artifact, finding.position)}],
        **({"relatedLocations": uses} if uses else {}),
        "partialFingerprints": {"tdinspectFinding/v1": mark},
    }


def _physical(artifact: dict[str, str], position: Position | None) -> dict[str, Any]:
    """GitHub wants a line of every result, so a finding about a whole file stands at its first."""
    region = {"startLine": 1}
    if position is not None:
        region = {
            "startLine": position.line,
            "startColumn": position.column,
            "endLine": position.end_line,
            "endColumn": position.end_column,
        }
    return {"artifactLocation": artifact, "region": region}


def _artifact(file: str, options: RenderOptions) -> dict[str, str]:
    """A reference relative to the root of the sources where the file is below it; every other character in percents."""
    name = from_root(file, options)
    if is_file(file) and PurePath(name).is_absolute():
        return {"uri": f"file://{'' if name.startswith('/') else '/'}{quote(name, errors='surrogateescape')}"}
    return {"uri": quote(name, errors="surrogateescape"), "uriBaseId": "%SRCROOT%"}

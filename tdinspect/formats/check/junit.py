"""JUnit XML: each spec a test case, what fails it as its one failure, for every CI that counts tests."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from tdinspect.domain.finding import Finding
from tdinspect.domain.report import Report, SpecReport
from tdinspect.formats.check.told import failing, from_root, plain_frame, summary
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.spans import visible
from tdinspect.formats.words import shown_findings

_NAME = "tdinspect"
# What XML 1.0 has no way to write, beside what `visible` has made visible.
_ILLEGAL = re.compile("[\ud800-\udfff\ufffe\uffff]")


def render(report: Report, options: RenderOptions) -> str:
    """One suite. GitLab reads one failure of a case, so the frames of all that fail a spec stand in one.

    What does not fail the check, warnings and (with ``--notes``) notes, is the case's output.
    """
    fatal = failing(options)
    suite = ElementTree.Element("testsuite", name=_NAME)
    failures = 0
    for spec in report.specs:
        file = _text(from_root(spec.file, options))
        case = ElementTree.SubElement(suite, "testcase", classname=_NAME, name=file, file=file)
        shown = shown_findings(spec, options.notes)
        bad = [finding for finding in shown if finding.severity in fatal]
        if bad:
            failures += 1
            more = f" (and {len(bad) - 1:,} more)" if len(bad) > 1 else ""
            message = _text(f"{bad[0].code}: {bad[0].message}{more}")
            ElementTree.SubElement(case, "failure", type=bad[0].code, message=message).text = _frames(bad, spec)
        if len(shown) > len(bad):
            others = [finding for finding in shown if finding.severity not in fatal]
            ElementTree.SubElement(case, "system-out").text = _frames(others, spec)
    ElementTree.SubElement(suite, "system-out").text = _text(summary(report, options))
    counts = {"tests": str(len(report.specs)), "failures": str(failures), "errors": "0", "skipped": "0"}
    for element in (suite, root := ElementTree.Element("testsuites", name=_NAME)):
        for key, value in counts.items():
            element.set(key, value)
    root.append(suite)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _frames(findings: list[Finding], spec: SpecReport) -> str:
    return _text("\n\n".join(plain_frame(finding, spec) for finding in findings))


def _text(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", visible(text))

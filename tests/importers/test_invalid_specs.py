"""The folder is the test list: NAME.yaml with a mistake, NAME.txt with what is said about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tdinspect.domain.finding import Finding
from tdinspect.importers import read_spec

FOLDER = Path(__file__).parents[1] / "specs" / "invalid" / "reading"
CASES = sorted(FOLDER.glob("*.yaml"))


def written(finding: Finding) -> str:
    place = finding.position
    lines = [f"{place.line}:{place.column} {finding.code} {finding.message}" if place else finding.message]
    lines.extend(f"  in a block that is used at {use.line}:{use.column}" for use in finding.use_positions)
    if finding.help:
        lines.append("  help: " + finding.help.replace("\n", "\n        "))
    return "\n".join(lines)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_each_invalid_spec_is_answered_with_its_findings(case: Path, request: pytest.FixtureRequest) -> None:
    findings = read_spec(case.read_bytes(), case.name).findings
    text = "".join(written(finding) + "\n" for finding in findings)
    expected = case.with_suffix(".txt")
    if request.config.getoption("--renew", default=False):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
    assert findings
    assert all(finding.position for finding in findings)


def test_there_is_no_answer_without_its_spec() -> None:
    assert {case.stem for case in CASES} == {answer.stem for answer in FOLDER.glob("*.txt")}

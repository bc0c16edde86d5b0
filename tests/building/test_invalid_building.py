"""The folder is the test list: NAME.yaml with mistakes that reading cannot see, NAME.txt with their frames.

The frames are those under the table of ``tdinspect shape`` at 100 columns. The neighbour ``valid/building`` has specs
that look like such mistakes and are none.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tdinspect.domain.report import Report, SpecReport
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.table import render
from tdinspect.importers import read_spec
from tdinspect.pipeline import Request, Source, execute

SPECS = Path(__file__).parents[1] / "specs"
INVALID = sorted((SPECS / "invalid" / "building").glob("*.yaml"))
VALID = sorted((SPECS / "valid" / "building").glob("*.yaml"))
FRAME = re.compile(r"^(error|warning|note)\[TD\d\d\d\]: ", re.MULTILINE)

every_invalid_spec = pytest.mark.parametrize("case", INVALID, ids=lambda case: case.stem)
every_valid_spec = pytest.mark.parametrize("case", VALID, ids=lambda case: case.stem)


def inspected(case: Path) -> SpecReport:
    return execute(Request("shape", (Source(case.name, case.read_bytes()),))).specs[0]


def frames(spec: SpecReport) -> str:
    text = render(Report("shape", (spec,)), RenderOptions(width=100))
    start = FRAME.search(text)
    return text[start.start() :] if start else ""


@every_invalid_spec
def test_a_mistake_is_answered_with_its_frames(case: Path, request: pytest.FixtureRequest) -> None:
    spec = inspected(case)
    answer = case.with_suffix(".txt")
    if request.config.getoption("--renew"):
        answer.write_text(frames(spec), encoding="utf-8")
    assert answer.read_text(encoding="utf-8") == frames(spec)
    assert spec.findings
    assert all(finding.position for finding in spec.findings)


@every_invalid_spec
def test_reading_alone_does_not_see_the_mistake(case: Path) -> None:
    assert read_spec(case.read_bytes(), case.name).findings == ()


@every_valid_spec
def test_a_spec_without_a_mistake_has_no_findings(case: Path) -> None:
    assert inspected(case).findings == ()


def test_there_is_no_answer_without_its_spec() -> None:
    folder = SPECS / "invalid" / "building"
    assert {case.stem for case in INVALID} == {answer.stem for answer in folder.glob("*.txt")}

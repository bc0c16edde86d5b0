"""Every spec of the tests, right or wrong, is answered by the gate: findings, and never a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tdinspect.domain.report import Report
from tdinspect.formats import CHECK_FORMATS, FORMATS, load_check_format, load_format
from tdinspect.formats.interface import RenderOptions
from tdinspect.pipeline import Request, Source, inspect_source

SPECS = Path(__file__).parent / "specs"
FILES = sorted(SPECS.rglob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.relative_to(SPECS).as_posix())
def test_a_spec_of_the_tests_is_answered_in_every_format(file: Path) -> None:
    source = Source(file.name, file.read_bytes())
    report = Report("check", (inspect_source(source, Request("check", (source,), details=True)),))
    for name in FORMATS:
        assert load_format(name).render(Report("axes", report.specs), RenderOptions(width=60)).endswith("\n")
    for name in CHECK_FORMATS:
        text = load_check_format(name).render(report, RenderOptions(width=60, notes=True))
        assert [] == [finding.code for finding in report.specs[0].findings if finding.code not in text]
        if name in ("json", "gitlab", "sarif"):
            data = json.loads(text)
            assert name != "json" or data["specs"][0]["ok"] is report.ok
        elif name == "junit":
            assert str(int(not report.ok)) == ElementTree.fromstring(text).get("failures")

"""Every spec of the tests, right or wrong, is answered by the gate: findings, and never a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tdinspect.domain.report import Report
from tdinspect.formats import FORMATS, load_format
from tdinspect.formats.interface import RenderOptions
from tdinspect.pipeline import Request, Source, inspect_source

SPECS = Path(__file__).parent / "specs"
FILES = sorted(SPECS.rglob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.relative_to(SPECS).as_posix())
def test_a_spec_of_the_tests_is_answered_in_every_format(file: Path) -> None:
    source = Source(file.name, file.read_bytes())
    report = Report("check", (inspect_source(source, Request("check", (source,), details=True)),))
    for name in FORMATS:
        text = load_format(name).render(report, RenderOptions(width=60))
        assert name != "json" or json.loads(text)["specs"][0]["ok"] is report.ok

"""The page on the spec language is true: its specs read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tdinspect.importers import read_spec

PAGE = (Path(__file__).parents[2] / "docs" / "spec-language.md").read_text(encoding="utf-8")
SPECS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", SPECS, ids=range(len(SPECS)))
def test_each_spec_on_the_page_reads_without_a_finding(text: str) -> None:
    parsed = read_spec(text, "docs.yaml")
    assert parsed.findings == ()
    assert parsed.spec is not None

"""The page on the spec language is true: its specs read, and what it says is refused is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tdinspect.importers import read_spec
from tdinspect.importers.arguments import LATER_CONTAINERS, LATER_SOURCES

PAGE = (Path(__file__).parents[2] / "docs" / "spec-language.md").read_text(encoding="utf-8")
SPECS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
REFUSED = re.findall(r"`(\w+)`", PAGE.partition("## Not supported yet")[2])


@pytest.mark.parametrize("text", SPECS, ids=range(len(SPECS)))
def test_each_spec_on_the_page_reads_without_a_finding(text: str) -> None:
    parsed = read_spec(text, "docs.yaml")
    assert parsed.findings == ()
    assert parsed.spec is not None


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_page_calls_unsupported_is_refused_in_these_words(name: str) -> None:
    key = f"{name}: []\n" if name == "blocks" else ""
    step = "  - ReLU:\n    repeat: 2\n" if name == "repeat" else f"  - {name}: 3\n" if not key else "  - ReLU\n"
    findings = read_spec(f"{key}input: [B, 8]\nlayers:\n{step}", "x.yaml").findings
    assert [("TD003", f"`{name}` is not supported yet")] == [(f.code, f.message) for f in findings]


def test_the_page_names_all_that_is_refused() -> None:
    assert {*LATER_CONTAINERS, *LATER_SOURCES, "blocks", "repeat"} == set(REFUSED)

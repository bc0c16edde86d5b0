"""Every rule has a page, and the page's two examples are what they claim to be."""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path

import pytest

import tdinspect.checks
from tdinspect.checks import NOT_CHECKED, PAGES
from tdinspect.checks.page import Page
from tdinspect.domain.finding import RULES
from tests.checks.seen import findings_of

FOLDER = Path(tdinspect.checks.__file__).parent
# What the good example of TD009 imports.
MYLAYERS = """
from torch import nn

class Gate(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.linear = nn.Linear(features, features)

    def forward(self, x):
        return x * self.linear(x).sigmoid()
"""

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
# No spec shows these alone: tests/lock/test_pages.py has their examples, with a lock file.
BY_LOCK = {"TD302", "TD303"}
checked = pytest.mark.parametrize(
    "page", [page for page in PAGES if page.code not in NOT_CHECKED | BY_LOCK], ids=lambda p: p.code
)
unchecked = pytest.mark.parametrize("page", [page for page in PAGES if page.code in NOT_CHECKED], ids=lambda p: p.code)


@pytest.fixture
def mylayers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of the user's own in the current folder."""
    (tmp_path / "mylayers.py").write_text(MYLAYERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "mylayers", raising=False)


@cache
def codes(text: str, allow: tuple[str, ...] = ()) -> set[str]:
    """The codes of what is found in a spec."""
    return {finding.code for finding in findings_of(text, allow)}


def test_every_rule_has_one_page_in_a_file_of_its_own() -> None:
    assert list(RULES) == [page.code for page in PAGES]
    assert [code.lower() for code in RULES] == sorted(path.stem for path in FOLDER.glob("td*.py"))


def test_only_rules_that_exist_can_be_not_checked() -> None:
    assert set() == NOT_CHECKED - set(RULES)


@every_page
def test_a_page_says_why_in_two_to_five_sentences(page: Page) -> None:
    assert 2 <= len(re.findall(r"[.?!](?=\s|$)", page.why)) <= 5
    assert page.why.endswith(".")
    assert page.fix.endswith(".")
    for text in (page.why, page.fix):
        assert " ".join(text.split()) == text


@every_page
def test_the_two_examples_differ(page: Page) -> None:
    assert page.bad != page.good
    assert page.bad.endswith("\n")
    assert page.good.endswith("\n")


@checked
def test_the_bad_example_gives_the_code_of_its_page_and_no_other(page: Page) -> None:
    assert {page.code} == codes(page.bad)


@every_page
@pytest.mark.usefixtures("mylayers")
def test_the_good_example_gives_no_finding(page: Page) -> None:
    assert set() == codes(page.good, page.allow)


@unchecked
def test_a_rule_that_is_not_checked_yet_does_not_fire_on_its_bad_example(page: Page) -> None:
    """When it does, it is checked: take its code out of NOT_CHECKED."""
    assert set() == codes(page.bad)

"""The folder is the test list: NAME.yaml with a mistake, NAME.txt with what is found, NAME.fixed.yaml without it.

``found/`` has further mistakes, each with its codes and lines; ``silent/`` what looks like a mistake and is none.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tdinspect.domain.finding import Finding
from tests.checks.seen import findings_of

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "specs" / "rules"
CASES = sorted(path for path in FOLDER.glob("*.yaml") if not path.name.endswith(".fixed.yaml"))
FOUND = sorted((FOLDER / "found").glob("*.yaml"))
SILENT = sorted((FOLDER / "silent").glob("*.yaml"))
# Of the shipped specs: warnings that are true, and that the spec says so of itself or its source has so.
TRUE = {
    "lstm_kept_step_bidirectional": {"TD213"},
    "lstm_kept_step_two_layers_bidirectional": {"TD213"},
    "mask_rcnn_heads": {"TD208"},
}

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
every_found_spec = pytest.mark.parametrize("case", FOUND, ids=lambda case: case.stem)
every_silent_spec = pytest.mark.parametrize("case", SILENT, ids=lambda case: case.stem)
every_shipped_spec = pytest.mark.parametrize("case", sorted((ROOT / "specs").glob("*.yaml")), ids=lambda c: c.stem)


def text_of(findings: tuple[Finding, ...]) -> str:
    return "".join(_text(finding) for finding in findings)


def _text(finding: Finding) -> str:
    line = finding.position.line if finding.position else "?"
    found = f"{finding.severity}[{finding.code}] line {line}: {finding.message}\n"
    return found + (f"help: {finding.help}\n" if finding.help else "")


@every_case
def test_a_mistake_is_found_at_its_line_with_its_fix(case: Path, request: pytest.FixtureRequest) -> None:
    answer, found = case.with_suffix(".txt"), findings_of(case.read_text())
    if request.config.getoption("--renew"):
        answer.write_text(text_of(found), encoding="utf-8")
    assert answer.read_text(encoding="utf-8") == text_of(found)
    assert 1 == len(found)


@every_case
def test_after_the_fix_nothing_is_found(case: Path) -> None:
    assert "" == text_of(findings_of(case.with_suffix(".fixed.yaml").read_text()))


@every_case
def test_the_steps_of_a_help_pasted_in_place_of_the_step_take_the_finding_away(case: Path) -> None:
    (finding,) = findings_of(case.read_text())
    pasted = _pasted(case.read_text(), finding)
    if pasted is None:
        pytest.skip("it is said in words, or the wrapper around the step goes")
    assert finding.code not in {other.code for other in findings_of(pasted)}


def _pasted(text: str, finding: Finding) -> str | None:
    """The spec with the steps of the help in place of the step that was found."""
    _, tried, steps = (finding.help or "").partition("(tried: ")
    _, _, steps = steps.partition("\n")
    if not tried or "take it out" in (finding.help or "") or finding.position is None:
        return None
    lines = text.splitlines()
    at = finding.position.line - 1
    indent = re.match(r" *", lines[at]).group()  # type: ignore[union-attr]
    end = at + 1
    while end < len(lines) and re.match(rf"{indent} +[a-z]", lines[end]):  # the step's own keys
        end += 1
    return "\n".join([*lines[:at], *(indent + line for line in steps.splitlines()), *lines[end:], ""])


def test_there_is_no_answer_and_no_fix_without_its_spec() -> None:
    names = {case.stem for case in CASES}
    assert names == {path.stem for path in FOLDER.glob("*.txt")}
    assert names == {path.name.removesuffix(".fixed.yaml") for path in FOLDER.glob("*.fixed.yaml")}


@every_found_spec
def test_a_further_mistake_is_found_and_no_other(case: Path, request: pytest.FixtureRequest) -> None:
    answer, findings = case.with_suffix(".txt"), findings_of(case.read_text())
    if request.config.getoption("--renew"):
        answer.write_text(text_of(findings), encoding="utf-8")
    assert answer.read_text(encoding="utf-8") == text_of(findings)
    assert findings


@every_silent_spec
def test_nothing_is_found_where_nothing_is_wrong(case: Path) -> None:
    assert "" == text_of(findings_of(case.read_text()))


@every_shipped_spec
def test_no_shipped_spec_has_an_error_or_a_warning_that_is_false(case: Path) -> None:
    found = {finding.code for finding in findings_of(case.read_text()) if finding.severity != "note"}
    assert TRUE.get(case.stem, set()) == found

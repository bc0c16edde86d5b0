"""What must be true of every format of a check: nothing is lost, no name breaks it, and no report is too long."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from tdinspect.domain.finding import RULES, Finding
from tdinspect.domain.location import Position
from tdinspect.formats import CHECK_FORMATS
from tdinspect.importers import read_spec
from tests.formats.check.samples import CLEAN, LSTM, LSTM_SOURCE, ODD, ODD_NAMES, STALE, WHOLE_FILE, report, spec, text


def unescaped(value: str) -> str:
    """A property of a workflow command as GitHub's runner reads it."""
    for written, meant in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        value = value.replace(written, meant)
    return value


def named_file(name: str, file: str, **options: object) -> str:
    """The file's name as a program reads it out of a report with one finding."""
    written = text(name, report(spec(LSTM, file=file)), **options)
    if name == "github":
        command = next(line for line in written.splitlines() if line.startswith("::error "))
        pairs = dict(pair.split("=", 1) for pair in command.split("::", 2)[1].partition(" ")[2].split(","))
        return unescaped(pairs["file"])
    if name == "gitlab":
        return str(json.loads(written)[0]["location"]["path"])
    if name == "json":
        return str(json.loads(written)["specs"][0]["file"])
    if name == "junit":
        return str(ElementTree.fromstring(written).findall(".//testcase")[0].get("name"))
    result = json.loads(written)["runs"][0]["results"][0]
    return unquote(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])


@pytest.mark.parametrize("file", ODD_NAMES)
@pytest.mark.parametrize("name", ["github", "gitlab", "json", "junit", "sarif"])
def test_a_program_reads_the_name_of_the_file_as_it_is(name: str, file: str) -> None:
    assert file == named_file(name, file)


@pytest.mark.parametrize("file", ODD_NAMES)
def test_a_person_reads_the_name_of_the_file_as_it_is(file: str) -> None:
    assert text("concise", report(spec(LSTM, file=file))).startswith(f"{file}:4:5: error[TD202] ")
    assert f" --> {file}:4:5" in text("full", report(spec(LSTM, file=file)))


@pytest.mark.parametrize("name", ["github", "gitlab", "junit", "sarif"])
@pytest.mark.parametrize(
    ("expected", "file"),
    [
        ("project/specs/x.yaml", "specs/x.yaml"),
        ("project/specs/x.yaml", "/repo/project/specs/x.yaml"),
        ("other/x.yaml", "../other/x.yaml"),
    ],
)
def test_a_ci_reads_names_from_the_root_of_the_repository(name: str, expected: str, file: str) -> None:
    assert expected == named_file(name, file, here="/repo/project", root="/repo")


def test_a_file_outside_the_repository_keeps_its_name() -> None:
    assert "/else/x.yaml" == named_file("gitlab", "/else/x.yaml", here="/repo", root="/repo")
    assert "file:///else/a b.yaml" == named_file("sarif", "/else/a b.yaml", here="/repo", root="/repo")


@pytest.mark.parametrize("name", CHECK_FORMATS)
@pytest.mark.parametrize("file", ["<stdin>", "<command line>"])
def test_what_is_no_file_is_told_all_the_same(name: str, file: str) -> None:
    written = text(name, report(spec(LSTM, WHOLE_FILE, file=file)), here="/repo", root="/repo")
    assert "TD202" in written
    assert "TD008" in written


@pytest.mark.parametrize("name", CHECK_FORMATS)
def test_findings_of_every_kind_are_in_every_format(name: str) -> None:
    written = text(name, ODD, notes=True)
    assert [] == [
        code for code in ("TD202", "TD206", "TD008", "TD102", "TD001", "TD208", "TD303") if code not in written
    ]
    assert "tdinspect.lock" in written


@pytest.mark.parametrize("name", CHECK_FORMATS)
@pytest.mark.parametrize("code", RULES)
def test_every_rule_can_be_told(name: str, code: str) -> None:
    assert code in text(name, report(spec(replace(LSTM, code=code))), notes=True)


@pytest.mark.parametrize("name", CHECK_FORMATS)
@pytest.mark.parametrize("notes", [False, True])
def test_a_report_of_nothing_is_a_text(name: str, notes: bool) -> None:
    for told in (report(), report(CLEAN), report(STALE)):
        assert text(name, told, notes=notes).endswith("\n")


@pytest.mark.parametrize("name", CHECK_FORMATS)
def test_control_characters_of_a_file_reach_nobody(name: str) -> None:
    wild = "\x1b[31m\x00\x07\u202e\x9b"
    finding = Finding("TD006", f"no {wild}", help=f"try {wild}\n{wild}", position=Position(1, 2, 1, 4))
    written = text(name, report(spec(finding, file=f"a{wild}b.yaml", source=f"x{wild}: 1\n")))
    if name in ("gitlab", "json", "sarif"):
        assert "\x1b" not in written  # what JSON has no need to escape is the reader's
    else:
        assert [] == [char for char in wild if char in written and char not in "[31m"]


@pytest.mark.parametrize("name", CHECK_FORMATS)
def test_ten_thousand_findings_in_one_line_are_written(name: str) -> None:
    source = f"layers: [{', '.join(['{Foo: 1}'] * 10_000)}]\n"
    found = [
        Finding("TD004", "there is no layer Foo", position=Position(1, 11 + 10 * i, 1, 14 + 10 * i))
        for i in range(10_000)
    ]
    written = text(name, report(spec(*found, source=source)))
    told = written.count("there is no layer Foo")
    if name == "markdown":
        assert len(written.encode()) <= 1_000_000
        assert f"{10_000 - told:,} further findings" in written or told == 10_000
    else:
        assert {"github": 10_010, "junit": 10_001}.get(name, 10_000) == told


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_move_nothing(ends: str, mark: str) -> None:
    source = mark + LSTM_SOURCE.replace("Linear", "Lineer").replace("layers:", "layres:").replace("\n", ends)
    parsed = read_spec(source.encode(), "x.yaml")
    told = report(spec(*parsed.findings, file="x.yaml", source=parsed.document.text))
    assert "x.yaml:3:1: error[TD002]" in text("concise", told)
    assert "3 | layres:\n  | ^^^^^^\n" in text("full", told)
    assert "\r" not in text("full", told)
    found = json.loads(text("sarif", told))["runs"][0]["results"]
    [region] = [result["locations"][0]["physicalLocation"]["region"] for result in found if result["ruleId"] == "TD002"]
    assert {"startLine": 3, "startColumn": 1, "endLine": 3, "endColumn": 7} == region


def test_no_format_of_a_check_loads_rich() -> None:
    code = (
        "import sys; from tdinspect.formats import CHECK_FORMATS, load_check_format\n"
        "from tdinspect.formats.interface import RenderOptions; from tdinspect.domain.report import Report\n"
        "for name in CHECK_FORMATS: load_check_format(name).render(Report('check', ()), RenderOptions(color=True))\n"
        "print(sorted({'rich', 'torch', 'typer', 'yaml'} & sys.modules.keys()))"
    )
    assert "[]\n" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

"""`tdinspect explain`: the pages of the rules, in the terminal and as docs/rules.md."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tdinspect.checks import NOT_CHECKED, PAGES
from tdinspect.cli import main
from tdinspect.domain.finding import RULES
from tests.cli.fakes import ROOT

Captured = pytest.CaptureFixture[str]
REFERENCE = ROOT / "docs" / "rules.md"
TITLE = "unknown, missing or ill-typed argument"


def explain(capsys: Captured, *arguments: str) -> str:
    assert 0 == main(["explain", *arguments])
    captured = capsys.readouterr()
    assert "" == captured.err
    return captured.out


@pytest.fixture(autouse=True)
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_a_page_has_title_severity_reason_both_examples_and_fix(capsys: Captured) -> None:
    text = explain(capsys, "TD005")
    assert f"TD005 (error): {TITLE}" == text.splitlines()[0]
    assert "    layers:\n      - Conv2d: {out_channels: 16, kernel: 3}\n" in text
    assert "    layers:\n      - Conv2d: {out_channels: 16, kernel_size: 3}\n" in text
    assert "signature of the installed PyTorch" in " ".join(text.split())
    assert "\nFix: Use the argument's name in PyTorch" in text


def test_a_code_may_be_written_in_small_letters(capsys: Captured) -> None:
    assert explain(capsys, "TD005") == explain(capsys, "td005")


def test_several_codes_give_their_pages_in_the_order_asked_and_each_once(capsys: Captured) -> None:
    text = explain(capsys, "td102", "TD005", "TD102")
    assert ["TD102", "TD005"] == [line[:5] for line in text.splitlines() if line.startswith("TD")]


def test_without_a_code_every_rule_is_listed_with_severity_and_title(capsys: Captured) -> None:
    rows = [line.split(None, 2) for line in explain(capsys).splitlines() if line.startswith("TD")]
    assert [(rule.code, rule.severity) for rule in RULES.values()] == [(code, severity) for code, severity, _ in rows]
    assert ["TD005", "error", TITLE] in rows


@pytest.mark.parametrize("columns", [40, 80, 300])
def test_prose_is_wrapped_to_the_width(capsys: Captured, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    prose = [line for line in explain(capsys, *RULES).splitlines() if not line.startswith("    ")]
    assert [] == [line for line in prose if len(line) > columns and " " in line.strip()]
    assert 100 >= max(map(len, prose))


@pytest.mark.parametrize("code", sorted(RULES))
def test_a_page_and_the_list_say_so_when_a_rule_is_not_checked_yet(capsys: Captured, code: str) -> None:
    listed = " ".join(explain(capsys).split()).split(f"{code} ", 1)[1].split(" TD", 1)[0]
    assert (code in NOT_CHECKED) == ("Not checked yet" in explain(capsys, code)) == ("(not checked yet)" in listed)


def test_markdown_has_the_examples_as_yaml(capsys: Captured) -> None:
    text = explain(capsys, "TD001", "--format", "markdown")
    assert text.startswith("## TD001\n\n**not YAML** (error)\n")
    assert "```yaml\ninput: [B, T, 8\nlayers:\n  - Linear: 10\n```\n" in text


def test_json_has_every_part_of_a_page(capsys: Captured) -> None:
    answer = json.loads(explain(capsys, "td009", "--format", "json"))
    assert (1, "tdinspect", "explain") == (answer["version"], answer["tool"], answer["command"])
    (rule,) = answer["rules"]
    page = next(page for page in PAGES if page.code == "TD009")
    assert ("TD009", "error", True, None) == (rule["code"], rule["severity"], rule["checked"], rule["note"])
    assert (page.why, page.bad, page.good, page.fix) == (rule["why"], rule["bad"], rule["good"], rule["fix"])
    assert ["mylayers"] == rule["allow_import"]


def test_json_without_a_code_has_all_rules(capsys: Captured) -> None:
    assert list(RULES) == [rule["code"] for rule in json.loads(explain(capsys, "--format", "json"))["rules"]]


@pytest.mark.parametrize(("code", "near"), [("TD014", "TD0"), ("TD1O2", "TD102"), ("005", "TD005"), ("E501", "TD")])
def test_an_unknown_code_is_a_usage_error_with_the_nearest(capsys: Captured, code: str, near: str) -> None:
    assert 2 == main(["explain", "TD005", code])
    captured = capsys.readouterr()
    assert "" == captured.out
    assert f"tdinspect explain: there is no rule '{code}': did you mean {near}" in captured.err


def test_an_unknown_format_is_a_usage_error(capsys: Captured) -> None:
    assert 2 == main(["explain", "--format", "html"])
    assert "one of text, markdown, json" in capsys.readouterr().err


def test_docs_rules_is_what_explain_writes(capsys: Captured, request: pytest.FixtureRequest) -> None:
    text = explain(capsys, "--format", "markdown")
    if request.config.getoption("--renew"):
        REFERENCE.write_bytes(text.encode("utf-8"))
    assert REFERENCE.read_bytes().decode("utf-8") == text, "pytest --renew writes it"


def test_explaining_imports_neither_torch_nor_rich_nor_yaml() -> None:
    program = (
        "import sys; from tdinspect.cli import main; code = main(['explain', 'TD005'])\n"
        "sys.stderr.write(repr(sorted({'torch', 'rich', 'yaml'} & sys.modules.keys()))); raise SystemExit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (0, "[]") == (done.returncode, done.stderr)


def test_a_closed_pipe_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tdinspect", "explain", "--format", "markdown"],
            cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, timeout=60,
        )  # fmt: skip
    finally:
        os.close(writer)
    assert (0, b"") == (done.returncode, done.stderr)

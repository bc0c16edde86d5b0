"""What a comment in a spec silences, and what is said of one that silences nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import tdinspect
from tdinspect.cli import main
from tdinspect.domain.finding import Finding
from tdinspect.domain.location import Position
from tdinspect.domain.report import SpecReport
from tdinspect.domain.source import Source
from tdinspect.gate.check import Plan, check
from tdinspect.gate.policy import Policy, judged

HEAD = "input: [B, T, 8]\ntime_axis: T\nlayers:\n"
NOTED = HEAD + "  - softmax: 1"  # TD211, a note, in line 4
FAILS = "input: [B, T, 3, 8, 8]\ntime_axis: T\nlayers:\n  - Conv2d: {out_channels: 4, kernel_size: 3}"
Captured = pytest.CaptureFixture[str]


def findings(text: str | bytes, policy: Policy | None = None) -> tuple[Finding, ...]:
    return check(Plan((Source("a.yaml", text),), policy=policy or Policy())).report.specs[0].findings


def found(text: str | bytes, policy: Policy | None = None) -> list[str]:
    """Each finding as its code and line."""
    return [f"{one.code}:{one.position.line if one.position else 0}" for one in findings(text, policy)]


def told(text: str) -> tuple[str, str | None]:
    [one] = findings(text)
    assert "TD304" == one.code
    return one.message, one.help


@pytest.mark.parametrize(
    "comment",
    [
        "# tdinspect: ignore[TD211]",
        "#tdinspect:ignore[TD211]",
        "#  tdinspect :  ignore [ td211 ]",
        "# tdinspect: ignore[TD211] the weights of an attention",
        "# as in the paper  # tdinspect: ignore[TD211]",
        "# tdinspect: ignore-file[TD211]",
    ],
)
def test_a_comment_silences_the_finding_on_its_line(comment: str) -> None:
    assert ["TD211:4"] == found(NOTED)
    assert [] == found(f"{NOTED} {comment}\n")


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_a_mark_at_the_start_change_nothing(ending: str, mark: bytes) -> None:
    text = f"{NOTED} # tdinspect: ignore[TD211]\n  - ReLU # tdinspect: ignore[TD208]\n".replace("\n", ending)
    assert ["TD304:5"] == found(mark + text.encode())


def test_one_comment_may_name_several_rules() -> None:
    wasted = "  - Linear: 4 # tdinspect: ignore[TD208, TD211]\n  - BatchNorm1d\n"
    text = "input: [B, 8]\nlayers:\n" + wasted
    assert ["TD208:3"] == found(text.replace(" # tdinspect: ignore[TD208, TD211]", ""))
    assert ["TD304:3"] == found(text)
    assert ("the ignore of TD211 silences nothing: there is none on this line", "# tdinspect: ignore[TD208]") == told(
        text
    )


def test_a_comment_beside_a_steps_name_silences_what_is_inside_of_the_step() -> None:
    step = "  - Conv2d:{0}\n      out_channels: 4\n      kernel: 3{1}\n      stride: 1\n"
    text = FAILS.split("  - ")[0] + step
    assert ["TD005:6"] == found(text.format("", ""))
    assert [] == found(text.format("  # tdinspect: ignore[TD005]", ""))
    assert [] == found(text.format("", "  # tdinspect: ignore[TD005]"))


def test_a_container_answers_for_itself_and_not_for_the_steps_inside() -> None:
    inner = "  - TimeDistributed: {0}\n      - Linear: 4\n      - Sequential: [softmax: 0]\n"
    assert ["TD005:6"] == found((HEAD + inner).format("").replace("softmax: 0", "softmax: {wrong: 0}"))
    ignored = (HEAD + inner).format("# tdinspect: ignore[TD005]").replace("softmax: 0", "softmax: {wrong: 0}")
    assert ["TD005:6"] == found(ignored)


@pytest.mark.parametrize(
    "text",
    [
        "input: [B, 8]\nlayers: {0}\n  - Wrong\n",
        "input: [B, 8]\nblocks:\n  A: {0}\n    - Wrong\nlayers: [A]\n",
        "input: [B, 8]\nblocks:\n  A:\n    layers: {0}\n      - Wrong\nlayers: [A]\n",
        "input: [B, 8]\nlayers:\n  - Sequential: {0}\n    - Wrong\n",
        "input: [B, 8]\nlayers:\n  - Residual:\n      layers: [Linear]\n      shortcut: {0}\n        - Wrong\n",
    ],
)
def test_a_list_of_steps_does_not_answer_for_a_step_without_arguments(text: str) -> None:
    wanted = found(text.format(""))
    assert "TD004" in wanted[-1]
    assert wanted == found(text.format("# tdinspect: ignore[TD004]"))
    assert wanted[:-1] == found(text.format("").replace("Wrong", "Wrong # tdinspect: ignore[TD004]"))


def test_a_whole_timedistributed_that_changes_nothing_may_stay() -> None:
    text = HEAD + "  - TimeDistributed:{}\n      - ReLU\n"
    assert ["TD206:4"] == found(text.format(""))
    assert [] == found(text.format(" # tdinspect: ignore[TD206]"))


def test_a_finding_in_a_block_is_silenced_there_for_every_use() -> None:
    block = "blocks:\n  Weigh:\n    layers:\n      - softmax: 1{}\n"
    text = "input: [B, T, 8]\ntime_axis: T\n" + block + "layers: [Weigh, Weigh]{}\n"
    assert {"TD211:6"} == set(found(text.format("", "")))
    assert [] == found(text.format(" # tdinspect: ignore[TD211]", ""))
    assert "TD304:7" in found(text.format("", " # tdinspect: ignore[TD211]"))


def test_an_expectation_may_be_silenced_at_its_key_or_at_expect() -> None:
    text = HEAD + "  - Linear: 4\nexpect: {}\n  output: [B, T, 5] {}\n  params: 36\n"
    assert ["TD301:6"] == found(text.format("", ""))
    assert [] == found(text.format("", "# tdinspect: ignore[TD301]"))
    assert [] == found(text.format("# tdinspect: ignore[TD301]", ""))


@pytest.mark.parametrize(
    "description",
    [
        '"# tdinspect: ignore[TD208]"',
        "'ü # tdinspect: ignore[TD208]'",
        '"over two\n  lines # tdinspect: ignore[TD208]"',
        "|\n  # tdinspect: ignore[TD208]\n  text",
        ">-\n  text # tdinspect: ignore[TD208]\n\n  # tdinspect: ignore",
        "x# tdinspect; y",
    ],
)
def test_a_text_holds_no_comments(description: str) -> None:
    assert [] == found(f"description: {description}\n{HEAD}  - ReLU\n")


def test_a_comment_behind_the_sign_of_a_block_of_text_is_one() -> None:
    assert ["TD304:1"] == found(f"description: | # tdinspect: ignore[TD208]\n  text\n{HEAD}  - ReLU\n")


def test_a_step_that_is_commented_out_takes_its_comment_along() -> None:
    assert [] == found(f"{HEAD}  - ReLU\n  # - softmax: 1 # tdinspect: ignore[TD211]\n")


@pytest.mark.parametrize(
    ("line", "message", "help"),
    [
        ("  - ReLU # tdinspect: ignore[TD208]", "the ignore of TD208 silences nothing", "remove the comment"),
        ("  - ReLU # tdinspect: ignore[TD208,TD211]", "the ignore of TD208 and TD211 silences nothing", "remove the"),
        ("  # tdinspect: ignore[TD211]", "none on this line", "put it behind what it is about, or say ignore-f"),
        ("  - ReLU # tdinspect: ignore-file[TD208]", "there is none in this file", "remove the comment"),
        ("  - ReLU # tdinspect: ignore[TD304]", "the ignore of TD304 silences nothing", "TD304 is not silenced by a"),
        ("  - ReLU # tdinspect: ignore[TD26]", "there is no rule `TD26`", "did you mean TD206?"),
        ("  - ReLU # tdinspect: ignore[TD2]", "there is no rule `TD2`", "a comment names each code in full, as TD206"),
        ("  - ReLU # tdinspect: ignore[E501]", "there is no rule `E501`", "`tdinspect explain` lists the rules"),
        ("  - ReLU # tdinspect: ignore", "an ignore without a code silences", "as in: # tdinspect: ignore[TD206]"),
        ("  - ReLU # tdinspect: ignore[]", "an ignore without a code silences nothing", "name what is to be silenced"),
        ("  - ReLU # tdinspect: ignore TD208", "an ignore without a code silences", "name what is to be silenced"),
        ("  - ReLU # tdinspect: ignroe[TD208]", "`ignroe` silences nothing", "`# tdinspect: ignore[TD206]`?"),
        ("  - ReLU # tdinspect: noqa", "`noqa` silences nothing", "did you mean `# tdinspect: ignore[TD206]`?"),
        ("  - ReLU # tdinspect: ignore_file[TD208]", "`ignore_file` silences", "# tdinspect: ignore-file["),
    ],
)  # fmt: skip
def test_a_comment_that_silences_nothing_is_a_warning(line: str, message: str, help: str) -> None:
    said, hint = told(f"{HEAD}  - Linear: 3\n{line}\n")
    assert message in said
    assert help in (hint or "")
    [one] = findings(f"{HEAD}  - Linear: 3\n{line}\n")
    assert ("warning", 5, line.index("#") + 1) == (
        one.severity,
        one.position and one.position.line,
        one.position and one.position.column,
    )


def test_a_comment_without_a_code_is_told_the_codes_of_its_line() -> None:
    noted, unnamed = findings(f"{NOTED} # tdinspect: ignore\n")
    assert ("TD211", "name what is to be silenced: # tdinspect: ignore[TD211]") == (noted.code, unnamed.help)


def test_a_comment_on_another_line_is_told_where_the_finding_is() -> None:
    _, unused = findings(f"{HEAD}  - softmax:\n      dim: 1 # tdinspect: ignore[TD211]\n")
    assert "put it into line 4, where one is" == unused.help


def test_other_words_to_tdinspect_are_left_alone() -> None:
    assert [] == found(f"# tdinspect: see docs\n# checked by tdinspect\n{HEAD}  - ReLU # tdinspect:\n")


def test_an_ignore_of_a_rule_that_is_not_selected_is_not_unused() -> None:
    unused = f"{HEAD}  - ReLU # tdinspect: ignore[TD208, TD211]\n"
    assert [] == found(unused, Policy(ignore=("TD208", "TD211")))
    assert ["the ignore of TD211 silences nothing: there is none on this line"] == [
        one.message for one in findings(unused, Policy(ignore=("TD208",)))
    ]
    assert [] == found(unused, Policy(ignore=("TD304",)))


@pytest.mark.parametrize(("locked", "wanted"), [(False, []), (True, ["TD304"])])
def test_an_ignore_of_a_drift_is_unused_only_where_specs_are_held_to_the_lock(locked: bool, wanted: list[str]) -> None:
    report = SpecReport("a.yaml", "a", "input: [B, 8]\nlayers: [ReLU] # tdinspect: ignore[TD302]\n")
    assert wanted == [one.code for one in judged(report, Policy(locked=locked)).findings]
    drift = Finding("TD302", "drift", ("layers", 0), position=Position(2, 10, 2, 14))
    assert () == judged(replace(report, findings=(drift,)), Policy(locked=locked)).findings


def test_settings_may_give_unused_ignores_another_severity() -> None:
    assert ["error"] == [
        one.severity
        for one in findings(f"{HEAD}  - ReLU # tdinspect: ignore[TD208]\n", Policy(severity={"TD304": "error"}))
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"{FAILS}\n  - ReLU # tdinspect: ignore[TD208]\n", ["TD102:4"]),
        (f"{HEAD}  - Wrong # tdinspect: ignore[TD208]\n", ["TD004:4"]),
        (f"{FAILS} # tdinspect: ignore[TD102]\n  - ReLU # tdinspect: ignore[TD208]\n", []),
    ],
)
def test_nothing_is_unused_in_a_spec_that_does_not_run(text: str, wanted: list[str]) -> None:
    assert wanted == found(text)


def test_an_expected_failure_needs_no_ignore() -> None:
    assert ["TD304:4"] == found(f"{FAILS} # tdinspect: ignore[TD102]\nexpect: {{fails: TD102}}\n")
    assert [] == found(f"{FAILS}\nexpect: {{fails: TD102}}\n")


def test_a_file_that_is_no_yaml_cannot_be_silenced_by_a_comment() -> None:
    assert ["TD001"] == [one.split(":")[0] for one in found("input: [ # tdinspect: ignore-file[TD001]\n")]
    assert [] == found("input: [ \n", Policy(ignore=("TD001",)))


def test_a_mistake_of_the_command_line_cannot_be_silenced_by_a_comment() -> None:
    source = Source("a.yaml", f"{HEAD}  - ReLU # tdinspect: ignore-file[TD006]\n")
    [report] = check(Plan((source,), overrides={"X": "3"})).report.specs
    assert ["TD006"] == [one.code for one in report.findings]


@pytest.mark.parametrize("command", ["shape", "params", "compare", "axes", "check"])
def test_every_command_and_the_python_interface_respect_ignores(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(f"{FAILS} # tdinspect: ignore[TD102]\n")
    assert 0 == main([command, "a.yaml", "--format", "json"])
    [spec] = json.loads(capsys.readouterr().out)["specs"]
    assert ([], True) == (spec["findings"], spec["ok"])
    assert tdinspect.inspect("a.yaml").ok


def test_the_pages_example_is_clean_and_needs_its_comments() -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "settings.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert [] == found(example)
    assert ["TD206:4", "TD211:6"] == found(example.replace("# tdinspect", "# "))


def test_unused_ignores_are_told_by_check_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(f"{HEAD}  - ReLU # tdinspect: ignore[TD208]\n")
    assert 0 == main(["shape", "a.yaml", "--error-on-warning"])
    assert 1 == main(["check", "a.yaml", "--error-on-warning"])
    assert "warning[TD304]" in capsys.readouterr().out

"""`check`, the gate, and what it has beyond the reporting commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tdinspect.cli import main

GOOD = "input: [B, T, 8]\ntime_axis: T\nlayers:\n  - Linear: 4\nexpect:\n  output: [B, T, 4]\n  free: [B, T]\n"
WRONG_AXIS = "input: [B, T, 8]\ntime_axis: T\nlayers:\n  - LSTM: 4\n"
BROKEN = GOOD.replace("[B, T, 4]", "[B, T, 5]")
NOTED = "input: [B, T, 8]\ntime_axis: T\nlayers:\n  - softmax: 1\n"
FAILS = "input: [B, T, 3, 8, 8]\ntime_axis: T\nlayers:\n  - Conv2d: {out_channels: 4, kernel_size: 3}\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {"good": GOOD, "wrong_axis": WRONG_AXIS, "broken": BROKEN, "noted": NOTED, "fails": FAILS}
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_clean_spec_is_one_line_and_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["check", "good.yaml"])
    assert "1 spec: 1 clean\n" == capsys.readouterr().out


@pytest.mark.parametrize(
    ("code", "file"), [("TD202", "wrong_axis"), ("TD301", "broken"), ("TD102", "fails")], ids=lambda part: part
)
def test_every_rule_and_every_expectation_can_fail_the_check(
    code: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 1 == main(["check", "good.yaml", f"{file}.yaml"])
    written = capsys.readouterr().out
    assert f"error[{code}]" in written
    assert "2 specs: 1 clean, 1 with errors" in written


def test_what_the_reporting_commands_find_right_may_be_wrong_for_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["shape", "wrong_axis.yaml"])
    assert 1 == main(["check", "wrong_axis.yaml"])
    assert "batch_first: true" in capsys.readouterr().out


def test_notes_are_counted_and_shown_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["check", "noted.yaml"])
    assert "1 spec: 1 clean (1 note, --notes shows them)\n" == capsys.readouterr().out
    assert 0 == main(["check", "noted.yaml", "--notes"])
    assert "note[TD211]" in capsys.readouterr().out


def test_pytorchs_words_stand_in_a_finding_as_no_row_shows_them(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "fails.yaml"])
    assert "Expected 3D (unbatched) or 4D" in capsys.readouterr().out


def test_a_spec_that_is_meant_to_fail_is_clean_in_the_check_alone() -> None:
    Path("meant.yaml").write_text(f"{FAILS}expect: {{fails: TD102}}\n")
    assert 0 == main(["check", "meant.yaml"])
    assert 1 == main(["shape", "meant.yaml"])


def test_the_json_of_a_check_has_axes_and_findings(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "wrong_axis.yaml", "--format", "json"])
    [spec] = json.loads(capsys.readouterr().out)["specs"]
    assert {"time": "per_step", "batch": "mixes"} == spec["layers"][0]["axes"]
    assert ["TD202"] == [finding["code"] for finding in spec["findings"]]
    assert [[t == u for t in range(5)] for u in range(5)] == spec["axes"]["chart"]
    assert not spec["ok"]


def test_an_unreadable_file_is_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    Path("unreadable.yaml").write_text("input: [\n")
    assert 1 == main(["check", "unreadable.yaml"])
    assert "error[TD001]" in capsys.readouterr().out

"""Strange names, strange texts and very long answers: the same from the cache as from a run."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest

from tdinspect.cli import main
from tests.faults.programs import run, start
from tests.gate.small import BAD, UNREADABLE

MANY = "input: [B, 8]\nlayers:\n" + "  - Linaer: 8\n" * 1_000
NAMES = ["with space.yaml", 'it\'s "quoted".yaml', "grüße-模型.yaml", "new\nline.yaml", "%0A,::x.yaml", "$(id).yaml"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def twice(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code and the text of a run and, which must be the same, of one from the cache."""
    seen = []
    for _ in range(2):
        seen.append((main(["check", *arguments]), *capsys.readouterr()))
    assert seen[0] == seen[1]
    assert "" == seen[0][2]
    return seen[0][:2]


@pytest.mark.parametrize("name", NAMES)
def test_a_strange_name_is_a_name(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "specs").mkdir()
    (here / "specs" / name).write_text(BAD)
    code, text = twice(capsys, "--format", "json")
    assert (1, f"specs/{name}") == (code, json.loads(text)["specs"][0]["file"])


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text here")
def test_a_name_that_is_no_text_is_a_name(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "specs").mkdir()
    Path(os.fsdecode(os.fsencode(here / "specs") + b"/\xff\xfe.yaml")).write_text(UNREADABLE)
    code, text = twice(capsys, "--format", "concise")
    assert (1, 2) == (code, len(text.splitlines()))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "BOM"])
def test_line_ends_and_a_bom_change_nothing(
    end: str, mark: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "a.yaml").write_bytes((mark + BAD.replace("\n", end)).encode())
    code, text = twice(capsys, "a.yaml")
    assert 1 == code
    assert "a.yaml:4:5" in text
    assert "4 |   - LSTM: 4\n  |     ^^^^" in text


def test_standard_input_is_checked_and_kept_under_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
        assert 1 == main(["check", "-", "--stdin-filename", "web.yaml", "--format", "concise"])
        assert "web.yaml:4:5: error[TD202]" in capsys.readouterr().out


def test_ten_thousand_findings_are_all_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "specs").mkdir()
    for number in range(10):
        (here / "specs" / f"{number}.yaml").write_text(MANY)
    code, text = twice(capsys, "--format", "concise")
    places = {line.partition(" ")[0] for line in text.splitlines() if "TD004" in line}
    assert (1, 10_000) == (code, len(places))
    assert "10 specs: 10 with errors" == text.splitlines()[-1]


@pytest.mark.skipif(os.name != "posix", reason="pipes are another thing here")
def test_a_reader_that_goes_away_is_no_fault(here: Path) -> None:
    (here / "many.yaml").write_text(MANY)
    reading, writing = os.pipe()
    process = start("check", "many.yaml", "--format", "concise", stdout=writing)
    os.close(writing)
    os.close(reading)
    _, err = process.communicate(timeout=60)
    assert (1, "") == (process.returncode, err)


def test_what_the_users_code_prints_never_reaches_the_answer(here: Path) -> None:
    from tests.gate.small import users_package

    users_package(here, "Double")
    for options in ([], ["--jobs", "2", "--no-cache"]):
        code, out, err = run("check", "double.yaml", "--allow-import", "mine", "--format", "json", *options)
        assert (0, "double") == (code, json.loads(out)["specs"][0]["name"])
        assert "printed by the user's code" in err

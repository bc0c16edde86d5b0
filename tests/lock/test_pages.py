"""The examples of the rules that need a lock file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tdinspect.checks import td302, td303
from tdinspect.cli import main

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty project; it is the current folder."""
    (tmp_path / "specs").mkdir()
    monkeypatch.chdir(tmp_path)


def codes(capsys: Captured) -> set[str]:
    capsys.readouterr()
    main(["check", "--locked", "--format", "json"])
    data = json.loads(capsys.readouterr().out)
    return {finding["code"] for spec in data["specs"] for finding in spec["findings"]}


def test_a_spec_that_is_not_as_it_was_locked(capsys: Captured) -> None:
    spec = Path("specs/model.yaml")
    spec.write_text(td302.PAGE.good)
    main(["lock"])
    assert set() == codes(capsys)
    spec.write_text(td302.PAGE.bad)
    assert {"TD302"} == codes(capsys)


def test_a_renamed_spec_leaves_an_entry_and_has_none(capsys: Captured) -> None:
    Path("specs/old_name.yaml").write_text(td303.PAGE.bad)
    main(["lock"])
    Path("specs/old_name.yaml").rename("specs/new_name.yaml")
    assert {"TD302", "TD303"} == codes(capsys)
    Path("specs/new_name.yaml").write_text(td303.PAGE.good)
    main(["lock"])
    assert set() == codes(capsys)

"""``--only-specs``: what a hook that is handed every changed YAML file needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tdinspect.cli import main
from tests.integrations.project import CLEAN, NO_SPEC, UNREADABLE, write


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, clean=CLEAN, compose=NO_SPEC, broken=UNREADABLE, empty="", list="- 1\n")


@pytest.mark.parametrize("named", ["compose.yaml", "empty.yaml", "list.yaml"])
def test_a_named_file_that_is_no_spec_is_an_error_unless_only_specs_are_asked_for(named: str) -> None:
    assert 1 == main(["check", named])
    assert 0 == main(["check", "--only-specs", named])


def test_what_is_left_out_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["check", "--only-specs", "compose.yaml", "clean.yaml", "list.yaml"])
    assert "2 other YAML files left out" in capsys.readouterr().out


def test_unreadable_yaml_and_a_missing_file_stay_errors() -> None:
    assert 1 == main(["check", "--only-specs", "broken.yaml"])
    assert 2 == main(["check", "--only-specs", "missing.yaml"])

"""`tdinspect schema`: the schema goes to standard output or to a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tdinspect.cli import main
from tests.cli.fakes import ROOT

Captured = pytest.CaptureFixture[str]


def test_the_schema_is_printed_and_written_alike(tmp_path: Path, capsys: Captured) -> None:
    assert 0 == main(["schema"])
    printed = capsys.readouterr().out
    assert "https://json-schema.org/draft/2020-12/schema" == json.loads(printed)["$schema"]
    assert 0 == main(["schema", "--output", str(tmp_path / "tdinspect.schema.json")])
    assert "" == capsys.readouterr().out
    assert printed == (tmp_path / "tdinspect.schema.json").read_text(encoding="utf-8")


def test_nothing_but_the_schema_is_said() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tdinspect", "schema"], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert "properties" in json.loads(done.stdout)


def test_a_place_that_cannot_be_written_is_a_usage_error(tmp_path: Path, capsys: Captured) -> None:
    assert 2 == main(["schema", "--output", str(tmp_path / "missing" / "schema.json")])
    captured = capsys.readouterr()
    assert "" == captured.out
    assert f"there is no folder {tmp_path}{os.sep}missing" in captured.err

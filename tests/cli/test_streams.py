"""How a process ends where a stream is closed from the start, or the disk is full."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tdinspect.cli import main
from tests.cli.fakes import ROOT

LINEAR = "input: [B, T, 8]\ntime_axis: T\nlayers:\n  - Linear: 4\n"
COMMAND = [sys.executable, "-m", "tdinspect"]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "good.yaml").write_text(LINEAR)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")


def run(command: list[str]) -> tuple[int, str]:
    """The exit code, and what standard error was told."""
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)
    return done.returncode, done.stderr


def test_the_module_runs_as_a_program() -> None:
    assert (0, "") == run([*COMMAND, "shape", "good.yaml"])


@pytest.mark.parametrize(
    ("code", "closed", "said"),
    [(0, "shape good.yaml >&-", ""), (2, "shape - <&-", "tdinspect shape: standard input is closed\n")],
)
def test_a_stream_that_was_closed_from_the_start_is_no_fault(code: int, closed: str, said: str) -> None:
    assert (code, said) == run(["sh", "-c", f'"{sys.executable}" -m tdinspect {closed}'])


@needs_full
@pytest.mark.parametrize("arguments", ["--help", "shape good.yaml"])
def test_a_full_disk_is_2_and_no_fault_of_tdinspect(arguments: str) -> None:
    expected = (2, "tdinspect: cannot write the output: No space left on device\n")
    assert expected == run(["sh", "-c", f'"{sys.executable}" -m tdinspect {arguments} >/dev/full'])


@needs_full
def test_an_output_file_on_a_full_disk_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(["shape", "good.yaml", "--output", "/dev/full"])
    assert "cannot write /dev/full: No space left on device" in capsys.readouterr().err


def test_a_folder_without_yaml_is_told_without_importing_yaml() -> None:
    code = (
        "import sys; from tdinspect.cli import main; code = main(['shape', 'empty']);"
        "sys.exit(10 + code if {'yaml', 'rich', 'torch'} & sys.modules.keys() else code)"
    )
    assert (2, "tdinspect shape: no specs in empty\n") == run([sys.executable, "-c", code])

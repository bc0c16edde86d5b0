"""`check --watch`: a real process, and files that are saved under it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tdinspect.cli import main
from tdinspect.gate.watch import changes, state_of
from tests.gate.small import BAD, GOOD, UNREADABLE

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends signals")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_file_that_counts_is_looked_at(here: Path) -> None:
    for name in ("specs/a.yaml", "specs/deep/b.yml", "specs/notes.txt", "mine/nets.py", "mine/data.bin", "one.py"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text("")
    found = state_of(["specs", "gone.yaml"], ["mine.nets", "one"], ["tdinspect.toml"])
    assert {"specs/a.yaml", "specs/deep/b.yml", "mine/nets.py", "one.py"} == {*found}


def test_changed_new_and_deleted_files_are_told_once(here: Path) -> None:
    Path("a.yaml").write_text("1")
    Path("b.yaml").write_text("1")
    found_out: list[str] = []
    going = changes(lambda: state_of(["."], [], []), lambda: found_out, pause=0.01)
    assert [] == next(going)
    steps: list[Callable[[], object]] = [
        lambda: Path("a.yaml").write_text("22"),
        lambda: Path("b.yaml").unlink(),
        lambda: Path("c.yaml").write_text(""),
        lambda: Path("code.py").write_text("22"),
    ]
    Path("code.py").write_text("1")
    seen = []
    for step in steps:
        step()
        seen.append(next(going))
        found_out = ["code.py"]
    assert [["a.yaml"], ["b.yaml"], ["c.yaml"], ["code.py"]] == seen


def test_what_cannot_be_saved_cannot_be_watched(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(["check", "-", "--watch"])
    assert "--watch is for files and folders" in capsys.readouterr().err


class Watched:
    """A running ``check --watch`` on the folder ``specs``."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "tdinspect", "check", "--watch", "specs", "--format", "concise", *options]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, encoding="utf-8"
        )

    def screen(self) -> list[str]:
        """The lines up to the next summary."""
        lines = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            lines.append(line.rstrip("\n"))
            if " spec: " in line or " specs: " in line or "tdinspect check: " in line:
                return lines
        raise AssertionError(f"it ended: {lines}")


@pytest.fixture
def watched(here: Path) -> Iterator[Watched]:
    (here / "specs").mkdir()
    (here / "specs" / "a.yaml").write_text(UNREADABLE)
    started = Watched("--no-cache")
    yield started
    started.process.kill()
    started.process.communicate()


def test_a_save_is_checked_at_once_and_ctrl_c_ends_quietly(here: Path, watched: Watched) -> None:
    assert "1 spec: 1 with errors" == watched.screen()[-1]
    (here / "specs" / "a.yaml").write_text(GOOD)
    assert ["", "--- specs/a.yaml changed", "1 spec: 1 clean"] == watched.screen()
    (here / "specs" / "b.yaml").write_text(BAD)
    assert "2 specs: 1 clean, 1 with errors" == watched.screen()[-1]
    (here / "specs" / "b.yaml").unlink()
    assert ["", "--- specs/b.yaml changed", "1 spec: 1 clean"] == watched.screen()
    time.sleep(0.2)
    watched.process.send_signal(signal.SIGINT)
    out, _ = watched.process.communicate(timeout=60)
    assert (130, "") == (watched.process.returncode, out)

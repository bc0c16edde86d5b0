"""A disk that is full or read-only, and files that come and go."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tdinspect.cli import main
from tdinspect.sources import gather
from tests.faults.programs import ROOT, run, start
from tests.gate.small import GOOD, UNREADABLE

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(UNREADABLE)
    return tmp_path


def test_a_full_disk_at_the_cache_is_one_warning(here: Path) -> None:
    # No file may grow: for every user, root too, a write is what it is on a full disk.
    script = f'ulimit -f 0; "{sys.executable}" -m tdinspect check a.yaml b.yaml --format concise --cache-dir cache'
    done = subprocess.run(["sh", "-c", script], capture_output=True, encoding="utf-8", timeout=60)
    assert (1, 3) == (done.returncode, len(done.stdout.splitlines()))
    assert "tdinspect: warning: nothing is kept in the cache: File too large\n" == done.stderr
    assert [] == [path for path in (here / "cache").glob("**/*") if path.is_file() and path.stat().st_size]


@pytest.mark.parametrize("folder", ["a.yaml/cache", "/proc/cache", "\0"], ids=["below a file", "read-only", "no name"])
def test_a_cache_that_cannot_be_written_is_one_warning(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert 1 == main(["check", "a.yaml", "b.yaml", "--format", "concise", "--cache-dir", folder])
    written = capsys.readouterr()
    assert 3 == len(written.out.splitlines())
    assert 1 == len(written.err.splitlines())
    assert "tdinspect: warning: nothing is kept in the cache: " in written.err


def test_two_checks_at_once_on_one_cache_are_both_right(here: Path) -> None:
    (here / "specs").mkdir()
    for number in range(30):
        (here / "specs" / f"{number:02}.yaml").write_text(UNREADABLE if number % 2 else f"{GOOD}# {number}\n")
    both = [start("check", "--format", "concise", "--jobs", jobs) for jobs in ("1", "2")]
    first, second = [(*process.communicate(timeout=120), process.returncode) for process in both]
    assert first == second
    assert ("", 1) == first[1:]
    assert (1, first[0], "") == run("check", "--format", "concise")


class Deleter:
    """A memory of kinds that deletes a file when it is asked for another."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def recall(self, data: bytes) -> bool | None:
        self._path.unlink(missing_ok=True)
        return True

    def remember(self, data: bytes, kept: bool) -> None:
        pass


def test_a_spec_that_is_deleted_between_listing_and_reading_is_a_note(here: Path) -> None:
    (here / "specs").mkdir()
    (here / "specs" / "a.yaml").write_text("{input: [3], layers: [ReLU]}\n")
    (here / "specs" / "b.yaml").write_text(GOOD)
    first, gone = gather(["specs"], bytes, "<stdin>", memory=Deleter(here / "specs" / "b.yaml")).texts
    assert ("specs/a.yaml", None) == (first.file, first.fault)
    assert gone.fault is not None
    assert ("specs/b.yaml", "note") == (gone.file, gone.fault.severity)
    assert "the file was deleted while the specs were read: it was not checked" == gone.fault.message


def test_what_cannot_be_read_in_a_folder_is_a_finding_about_that_file(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "specs").mkdir()
    (here / "specs" / "good.yaml").write_text(GOOD)
    (here / "specs" / "link.yaml").symlink_to("nowhere.yaml")
    (here / "specs" / "loop.yaml").symlink_to("loop.yaml")
    os.mkfifo(here / "specs" / "pipe.yaml")
    assert 1 == main(["check", "--format", "concise"])
    assert [
        "specs/link.yaml: error[TD001] the file cannot be read: it is a link to nothing",
        "specs/loop.yaml: error[TD001] the file cannot be read: Too many levels of symbolic links",
        "specs/pipe.yaml: error[TD001] the file cannot be read: it is a device or a pipe",
        "4 specs: 1 clean, 3 with errors",
    ] == capsys.readouterr().out.splitlines()

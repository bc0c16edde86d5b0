"""A check that is ended in the middle, from outside or from inside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tdinspect.gate.pool import work
from tests.faults.programs import ROOT, run, start
from tests.gate.small import GOOD, request

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends signals")

SLOW = """\
import pathlib, time
from torch import nn

class Slow(nn.Module):
    def forward(self, x):
        pathlib.Path("started").touch()
        while True:
            time.sleep(0.01)
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TDINSPECT_CACHE_DIR", "cache")
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "specs").mkdir()
    for number in range(4):
        (tmp_path / "specs" / f"{number}.yaml").write_text(GOOD)
    (tmp_path / "specs" / "slow.yaml").write_text("input: [B, 8]\nlayers:\n  - slow.Slow\n")
    return tmp_path


def wait_for(path: Path) -> None:
    end = time.monotonic() + 100
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_ctrl_c_in_the_middle_ends_quietly_and_keeps_what_was_done(here: Path) -> None:
    process = start("check", "--allow-import", "slow", "--jobs", "2", start_new_session=True)
    wait_for(here / "started")
    while len(list((here / "cache").glob("*/*"))) < 4:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers, too
    out, err = process.communicate(timeout=60)
    assert (130, "", "") == (process.returncode, out, err)
    with pytest.raises(ProcessLookupError):  # no worker is left behind
        os.killpg(process.pid, 0)
    assert [] == list((here / "cache").glob("**/*.tmp"))
    (here / "specs" / "slow.yaml").unlink()
    assert (0, "4 specs: 4 clean\n", "") == run("check", "--allow-import", "slow")


def test_a_check_that_is_killed_leaves_no_worker_behind(here: Path) -> None:
    process = start("check", "--allow-import", "slow", "--jobs", "2", start_new_session=True)
    wait_for(here / "started")
    process.kill()
    process.communicate(timeout=60)  # until no worker holds its end of the pipes
    end = time.monotonic() + 60
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < end:
            os.killpg(process.pid, 0)
            time.sleep(0.02)


def test_a_worker_that_is_killed_from_outside_costs_its_own_spec_alone(here: Path) -> None:
    import multiprocessing

    asked = request(*[GOOD] * 6)
    found = {}
    for index, result in work(asked.sources, asked, 1):
        found[index] = result
        if len(found) == 2:
            [child] = multiprocessing.active_children()
            child.kill()
    codes = [[finding.code for finding in found[index].report.findings] for index in range(6)]
    assert 6 == len(found)
    assert 1 >= codes.count(["TD101"])
    assert 5 <= codes.count([])


def test_ctrl_c_while_torch_is_imported_counts(here: Path) -> None:
    code = (
        "import os, signal, sys; from tdinspect.cli import main\n"
        "def hook(event, args):\n"
        "    if event == 'import' and args[0] == 'torch.nn.modules.linear':\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.addaudithook(hook); sys.exit(main(['check', 'specs/0.yaml']))"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=env, timeout=60)
    assert (130, b"", b"") == (done.returncode, done.stdout, done.stderr)

"""Many specs over several processes: the same results in the same order, whatever becomes of a worker."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tdinspect.domain.source import Source
from tdinspect.gate.cache import Cache
from tdinspect.gate.cores import available_cores, default_jobs, free_bytes
from tdinspect.gate.inspection import inspect_one
from tdinspect.gate.pool import work
from tdinspect.gate.store import MemoryStore
from tdinspect.gate.work import Manner, inspect_all
from tdinspect.gate.worker import Term
from tdinspect.pipeline import Request
from tests.gate.small import BAD, GOOD, NOTED, UNREADABLE, request, users_package

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
TEXTS = [GOOD, BAD, NOTED, UNREADABLE, GOOD.replace("8", "9"), BAD.replace("8", "9")]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def users_request(here: Path, *classes: str) -> Request:
    users_package(here, *classes)
    names = [f"{name.lower()}.yaml" for name in classes]
    return Request("check", tuple(Source(n, (here / n).read_bytes()) for n in names), allow_import=("mine",))


@pytest.mark.parametrize("details", [False, True])
def test_workers_give_what_one_process_gives_in_the_order_of_the_specs(details: bool) -> None:
    asked = request(*TEXTS, details=details)
    assert tuple(inspect_one(source, asked) for source in asked.sources) == inspect_all(asked, Manner(jobs=3))


def test_progress_is_told_as_the_work_goes_on() -> None:
    told: list[tuple[int, int]] = []
    inspect_all(request(*TEXTS), Manner(jobs=2), lambda done, of, file: told.append((done, of)))
    assert [(done, len(TEXTS)) for done in range(len(TEXTS) + 1)] == told


@needs_fork
def test_a_worker_that_is_killed_or_ends_itself_takes_nothing_with_it_but_its_own_spec(here: Path) -> None:
    asked = users_request(here, "Double", "Killed", "Exits", "Double")
    first, killed, ended, last = inspect_all(asked, Manner(jobs=2))
    assert ((), ()) == (first.report.findings, last.report.findings)
    assert ["TD101"] == [found.code for found in killed.report.findings]
    assert "was ended by SIGKILL: was it out of memory?" in killed.report.findings[0].message
    assert "ended by itself, with the exit code 7" in ended.report.findings[0].message


@needs_fork
def test_code_of_the_users_never_runs_in_the_process_of_the_check(here: Path) -> None:
    [ended] = inspect_all(users_request(here, "Exits"), Manner(jobs=1))
    assert ["TD101"] == [found.code for found in ended.report.findings]


@needs_fork
def test_a_crash_is_not_kept_for_the_next_time(here: Path) -> None:
    asked, store = users_request(here, "Killed", "Double"), MemoryStore()
    inspect_all(asked, Manner(Cache(store)))
    assert [False, True] == [one.cached for one in inspect_all(asked, Manner(Cache(store)))]


def test_a_worker_makes_room_for_a_fresh_one_after_its_term() -> None:
    asked = request(*TEXTS)
    found = dict(work(asked.sources, asked, 2, Term(specs=1)))
    assert [inspect_one(source, asked) for source in asked.sources] == [found[index] for index in range(len(TEXTS))]


def test_whoever_stops_listening_ends_the_workers() -> None:
    asked = request(*TEXTS)
    going = work(asked.sources, asked, 2)
    next(going)
    children = _children()
    assert children
    going.close()  # type: ignore[attr-defined]
    assert [] == [child for child in children if child in _children()]


def _children() -> list[int]:
    import multiprocessing

    return [child.pid for child in multiprocessing.active_children() if child.pid is not None]


def test_a_fault_of_tdinspect_in_a_worker_is_told_with_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = replace(request(GOOD, GOOD), device="neither")  # type: ignore[arg-type]
    broken = replace(asked, limits=None)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match=r"spec_\d.yaml\nTraceback"):
        inspect_all(broken, Manner(jobs=2))


def test_ctrl_c_is_left_to_the_process_of_the_check() -> None:
    asked = request(*TEXTS)
    going = work(asked.sources, asked, 1)
    next(going)
    for child in _children():
        os.kill(child, signal.SIGINT)
    assert len(TEXTS) - 1 == len(list(going))


def test_the_cores_of_a_container_are_those_of_its_share(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert min(2, len(os.sched_getaffinity(0))) == available_cores(tmp_path)
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert 1 == available_cores(tmp_path)
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert len(os.sched_getaffinity(0)) == available_cores(tmp_path)


def test_there_are_no_more_workers_than_the_memory_holds(tmp_path: Path) -> None:
    info = tmp_path / "meminfo"
    info.write_text("MemTotal: 9000000 kB\nMemAvailable:  8000000 kB\n")
    assert 8_000_000 * 1024 == free_bytes(tmp_path, info)
    (tmp_path / "memory.max").write_text("1000000000\n")
    (tmp_path / "memory.current").write_text("900000000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 50000000\n")
    assert 150_000_000 == free_bytes(tmp_path, info)
    assert 1 == default_jobs(tmp_path, info)
    assert free_bytes(tmp_path / "nowhere", tmp_path / "nothing") is None

"""The same work through joblib's backends, to a local Dask cluster among others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tdinspect.cli import main
from tdinspect.gate.inspection import inspect_one
from tdinspect.gate.work import Manner, inspect_all
from tests.gate.small import BAD, GOOD, UNREADABLE, request, users_package

pytest.importorskip("joblib")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Any:
    distributed = pytest.importorskip("dask.distributed")
    import dask

    # The address as the variable DASK_SCHEDULER_ADDRESS has it for a process that starts with it.
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as made,
        dask.config.set({"scheduler-address": made.scheduler_address}),
    ):
        yield made


@pytest.mark.filterwarnings("default")
def test_a_dask_cluster_gives_what_this_process_gives(cluster: Any) -> None:
    asked = request(GOOD, BAD, UNREADABLE)
    expected = tuple(inspect_one(source, asked) for source in asked.sources)
    told: list[str] = []
    assert expected == inspect_all(asked, Manner(backend="dask", warn=told.append))
    assert [] == told
    done = {name: counts.state_counts["memory"] for name, counts in cluster.scheduler.task_prefixes.items()}
    assert {"batch_of_payload_1_calls": 3} == done  # in the cluster's own count


@pytest.mark.filterwarnings("default")
def test_a_backend_whose_worker_dies_leaves_the_rest_to_this_machine(here: Path) -> None:
    users_package(here, "Exits", "Double")
    told: list[str] = []
    asked = request((here / "exits.yaml").read_text(), (here / "double.yaml").read_text(), allow_import=("mine",))
    ended, good = inspect_all(asked, Manner(backend="loky", jobs=2, warn=told.append))
    assert ["TD101"] == [found.code for found in ended.report.findings]
    assert () == good.report.findings
    assert ["the backend loky stopped (TerminatedWorkerError"] == [text.partition(":")[0] for text in told]


def test_joblib_never_calls_the_work_in_this_process(here: Path) -> None:
    users_package(here, "Exits")
    told: list[str] = []
    [ended] = inspect_all(
        request((here / "exits.yaml").read_text(), allow_import=("mine",)),
        Manner(backend="loky", jobs=1, warn=told.append),
    )
    assert ["TD101"] == [found.code for found in ended.report.findings]
    assert ["the backend loky stopped (it has fewer than 2 workers to offer)"] == [
        text.rpartition(":")[0] for text in told
    ]


@pytest.mark.parametrize(
    ("name", "said"), [("nonsense", "Invalid backend: nonsense"), ("threading", "torch's state would be shared")]
)
def test_a_backend_that_cannot_be_used_says_so(name: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.yaml").write_text(GOOD)
    assert 2 == main(["check", "a.yaml", "--backend", name])
    assert f"tdinspect check: --backend {name}: " in (written := capsys.readouterr().err)
    assert said in written

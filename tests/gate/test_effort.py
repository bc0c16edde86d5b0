"""The options of `check` for large repositories."""

from __future__ import annotations

from pathlib import Path

import pytest

from tdinspect.cli import main
from tests.gate.small import UNREADABLE


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs").mkdir()
    for number in range(5):
        (tmp_path / "specs" / f"{number}.yaml").write_text(UNREADABLE)
    return tmp_path


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--jobs", "0"], "--jobs needs a whole number from 1 to 9999, not '0'"),
        (["--jobs", "two"], "--jobs needs a whole number from 1 to 9999, not 'two'"),
        (["--shard", "3/2"], "--shard: there is no shard 3 of 2: they are counted from 1 to 2"),
        (["--shard", "2"], "--shard: a shard is I/N, as in 1/4, not '2'"),
        (["--cache-dir="], "--cache-dir needs a folder"),
    ],
    ids=["0", "two", "3/2", "2", "no folder"],
)
def test_a_wrong_option_says_what_is_right(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(["check", *options])
    assert ("", f"tdinspect check: {said}\n") == capsys.readouterr()


def test_the_summary_tells_the_shard(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for number in (1, 2, 3):
        main(["check", "--shard", f"{number}/3", "--format", "concise"])
        told.append(capsys.readouterr().out.splitlines()[-1])
    assert [
        "2 specs: 2 with errors (shard 1/3)",
        "2 specs: 2 with errors (shard 2/3)",
        "1 spec: 1 with errors (shard 3/3)",
    ] == told


def test_a_shard_without_specs_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["check", "--shard", "9/9"])
    assert "0 specs: nothing to check (shard 9/9)\n" == capsys.readouterr().out


def test_the_settings_have_a_place_for_the_cache_and_a_number_of_workers(here: Path) -> None:
    (here / "tdinspect.toml").write_text('cache-dir = "kept"\njobs = 2\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TDINSPECT_CACHE_DIR")
        assert 1 == main(["check"])
    assert (here / "kept" / "CACHEDIR.TAG").exists()


def test_a_text_of_the_command_line_that_is_no_text_is_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert 1 == main(["check", "--layer", "\udcff: 3", "--input", "3,4", "--allow-import", "mine"])
    assert "error[TD001]" in capsys.readouterr().out
    assert 0 == main(["check", "--layer", "Linear: 3", "--input", "3,4"])

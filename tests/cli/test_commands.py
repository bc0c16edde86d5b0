"""Options to request, report to exit code, text to its place."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tdinspect.cli import main
from tests.cli.fakes import FakePipeline

SPEC = "input: [B, T, 8]\nlayers: [Linear: 4]\n"
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakePipeline:
    """The fake pipeline, in an empty folder with two good specs and a failing one in ``specs``."""
    fake = FakePipeline()
    monkeypatch.setitem(sys.modules, "tdinspect.pipeline", fake)
    monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs").mkdir()
    for name in ("a", "b"):
        (tmp_path / "specs" / f"{name}.yaml").write_text(SPEC)
    (tmp_path / "bad.yaml").write_text(SPEC)
    return fake


def files(pipeline: FakePipeline) -> list[str]:
    return [source.file for source in pipeline.requests[-1].sources]


@pytest.mark.parametrize("command", ["shape", "params", "compare"])
def test_a_command_without_specs_takes_the_specs_folder(pipeline: FakePipeline, capsys: Captured, command: str) -> None:
    assert 0 == main([command])
    assert command == pipeline.requests[-1].command
    assert ["specs/a.yaml", "specs/b.yaml"] == files(pipeline)
    assert "2 specs: 2 ok" in capsys.readouterr().out


def test_findings_go_to_standard_output_and_end_with_1(pipeline: FakePipeline, capsys: Captured) -> None:
    assert 1 == main(["shape", "bad.yaml"])
    captured = capsys.readouterr()
    assert "error[TD102]" in captured.out
    assert "" == captured.err


def test_findings_end_with_0_where_that_is_asked_for(pipeline: FakePipeline) -> None:
    assert 0 == main(["shape", "bad.yaml", "--exit-zero"])


def test_warnings_end_with_1_only_where_that_is_asked_for(pipeline: FakePipeline) -> None:
    Path("warned.yaml").write_text(SPEC)
    assert 0 == main(["shape", "warned.yaml"])
    assert 1 == main(["shape", "warned.yaml", "--error-on-warning"])


def test_every_option_reaches_the_request(pipeline: FakePipeline) -> None:
    sizes = ["--set", "T=7", "--set", "hidden=64", "--set", "T=8"]
    packages = ["--allow-import", "a", "--allow-import", "b"]
    assert 0 == main(["params", "specs/a.yaml", *sizes, *packages, "--device", "meta"])
    request = pipeline.requests[-1]
    assert {"T": "8", "hidden": "64"} == request.overrides
    assert ("a", "b") == request.allow_import
    assert "meta" == request.device


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["shape", "nope.yaml"], "no such file or folder: nope.yaml"),
        (["shape", "--format", "yaml"], "unknown format 'yaml': one of table, json, markdown, csv"),
        (["shape", "--columns", "params,wrong"], "unknown column 'wrong': shape has layer, name, type"),
        (["shape", "--columns", "verdict"], "unknown column 'verdict'"),
        (["shape", "--columns", ","], "no column given"),
        (["shape", "--device", "gpu"], "unknown device 'gpu': one of auto, cpu, meta"),
        (["shape", "--set", "T"], "--set needs NAME=VALUE, not 'T'"),
        (["shape", "--set", "=3"], "--set needs NAME=VALUE"),
        (["shape", "--depth", "-1"], "--depth"),
        (["shape", "--layer", "ReLU"], "--layer needs --input"),
        (["shape", "--input", "3,4"], "--input belongs to --layer"),
        (["shape", "--time-axis", "0"], "--time-axis belongs to --layer"),
        (["shape", "specs/a.yaml", "--layer", "ReLU", "--input", "3"], "not both"),
        (["shape", "--output", "nowhere/x.txt"], "cannot write nowhere/x.txt: there is no folder nowhere"),
        (["shape", "--output", "specs"], "cannot write specs: specs is a folder"),
        (["shape", "--bogus"], "--bogus"),
        (["bogus"], "bogus"),
    ],
)
def test_what_cannot_run_as_asked_is_told_on_standard_error_and_ends_with_2(
    pipeline: FakePipeline, capsys: Captured, arguments: list[str], words: str
) -> None:
    assert 2 == main(arguments)
    captured = capsys.readouterr()
    assert words in captured.err
    assert "Traceback" not in captured.err
    assert "" == captured.out
    assert [] == pipeline.requests


def test_without_specs_and_without_the_folder_it_says_what_to_give(
    pipeline: FakePipeline, capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert 2 == main(["shape"])
    assert "give a file, a folder" in capsys.readouterr().err


def test_a_fault_of_the_program_itself_ends_with_3_and_a_traceback(pipeline: FakePipeline, capsys: Captured) -> None:
    Path("bug.yaml").write_text(SPEC)
    assert 3 == main(["shape", "bug.yaml"])
    captured = capsys.readouterr()
    assert captured.err.startswith("tdinspect: a fault of tdinspect itself, please report it: ValueError('a bug')")
    assert "Traceback" in captured.err
    assert "" == captured.out


def test_an_interrupt_ends_with_130_says_nothing_and_leaves_the_file(pipeline: FakePipeline, capsys: Captured) -> None:
    Path("interrupted.yaml").write_text(SPEC)
    Path("out.txt").write_text("before")
    assert 130 == main(["shape", "interrupted.yaml", "--output", "out.txt"])
    assert ("", "") == capsys.readouterr()
    assert "before" == Path("out.txt").read_text()


def test_output_writes_the_same_text_that_would_be_printed(pipeline: FakePipeline, capsys: Captured) -> None:
    assert 0 == main(["shape"])
    printed = capsys.readouterr().out
    assert 0 == main(["shape", "--output", "out.txt"])
    assert "" == capsys.readouterr().out
    assert printed == Path("out.txt").read_text(encoding="utf-8")
    assert {"bad.yaml", "out.txt", "specs"} == {path.name for path in Path().iterdir()}


def test_output_keeps_the_mode_and_a_link_of_the_file_it_replaces(pipeline: FakePipeline) -> None:
    Path("real.txt").write_text("before")
    Path("real.txt").chmod(0o640)
    Path("link.txt").symlink_to("real.txt")
    assert 1 == main(["shape", "bad.yaml", "--output", "link.txt"])
    assert Path("link.txt").is_symlink()
    assert "TD102" in Path("real.txt").read_text(encoding="utf-8")
    assert 0o640 == Path("real.txt").stat().st_mode & 0o777


def test_output_to_a_named_pipe_is_written_through(pipeline: FakePipeline) -> None:
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    assert 0 == main(["shape", "--quiet", "--output", "pipe"])
    assert os.read(reader, 10_000).endswith(b"2 specs: 2 ok\n")
    os.close(reader)
    assert Path("pipe").is_fifo()


def test_a_format_is_chosen_by_name(pipeline: FakePipeline, capsys: Captured) -> None:
    assert 0 == main(["shape", "--format", "json"])
    assert "shape" == json.loads(capsys.readouterr().out)["command"]
    assert 0 == main(["shape", "--format", "csv", "--columns", "layer,params", "--depth", "0"])
    lines = capsys.readouterr().out.splitlines()
    assert ["file,layer,params", "specs/a.yaml,timedistributed_1,448"] == lines[:2]


def test_columns_sets_the_width_where_no_terminal_is(
    pipeline: FakePipeline, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    main(["shape", "specs/a.yaml"])
    assert max(len(line) for line in capsys.readouterr().out.splitlines()) <= 40


def test_layers_on_the_command_line_become_a_spec(pipeline: FakePipeline) -> None:
    arguments = ["--input", "5,3,B", "--time-axis", "0", "--batch-axis", "none", "--layer", "ReLU"]
    assert 0 == main(["shape", *arguments, "--layer", "Conv2d: {out_channels: 16, kernel_size: 3}"])
    (source,) = pipeline.requests[-1].sources
    assert "<command line>" == source.file
    assert (
        "input: [5, 3, B]\ntime_axis: 0\nbatch_axis: none\nlayers:\n  - ReLU\n"
        "  - Conv2d: {out_channels: 16, kernel_size: 3}\n"
    ) == source.text


def test_help_names_every_command(capsys: Captured) -> None:
    assert 0 == main(["--help"])
    assert {"shape", "params", "compare"} <= set(capsys.readouterr().out.split())

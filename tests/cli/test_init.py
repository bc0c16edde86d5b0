"""`tdinspect init`: starting specs that work, in files that were not there before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tdinspect.cli import main
from tdinspect.cli.init import KINDS, starter
from tdinspect.domain.report import Command
from tdinspect.importers import read_spec
from tdinspect.pipeline import Request, Source, execute
from tests.cli.fakes import ROOT

Captured = pytest.CaptureFixture[str]
OUTPUTS = {
    "video": ("B", "T", "10"),
    "sequence": ("B", "T", "9"),
    "sequence-to-sequence": ("B", "T", "5000"),
    "plain": ("B", "10"),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys: Captured, *arguments: str) -> str:
    """The message of a usage error."""
    assert 2 == main(["init", *arguments])
    captured = capsys.readouterr()
    assert "" == captured.out
    assert captured.err.startswith("tdinspect init: ")
    return captured.err


@every_kind
@pytest.mark.parametrize("command", ["shape", "params"])
def test_a_starting_spec_has_no_findings_and_gives_what_it_expects(kind: str, command: Command) -> None:
    source = Source(file="model.yaml", text=starter(kind))
    report = execute(Request(command=command, sources=(source,))).specs[0]
    assert () == report.findings
    assert OUTPUTS[kind] == report.outputs["output"].symbols
    assert f"output: [{', '.join(OUTPUTS[kind])}]" in starter(kind)
    spec = read_spec(source.text, source.file, {}).spec
    assert spec is not None
    assert spec.expect is not None
    assert report.totals.params <= (spec.expect.counts["params"][1] or 0)
    shapes = {layer.name: layer.output.symbols for layer in report.layers if layer.output}
    assert {name: tuple(map(str, shape)) for name, shape in spec.expect.layers.items()} == {
        name: shapes[name] for name in spec.expect.layers
    }


@every_kind
def test_the_free_sizes_of_a_starting_spec_change_no_parameter(kind: str) -> None:
    source = Source(file="model.yaml", text=starter(kind))
    spec = read_spec(source.text, source.file, {}).spec
    assert spec is not None
    assert spec.expect is not None
    for symbol in spec.expect.free:
        reports = [
            execute(Request(command="shape", sources=(source,), overrides={symbol: size})).specs[0]
            for size in ("1", "3", "8")
        ]
        assert [()] * 3 == [report.findings for report in reports]
        assert 1 == len({report.totals.params for report in reports})


@every_kind
def test_a_starting_spec_says_what_to_change_and_how_an_editor_helps(kind: str) -> None:
    first, *lines = starter(kind).splitlines()
    assert first.startswith("# A ")
    assert "# Change the " in "\n".join(lines[:3])
    assert "# yaml-language-server: $schema=tdinspect.schema.json" in lines
    assert 120 >= max(map(len, lines))


@every_kind
def test_the_file_is_the_starting_spec_and_the_next_command_is_named(kind: str, folder: Path, capsys: Captured) -> None:
    assert 0 == main(["init", "my model.yaml", "--kind", kind])
    assert starter(kind) == (folder / "my model.yaml").read_text(encoding="utf-8")
    assert "Next: tdinspect shape 'my model.yaml'" == capsys.readouterr().out.splitlines()[-1]


def test_without_a_name_it_is_a_video_model_in_model_yaml(folder: Path) -> None:
    assert 0 == main(["init"])
    assert starter("video") == (folder / "model.yaml").read_text(encoding="utf-8")


@every_kind
def test_a_dash_prints_the_spec_and_writes_nothing(kind: str, folder: Path, capsys: Captured) -> None:
    assert 0 == main(["init", "-", "--kind", kind])
    assert starter(kind) == capsys.readouterr().out
    assert [] == list(folder.iterdir())


def test_a_file_that_is_there_is_never_overwritten(folder: Path, capsys: Captured) -> None:
    (folder / "model.yaml").write_text("mine")
    assert "model.yaml: it is there already" in refused(capsys)
    assert "mine" == (folder / "model.yaml").read_text()


@pytest.mark.parametrize("target", ["real.yaml", "nowhere.yaml"])
def test_a_link_is_left_alone_wherever_it_leads(folder: Path, capsys: Captured, target: str) -> None:
    (folder / "real.yaml").write_text("mine")
    (folder / "model.yaml").symlink_to(target)
    assert "it is a link" in refused(capsys)
    assert ("mine", False) == ((folder / "real.yaml").read_text(), (folder / "nowhere.yaml").exists())


def test_a_folder_is_no_file(folder: Path, capsys: Captured) -> None:
    (folder / "specs").mkdir()
    assert "specs: it is a folder; name a file in it" in refused(capsys, "specs")


def test_a_folder_that_is_not_there_is_not_made(folder: Path, capsys: Captured) -> None:
    assert "specs is not there; make that folder first" in refused(capsys, "specs/model.yaml")
    assert [] == list(folder.iterdir())


def test_a_file_in_the_place_of_the_folder_is_named(folder: Path, capsys: Captured) -> None:
    (folder / "specs").write_text("mine")
    assert "specs is no folder" in refused(capsys, "specs/model.yaml")


@pytest.mark.parametrize("name", ["", "a" * 300 + ".yaml", "a\0b.yaml"])
def test_a_name_that_no_file_can_have_is_a_usage_error(capsys: Captured, name: str) -> None:
    assert "cannot write" in refused(capsys, name)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_a_usage_error(folder: Path, capsys: Captured) -> None:
    folder.chmod(0o500)
    try:
        assert "Permission denied" in refused(capsys)
    finally:
        folder.chmod(0o700)


def test_an_unknown_kind_lists_the_kinds_and_writes_nothing(folder: Path, capsys: Captured) -> None:
    assert f"unknown kind 'image': one of {', '.join(KINDS)}" in refused(capsys, "--kind", "image")
    assert [] == list(folder.iterdir())


@pytest.mark.parametrize("arguments", [["init"], ["init", "-"], ["init", "--kind", "image"]])
def test_it_imports_neither_torch_nor_yaml(arguments: list[str], folder: Path) -> None:
    program = (
        "import sys; from tdinspect.cli import main; main(sys.argv[1:])\n"
        "sys.stderr.write('imported: ' + repr(sorted({'torch', 'rich', 'yaml'} & sys.modules.keys())))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (0, "imported: []") == (done.returncode, done.stderr.splitlines()[-1])

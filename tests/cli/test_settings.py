"""Settings and the options for rules, from the command line to the exit code."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tdinspect.cli import main
from tests.cli.fakes import FakePipeline

SPEC = "input: [B, T, 8]\ntime_axis: T\nlayers:\n  - Linear: 4\n"
NOTED = "input: [B, T, 8]\ntime_axis: T\nlayers:\n  - softmax: 1\n"  # TD211, a note
WARNED = "input: [B, 8]\nlayers:\n  - Linear: 4\n  - BatchNorm1d\n"  # TD208, a warning
WRONG_AXIS = "input: [B, T, 8]\ntime_axis: T\nlayers:\n  - LSTM: 4\n"  # TD202, an error
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    texts = {"models/a": SPEC, "models/noted": NOTED, "warned": WARNED, "wrong": WRONG_AXIS, "inner/b": SPEC}
    for name, text in texts.items():
        path = Path(f"{name}.yaml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> FakePipeline:
    fake = FakePipeline()
    monkeypatch.setitem(sys.modules, "tdinspect.pipeline", fake)
    monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))
    return fake


def settle(text: str, name: str = "tdinspect.toml") -> None:
    Path(name).write_text(text)


def codes(capsys: Captured, *arguments: str) -> list[str]:
    main(["check", *arguments, "--format", "json"])
    specs = json.loads(capsys.readouterr().out)["specs"]
    return [finding["code"] for spec in specs for finding in spec["findings"]]


@pytest.mark.parametrize("command", ["shape", "params", "compare", "axes"])
def test_settings_reach_every_command(pipeline: FakePipeline, command: str) -> None:
    settle('specs = ["models"]\nallow-import = ["a"]\nlimits = {steps = 9}\n')
    assert 0 == main([command, "--allow-import", "b", "--allow-import", "a"])
    [request] = pipeline.requests
    assert ["models/a.yaml", "models/noted.yaml"] == [source.file for source in request.sources]
    assert ("a", "b") == request.allow_import
    assert 9 == request.limits.steps


def test_settings_reach_the_check(capsys: Captured) -> None:
    settle('[tool.tdinspect]\nspecs = ["models/a.yaml"]\nlimits = {steps = 1, layers = 1}\n', "pyproject.toml")
    assert 0 == main(["check"])
    assert "1 spec: 1 clean\n" == capsys.readouterr().out
    assert ["TD008"] == codes(capsys, "warned.yaml")
    Path("deep.yaml").write_text("input: [B, T, 8]\ntime_axis: T\nlayers: [GRU: {hidden_size: 4, num_layers: 2}]\n")
    assert ["TD008"] == codes(capsys, "deep.yaml")


def test_specs_that_are_named_take_the_place_of_the_settings(pipeline: FakePipeline) -> None:
    settle('specs = ["models"]\n')
    assert 0 == main(["shape", "inner"])
    assert ["inner/b.yaml"] == [source.file for source in pipeline.requests[-1].sources]


def test_in_a_folder_below_the_specs_are_named_from_there(
    pipeline: FakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle('specs = ["models"]\n')
    monkeypatch.chdir("inner")
    assert 0 == main(["shape"])
    assert ["../models/a.yaml", "../models/noted.yaml"] == [source.file for source in pipeline.requests[-1].sources]


def test_a_layer_on_the_command_line_asks_for_no_specs(pipeline: FakePipeline) -> None:
    settle('specs = ["models"]\n')
    assert 0 == main(["shape", "--layer", "ReLU", "--input", "2,3"])
    assert ["<command line>"] == [source.file for source in pipeline.requests[-1].sources]


def test_one_file_of_settings_may_be_named_or_none_be_used(pipeline: FakePipeline) -> None:
    settle("jobs = 0\n")
    settle('specs = ["models"]\n', "other.toml")
    assert 2 == main(["shape", "models"])
    assert 0 == main(["shape", "--config", "other.toml"])
    assert 0 == main(["shape", "inner", "--isolated"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["shape", "--config", "nope.toml"], "no such settings file: nope.toml"),
        (["shape", "--config", "a.toml", "--isolated"], "give --config or --isolated, not both"),
        (["shape"], "no such file or folder: gone (from `specs` in tdinspect.toml)"),
        (["check", "models", "--select", "TD26"], "--select: there is no rule 'TD26': did you mean TD206?"),
        (["check", "models", "--ignore", "TD1,X"], "--ignore: there is no rule 'X': `tdinspect explain` lists"),
        (["check", "models", "--select", ","], "--select: no rule given"),
        (["check", "models", "--ignore", "TD101 TD102"], "no rule 'TD101 TD102': between rules stands a comma"),
        (["check", "models", "--output", ""], "--output needs a file"),
        (["shape", "models", "--output="], "--output needs a file"),
        (["diff", "--output="], "--output needs a file"),
    ],
)
def test_what_cannot_run_as_asked_ends_with_2_on_standard_error(
    capsys: Captured, arguments: list[str], words: str
) -> None:
    settle('specs = ["gone"]\n')
    assert 2 == main(arguments)
    captured = capsys.readouterr()
    assert words in captured.err
    assert "" == captured.out


@pytest.mark.parametrize("command", ["shape", "check"])
def test_wrong_settings_end_with_2_and_all_their_mistakes(capsys: Captured, command: str) -> None:
    settle("selct = []\njobs = 0\n")
    assert 2 == main([command, "models"])
    captured = capsys.readouterr()
    assert f"tdinspect {command}: 2 mistakes in the settings of tdinspect.toml:\n  selct: unknown" in captured.err
    assert "" == captured.out


@pytest.mark.parametrize(
    ("settings", "arguments", "wanted"),
    [
        ("", "", "TD208 TD202"),
        ('ignore = ["TD208"]', "", "TD202"),
        ('ignore = ["TD208"]', "--ignore TD202", ""),
        ('select = ["TD208"]', "", "TD208"),
        ('select = ["TD208"]', "--select TD202", "TD202"),
        ('select = ["TD208"]', "--select td202,TD208 --ignore TD208", "TD202"),
        ('select = ["TD208"]', "--ignore TD2", ""),
        ('ignore = ["TD208"]', "--select TD2", "TD202"),
        ('ignore = ["TD208"]', "--select TD208", "TD208"),
        ('ignore = ["TD208"]', "--select ALL --isolated", "TD208 TD202"),
        ("", "--select TD1 --select TD202", "TD202"),
    ],
)
def test_rules_are_chosen_by_the_settings_and_by_the_options(
    capsys: Captured, settings: str, arguments: str, wanted: str
) -> None:
    settle(f"{settings}\n")
    assert wanted.split() == codes(capsys, "warned.yaml", "wrong.yaml", *arguments.split())


@pytest.mark.parametrize(
    ("settings", "arguments", "code"),
    [
        ("", "wrong.yaml", 1),
        ("", "wrong.yaml --ignore TD202", 0),
        ("", "wrong.yaml --exit-zero", 0),
        ('severity = {TD202 = "warning"}', "wrong.yaml", 0),
        ('severity = {TD202 = "warning"}', "wrong.yaml --error-on-warning", 1),
        ('severity = {TD2 = "error"}', "models/noted.yaml", 1),
        ("error-on-warning = true", "warned.yaml", 1),
        ("error-on-warning = true", "warned.yaml --exit-zero", 0),
        ("error-on-warning = true", "warned.yaml --ignore TD208", 0),
        ("error-on-warning = true", "models/noted.yaml", 0),
    ],
)
def test_severities_decide_about_the_exit_code(settings: str, arguments: str, code: int) -> None:
    settle(f"{settings}\n")
    assert code == main(["check", *arguments.split()])


def test_rules_and_severities_are_for_the_check_alone(capsys: Captured) -> None:
    Path("broken.yaml").write_text("input: [B, 8]\nlayers: [Wrong]\n")
    settle('ignore = ["TD0"]\n')
    assert 0 == main(["check", "broken.yaml"])
    assert 1 == main(["shape", "broken.yaml"])


def test_a_raised_severity_shows_in_text_and_json(capsys: Captured) -> None:
    settle('severity = {TD211 = "error"}\n')
    main(["check", "models/noted.yaml"])
    assert "error[TD211]" in capsys.readouterr().out
    main(["check", "models/noted.yaml", "--format", "json"])
    [spec] = json.loads(capsys.readouterr().out)["specs"]
    assert (["error"], False) == ([finding["severity"] for finding in spec["findings"]], spec["ok"])

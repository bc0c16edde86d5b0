"""The whole way, through the real pipeline: what a user meets."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tdinspect.cli import main

LINEAR = "input: [B, T, 8]\nsizes: {B: 2, T: 5}\ntime_axis: T\nlayers:\n  - Linear: 4\n"
FAILING = "input: [5, 3, 3, 16, 16]\ntime_axis: 0\nlayers:\n  - Conv2d: {out_channels: 16, kernel_size: 3}\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "good.yaml").write_text(LINEAR)
    (tmp_path / "failing.yaml").write_text(FAILING)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def folder(here: Path) -> Path:
    """A folder with specs in odd places, other YAML, and YAML that cannot be read."""
    for name, content in {
        "b.yaml": LINEAR,
        "a.yml": LINEAR,
        "with space/it's.yaml": LINEAR,
        'deep/er/say "hi".yaml': LINEAR,
        "ünï/日本.yaml": LINEAR,
        "ci.yaml": "version: 3\n",
        "list.yml": "- 1\n",
        "broken.yaml": "input: [\n",
        "notes.txt": LINEAR,
    }.items():
        path = here / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    (here / "models" / "folder.yaml").mkdir()
    return here / "models"


def standard_input(monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content.encode("utf-8"))))


def specs(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    main(["shape", *arguments, "--format", "json"])
    loaded = json.loads(capsys.readouterr().out)["specs"]
    assert isinstance(loaded, list)
    return loaded


@pytest.mark.parametrize("command", ["shape", "params", "compare", "axes"])
def test_a_clean_spec_is_0_and_says_nothing_on_standard_error(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main([command, "good.yaml"])
    written = capsys.readouterr()
    assert "good  good.yaml" in written.out
    assert "" == written.err


@pytest.mark.parametrize("command", ["shape", "params", "compare", "axes"])
def test_a_failing_model_is_1_and_its_finding_is_on_standard_output(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 1 == main([command, "good.yaml", "failing.yaml"])
    written = capsys.readouterr()
    assert "error[TD102]" in written.out
    assert "2 specs: 1 ok, 1 with errors" in written.out
    assert "" == written.err


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\x00\xff\xfe\x80garbage", "TD001"),
        (b"", "TD003"),
        (b"# nothing\n", "TD003"),
        (b"- a\n- list\n", "TD003"),
        (b"just a text\n", "TD003"),
        (b"input: [B, T\n", "TD001"),
        (b"input: [0, 8]\nlayers: [ReLU]\n", "TD003"),
        (b"input: [2, -8]\nlayers: [ReLU]\n", "TD003"),
        (b"input: [2, 8]\nlayers: [ReLu]\n", "TD004"),
        (b"input: [2, 8]\nlayers: [ReLU]\nlayrs: 3\n", "TD002"),
        (b"input: [2, 8]\nlayers:\n  - Conv2d: {out_channels: 4}\n", "TD005"),
        (b"input: [2, 8]\r\nlayers:\r\n\t- ReLU\r\n", "TD001"),
    ],
)
def test_a_spec_that_cannot_be_used_is_1_with_a_finding(
    here: Path, content: bytes, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "bad.yaml").write_bytes(content)
    assert 1 == main(["shape", "bad.yaml"])
    written = capsys.readouterr()
    assert f"error[{code}]" in written.out
    assert "" == written.err


def test_one_missing_file_among_good_ones_stops_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(["shape", "good.yaml", "nope.yaml"])
    assert "" == capsys.readouterr().out


def test_the_exit_code_does_not_depend_on_the_format(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("table", "json", "markdown", "csv"):
        assert (0, 1) == (
            main(["shape", "good.yaml", "--format", name]),
            main(["shape", "failing.yaml", "--format", name]),
        )
    assert "" == capsys.readouterr().err


def test_an_override_changes_a_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["shape", "good.yaml", "--set", "T=9", "--format", "json"])
    assert {"B": 2, "T": 9} == json.loads(capsys.readouterr().out)["specs"][0]["sizes"]


def test_an_override_of_nothing_is_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert 1 == main(["shape", "good.yaml", "--set", "Z=9"])
    assert "error[TD006]: --set Z" in capsys.readouterr().out


def test_a_folder_gives_every_spec_below_it_in_order(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = [
        "models/a.yml", "models/b.yaml", "models/broken.yaml", 'models/deep/er/say "hi".yaml',
        "models/with space/it's.yaml", "models/ünï/日本.yaml",
    ]  # fmt: skip
    assert expected == [spec["file"] for spec in specs(capsys, "models")]


def test_yaml_in_a_folder_that_cannot_be_read_is_a_finding(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = next(spec for spec in specs(capsys, "models") if spec["file"] == "models/broken.yaml")
    assert ["TD001"] == [finding["code"] for finding in broken["findings"]]


def test_files_of_a_folder_that_are_no_specs_are_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 1 == main(["shape", "models", "--quiet"])
    assert "6 specs: 5 ok, 1 with errors (2 other YAML files left out)" == capsys.readouterr().out.splitlines()[-1]


def test_a_spec_given_twice_is_shown_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = specs(capsys, "models/b.yaml", "models", "./models/b.yaml")
    assert 6 == len(found)
    assert "models/b.yaml" == found[0]["file"]


def test_standard_input_can_be_given_a_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    standard_input(monkeypatch, FAILING)
    assert 1 == main(["shape", "-", "--stdin-filename", "models/video.yaml"])
    written = capsys.readouterr().out
    assert "--> models/video.yaml:4:5" in written
    assert written.startswith("video  models/video.yaml\n")


def test_layers_on_the_command_line_are_a_spec(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = specs(
        capsys, "--layer", "Conv2d: {out_channels: 16, kernel_size: 3}", "--layer", "ReLU", "--input", "N,3,256,256"
    )
    assert found["ok"]
    assert ["Conv2d", "ReLU"] == [layer["type"] for layer in found["layers"]]
    assert ["N", "16", "254", "254"] == found["outputs"]["output"]["symbols"]


def test_axes_on_the_command_line_are_those_of_a_spec(capsys: pytest.CaptureFixture[str]) -> None:
    layer = ["--layer", "Linear: 4", "--input", "5, 3, 8"]
    (numbers,) = specs(capsys, *layer, "--time-axis", "0", "--batch-axis", "1")
    assert (0, 1) == (numbers["time_axis"], numbers["batch_axis"])
    (unbatched,) = specs(capsys, *layer, "--time-axis", "0", "--batch-axis", "none")
    assert (0, None) == (unbatched["time_axis"], unbatched["batch_axis"])


@pytest.mark.parametrize(
    ("layer", "shape", "code"),
    [
        ("Linear: {out_features: 4", "B,8", "TD001"),
        ("", "B,8", "TD003"),
        ("Linaer: 4", "B,8", "TD004"),
        ("Linear: 4", "", "TD003"),
        ("Linear: 4", "B,H//2", "TD003"),
        ("Linear: 4", "B,8]\nname: [x", "TD003"),
        ("Linear: 4", "0,8", "TD003"),
    ],
)
def test_a_mistake_on_the_command_line_is_a_finding(
    layer: str, shape: str, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 1 == main(["shape", "--layer", layer, "--input", shape])
    written = capsys.readouterr()
    assert f"error[{code}]" in written.out
    assert "--> <command line>:" in written.out
    assert "" == written.err


def test_a_finding_about_set_points_at_no_line_of_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text("input: [B, 6]\nlayers: [ReLU]\n", encoding="utf-8")
    assert 1 == main(["shape", str(spec), "--set", "B=0"])
    shown = capsys.readouterr().out
    assert "--set B: expected a whole number above zero" in shown
    assert f"--> {spec}:" not in shown
    assert "input: [B, 6]" not in shown

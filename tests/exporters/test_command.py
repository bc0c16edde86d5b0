"""``tdinspect export`` as a person types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tdinspect.cli import main

GOOD = (
    "name: my-net\ninput: [B, T, 8]\ntime_axis: T\nvars: {n: 4}\nlayers:\n  - TimeDistributed: [{Linear: $n}, ReLU]\n"
)
FAILS = "input: [B, T, 3, 8, 8]\ntime_axis: T\nlayers:\n  - Conv2d: {out_channels: 4, kernel_size: 3}\n"
NO_TWIN = "input: [B, 8, 4, 4]\nlayers:\n  - {PixelShuffle: 1, name: shuffled}\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {"good": GOOD, "fails": FAILS, "no_twin": NO_TWIN}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_code_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["export", "good.yaml"])
    code = capsys.readouterr().out
    assert "class MyNet(nn.Module):" in code
    assert "x = x.flatten(0, 1)  # (B*T, 8)" in code
    assert "tdinspect import" not in code


def test_with_tdinspect_the_wrapper_is_imported(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["export", "good.yaml", "--with-tdinspect", "--class-name", "Net", "--set", "n=7"])
    code = capsys.readouterr().out
    assert "from tdinspect import TimeDistributed" in code
    assert "class Net(nn.Module):" in code
    assert "nn.Linear(8, 7)" in code


def test_a_file_is_written_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["export", "good.yaml", "--output", "model.py"])
    assert "model.py: MyNet, 36 parameters\n" == capsys.readouterr().out
    (here / "model.py").write_text("mine")
    assert 2 == main(["export", "good.yaml", "--output", "model.py"])
    assert "model.py is there already: give --force to overwrite it" in capsys.readouterr().err
    assert "mine" == (here / "model.py").read_text()
    assert 0 == main(["export", "good.yaml", "--output", "model.py", "--force"])
    assert "class MyNet" in (here / "model.py").read_text()


def test_the_spec_itself_is_never_overwritten(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (here / "good.yaml").read_text()
    assert 2 == main(["export", "good.yaml", "--output", "./good.yaml", "--force"])
    assert "--output is the spec itself, good.yaml" in capsys.readouterr().err
    assert before == (here / "good.yaml").read_text()


def test_keras_code_is_a_function(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["export", "good.yaml", "--to", "keras"])
    assert "def MyNet() -> keras.Model:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("said", "arguments"),
    [
        ("TD102", ["fails.yaml"]),
        (
            "shuffled (PixelShuffle) cannot be exported",
            ["no_twin.yaml", "--to", "keras"],
        ),
    ],
)
def test_what_has_no_code_is_a_finding_and_1(
    said: str, arguments: list[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 1 == main(["export", *arguments, "--output", "model.py"])
    assert said in capsys.readouterr().out
    assert not (here / "model.py").exists()


@pytest.mark.parametrize(
    ("said", "arguments"),
    [
        ("did you mean keras?", ["good.yaml", "--to", "kears"]),
        ("cannot export to 'java': one of python, keras", ["good.yaml", "--to", "java"]),
        ("export takes one spec, and . has 3", ["."]),
        ("--class-name needs a Python name, not 'my net'", ["good.yaml", "--class-name", "my net"]),
        ("--class-name needs a Python name, not 'class'", ["good.yaml", "--class-name", "class"]),
        ("--class-name cannot be Tensor", ["good.yaml", "--class-name", "Tensor"]),
        ("--with-tdinspect belongs to --to python", ["good.yaml", "--to", "keras", "--with-tdinspect"]),
        ("there is no folder", ["good.yaml", "--output", "no/model.py"]),
        ("missing.yaml", ["missing.yaml"]),
    ],
)
def test_what_cannot_be_done_as_asked_is_2(said: str, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(["export", *arguments])
    written = capsys.readouterr()
    assert "" == written.out
    assert said in written.err

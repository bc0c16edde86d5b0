"""``tdinspect import`` and ``params --keras`` as they are called."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tdinspect.cli import CLEAN, FINDINGS, USAGE, main
from tests.keras.models import keras
from tests.keras.texts import given, layer, sequential

_GOOD = sequential(
    layer("InputLayer", "input_1", batch_shape=[None, 12, 8]),
    layer("TimeDistributed", "td", layer=layer("Dense", "dense", units=10)),
    layer("LSTM", "lstm", units=4),
    keras="3.5.0",
)
_LAMBDA = sequential(given([None, 8]), layer("Lambda", "my_lambda"))


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("model.json")
    path.write_bytes(_GOOD)
    return path


def test_without_a_file_the_spec_is_the_output_and_the_report_stands_beside_it(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert CLEAN == main(["import", str(model)])
    said = capsys.readouterr()
    assert "TimeDistributed:" in said.out
    assert "keras params" not in said.out
    assert "torch has a second bias vector (+16)" in said.err


def test_the_spec_that_is_written_passes_the_gate(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert CLEAN == main(["import", str(model), "--output", "spec.yaml"])
    assert "(None, 12, 10)" in capsys.readouterr().out
    assert CLEAN == main(["check", "spec.yaml", "--error-on-warning"])


def test_a_file_that_is_there_is_kept_unless_forced(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("spec.yaml").write_text("mine")
    assert USAGE == main(["import", str(model), "--output", "spec.yaml"])
    assert "--force" in capsys.readouterr().err
    assert "mine" == Path("spec.yaml").read_text()
    assert CLEAN == main(["import", str(model), "--output", "spec.yaml", "--force", "--quiet"])
    assert "LSTM" in Path("spec.yaml").read_text()
    assert "" == capsys.readouterr().out


@pytest.mark.parametrize("options", ["--output w.pt --weights ./w.pt", "--output model.json", "--weights model.json"])
def test_no_file_is_written_over_another_of_the_command(
    model: Path, options: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert USAGE == main(["import", str(model), *options.split(), "--force"])
    assert "must be three files" in capsys.readouterr().err
    assert _GOOD == model.read_bytes()
    assert ["model.json"] == [path.name for path in Path().iterdir()]


def test_a_link_to_nowhere_is_kept_unless_forced(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("spec.yaml").symlink_to("elsewhere.yaml")
    assert USAGE == main(["import", str(model), "--output", "spec.yaml"])
    assert not Path("elsewhere.yaml").exists()


def test_what_is_not_supported_is_named_and_nothing_is_written(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model.write_bytes(_LAMBDA)
    assert FINDINGS == main(["import", str(model), "--output", "spec.yaml"])
    out = capsys.readouterr().out
    assert "error[TD004]: my_lambda (Lambda)" in out
    assert "--> model.json at my_lambda" in out
    assert not Path("spec.yaml").exists()


def test_a_missing_file_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert USAGE == main(["import", "nothing.json"])
    assert "cannot read nothing.json" in capsys.readouterr().err


def test_an_empty_file_is_said_to_be_empty(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model.write_bytes(b"")
    assert FINDINGS == main(["import", str(model)])
    assert "the file is empty" in capsys.readouterr().out


def test_a_file_that_is_no_text_at_all_is_said_to_be_none_of_the_three(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model.write_bytes(b"\xff\x00\xfe")
    assert FINDINGS == main(["import", str(model)])
    assert "neither JSON nor a .keras archive nor an .h5 file" in capsys.readouterr().out


def test_an_archive_that_was_cut_off_is_said_to_be_damaged(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model.write_bytes(b"PK\x03\x04 and no more")
    assert FINDINGS == main(["import", str(model)])
    assert "is it whole?" in capsys.readouterr().out


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"])
def test_an_archive_does_not_come_through_standard_input(
    start: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(start + b"\xff" * 9)))
    assert USAGE == main(["import", "-"])
    assert "give it as a file" in capsys.readouterr().err


def test_weights_need_h5py(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("model.keras", "w") as archive:
        archive.writestr("config.json", _GOOD)
    assert USAGE == main(["import", "model.keras", "--output", "spec.yaml", "--weights", "w.pt"])
    assert "weights need h5py: pip install 'tdinspect[keras]'" in capsys.readouterr().err
    assert not Path("spec.yaml").exists()


def test_a_json_file_has_no_weights(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert FINDINGS == main(["import", str(model), "--weights", "w.pt", "--output", "spec.yaml"])
    assert "the architecture alone" in capsys.readouterr().out
    assert not Path("w.pt").exists()
    assert not Path("spec.yaml").exists()


def test_the_table_is_the_one_that_keras_prints(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["import", str(model), "--output", "spec.yaml", "--quiet"])
    capsys.readouterr()
    assert CLEAN == main(["params", "--keras", "spec.yaml"])
    lines = capsys.readouterr().out.splitlines()
    assert 'Model: "sequential"' == lines[0]
    assert "│ td (TimeDistributed) │ (None, None, 10) │      90 │" in lines
    assert " Total params: 330 (1.29 KB)" in lines
    assert " Trainable params: 330 (1.29 KB)" in lines
    assert " Non-trainable params: 0 (0.00 B)" in lines


def test_the_table_belongs_to_params(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["shape", "--keras", "x.yaml"], ["params", "--keras", "--format", "json", "x.yaml"]):
        assert USAGE == main(arguments)
        assert "--keras belongs to params" in capsys.readouterr().err


def test_a_name_from_a_file_cannot_steer_the_terminal(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(_LAMBDA)
    data["config"]["layers"][1]["config"]["name"] = "evil\x1b[31m\nname: x"
    model.write_text(json.dumps(data))
    assert FINDINGS == main(["import", str(model)])
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err


@pytest.mark.filterwarnings("ignore")  # Keras and what it imports
def test_a_keras_file_becomes_code_and_its_weights(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    k = keras()
    layers = [k.Input((6, 8)), k.layers.TimeDistributed(k.layers.Dense(4)), k.layers.GRU(3)]
    theirs = k.Sequential(layers)
    theirs.save("model.keras")
    assert CLEAN == main(["import", "model.keras", "--output", "spec.yaml", "--weights", "weights.pt"])
    assert CLEAN == main(["export", "spec.yaml", "--to", "python", "--output", "code.py"])
    capsys.readouterr()
    names: dict[str, Any] = {}
    exec(compile(Path("code.py").read_text(), "code.py", "exec"), names)
    [made] = [value for name, value in names.items() if isinstance(value, type) and issubclass(value, torch.nn.Module)]
    ours = made().eval()
    ours.load_state_dict(torch.load("weights.pt"))
    given = torch.randn(2, 6, 8)
    assert torch.allclose(theirs(given).detach(), ours(given), atol=1e-6)


def test_without_h5py_an_h5_file_says_what_to_install(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    model.write_bytes(b"\x89HDF\r\n\x1a\n")
    assert USAGE == main(["import", str(model)])
    assert "pip install 'tdinspect[keras]'" in capsys.readouterr().err

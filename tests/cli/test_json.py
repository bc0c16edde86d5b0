"""The keys of the JSON contract, version 1: every one is there, and what was added is named here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tdinspect.cli import main
from tests.cli.fakes import ROOT

VIDEO = ROOT / "specs" / "video_classifier.yaml"
FAILING = "input: [5, 3, 3, 16, 16]\ntime_axis: 0\nlayers:\n  - Conv2d: {out_channels: 16, kernel_size: 3}\n"
SMALL = """input: [B, T, 3, 8, 8]
sizes: {B: 2, T: 5}
time_axis: T
layers:
  - TimeDistributed: [Conv2d: {out_channels: 4, kernel_size: 3}, Flatten]
  - LSTM: {hidden_size: 6, batch_first: true}
"""
REPORT = {"version", "tool", "command", "specs"}
SPEC = {
    "file", "name", "ok", "sizes", "defaults", "time_axis", "batch_axis", "inputs", "layers", "outputs", "totals",
    "ranges", "findings",
}  # fmt: skip
LAYER = {
    "name", "type", "path", "line", "depth", "container", "function", "time_distributed", "inferred", "input_shape",
    "output_shape", "output_symbols", "params", "trainable_params", "keras_params", "macs", "macs_status",
    "shared_with", "tensors",
}  # fmt: skip
TOTALS = {
    "params", "trainable_params", "keras_params", "macs", "macs_status", "param_bytes", "activation_bytes",
}  # fmt: skip
FINDING = {"code", "severity", "message", "line", "column", "path", "help"}
COMPARISON = {"verdict", "right", "reason", "bare", "wrapped", "max_abs_diff"}
# Added within version 1: allowed, but on purpose only.
SPEC_ADDED = {"notes"}
LAYER_ADDED = {"param_bytes", "formula", "error", "activation_bytes", "kernel"}
TOTALS_ADDED = {"peak_activation_bytes"}
TENSOR_ADDED = {"bytes", "trainable"}


def report(capsys: pytest.CaptureFixture[str], command: str, file: Path = VIDEO) -> dict[str, Any]:
    main([command, str(file), "--format", "json"])
    written = capsys.readouterr()
    assert "" == written.err
    loaded = json.loads(written.out)
    assert isinstance(loaded, dict)
    return loaded


@pytest.fixture
def small(tmp_path: Path) -> Path:
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    return file


@pytest.mark.parametrize("command", ["shape", "params", "compare"])
def test_every_object_has_the_keys_of_the_contract(
    command: str, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = report(capsys, command, small)
    compared = {"comparison"} if command == "compare" else set()
    assert REPORT == set(data)
    assert (1, "tdinspect", command) == (data["version"], data["tool"], data["command"])
    (spec,) = data["specs"]
    assert SPEC | SPEC_ADDED | compared == set(spec)
    assert {"shape", "symbols", "dtype"} == set(spec["inputs"]["input"])
    assert {"shape", "symbols"} == set(spec["outputs"]["output"])
    assert TOTALS | TOTALS_ADDED == set(spec["totals"])
    for layer in spec["layers"]:
        assert LAYER | LAYER_ADDED | compared == set(layer)
        for tensor in layer["tensors"]:
            assert {"name", "shape", "params"} | TENSOR_ADDED == set(tensor)


def test_a_comparison_has_the_keys_of_the_contract(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (spec,) = report(capsys, "compare", small)["specs"]
    compared = [layer["comparison"] for layer in spec["layers"] if not layer["container"]]
    assert compared
    for comparison in compared:
        assert set(comparison) - {"train"} == COMPARISON
        assert {"shape", "error"} == set(comparison["bare"]) == set(comparison["wrapped"])
    assert [None] == [layer["comparison"] for layer in spec["layers"] if layer["container"]]
    assert {"first_failure"} == set(spec["comparison"])
    assert "timedistributed_1.conv2d_1" == spec["comparison"]["first_failure"]["name"]


def test_a_finding_has_the_keys_of_the_contract_and_pytorchs_own_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "failing.yaml"
    file.write_text(FAILING)
    (spec,) = report(capsys, "shape", file)["specs"]
    assert not spec["ok"]
    (finding,) = spec["findings"]
    assert FINDING == set(finding)
    assert ("TD102", "error", 4, 5) == tuple(finding[key] for key in ("code", "severity", "line", "column"))
    error = (
        "RuntimeError: Expected 3D (unbatched) or 4D (batched) input to conv2d, "
        "but got input of size: [5, 3, 3, 16, 16]"
    )
    assert error in finding["message"]
    assert error == spec["layers"][-1]["error"]


def test_the_first_layer_of_the_video_model_is_as_the_contract_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    (spec,) = report(capsys, "shape")["specs"]
    layer = spec["layers"][1]
    expected = {
        "name": "timedistributed_1.conv2d_1", "type": "Conv2d", "path": "layers[0].TimeDistributed[0]", "depth": 1,
        "container": False, "function": False, "time_distributed": True, "inferred": {"in_channels": 3},
        "input_shape": [2, 16, 3, 64, 64], "output_shape": [2, 16, 16, 64, 64],
        "output_symbols": ["B", "T", "16", "64", "64"], "params": 448, "trainable_params": 448, "keras_params": 448,
        "shared_with": None,
    }  # fmt: skip
    assert expected == {key: layer[key] for key in expected}
    assert {"weight": [16, 3, 3, 3], "bias": [16]} == {item["name"]: item["shape"] for item in layer["tensors"]}


def test_the_leaves_of_the_json_add_up_to_its_totals(capsys: pytest.CaptureFixture[str]) -> None:
    (spec,) = report(capsys, "params")["specs"]
    for key in ("params", "trainable_params", "keras_params", "param_bytes"):
        assert spec["totals"][key] == sum(layer[key] for layer in spec["layers"] if not layer["container"])

"""Files that are no models, or try to do harm: findings, never tracebacks."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tdinspect.domain.finding import Finding
from tdinspect.keras.model import import_model
from tdinspect.keras.reading import MOST_TEXT, UnreadableFile, read_json, read_model_file
from tdinspect.keras.refused import Refused
from tests.keras.texts import given, layer, node, old_functional, sequential


def _refused(data: bytes) -> Finding:
    with pytest.raises(Refused) as caught:
        read_json(data)
    return caught.value.finding


def _findings(data: bytes) -> tuple[Finding, ...]:
    imported = import_model(read_json(data))
    assert imported.text is None
    return imported.findings


def _only(data: bytes) -> str:
    [finding] = _findings(data)
    return finding.message


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "TD001"),
        (b"\xff\xfe\x00", "TD001"),
        (b"{", "TD001"),
        (b"[" * 200_000, "TD008"),
        (b"1" * 10_000, "TD001"),
        (b"[]", "TD003"),
        (b"null", "TD003"),
        (b'{"class_name": 1, "config": {}}', "TD003"),
        (b'{"class_name": "Sequential"}', "TD003"),
        (b" " * (MOST_TEXT + 1), "TD008"),
    ],
    ids=["empty", "no-text", "cut-off", "nested", "a-long-number", "a-list", "null", "no-name", "no-config", "long"],
)
def test_what_is_no_model_is_a_finding(data: bytes, code: str) -> None:
    assert code == _refused(data).code


def _config(**config: Any) -> bytes:
    return json.dumps({"class_name": "Functional", "config": config}).encode()


_LAYER = {"class_name": "Dense", "config": {"name": "d"}}
_IN = given([None, 4], "i")


@pytest.mark.parametrize(
    "data",
    [
        _config(),
        _config(layers=3),
        _config(layers=[3]),
        _config(layers=[{"class_name": "A", "config": []}], input_layers=[["i", 0, 0]], output_layers=[["i", 0, 0]]),
        _config(layers=[_LAYER], input_layers=3, output_layers=[]),
        _config(layers=[_LAYER], input_layers=[["d", 0]], output_layers=[["d", 0, 0]]),
        _config(layers=[_LAYER], input_layers=[["nothing", 0, 0]], output_layers=[["d", 0, 0]]),
        _config(layers=[_LAYER, _LAYER], input_layers=[["d", 0, 0]], output_layers=[["d", 0, 0]]),
        old_functional([node(_IN), node(layer("Dense", "d", units=2), [["e", 0, 0, {}]])], ["i"], ["d"]),
        old_functional([node(_IN), node(layer("Dense", "d", units=2), [["d", 0, 0, {}]])], ["i"], ["d"]),
        old_functional([node(_IN), node(layer("Dense", "d", units=2), [["i", 0, 7, {}]])], ["i"], ["d"]),
        old_functional([node(_IN), node(layer("Dense", "d", units=2), [["i", 0, 0, {}]])], ["i"], ["nothing"]),
        old_functional([node(_IN), node(layer("Dense", "d", units=2), [7])], ["i"], ["d"]),
        old_functional([node(_IN), node(layer("Add", "a"), [])], ["i"], ["a"]),
        sequential(),
        sequential(layer("Dense", "d", units=2)),
        sequential(given([]), layer("Dense", "d", units=2)),
        sequential(given([None, -4]), layer("Dense", "d", units=2)),
        sequential(given([None, 10**30]), layer("Dense", "d", units=2)),
        old_functional(
            [
                node(given([3, 4], "i")),
                node(given([2, 4], "j")),
                node(layer("Add", "a"), [["i", 0, 0, {}], ["j", 0, 0, {}]]),
            ],
            ["i", "j"],
            ["a"],
        ),
        sequential(_IN, layer("Dense", "d", units=0)),
        sequential(_IN, layer("Dense", "d", units="many")),
        sequential(_IN, layer("Dense", "d", units=2, use_bias="no")),
        sequential(_IN, layer("Dense", "d", units=2, activation=7)),
        sequential(_IN, layer("Conv2D", "c", filters=2, kernel_size=[3, 3])),
        sequential(given([None, 2, 2, 3]), layer("Conv2D", "c", filters=2, kernel_size=[3, 3])),
        sequential(given([None, 9, 9, 3]), layer("Conv2D", "c", filters=2, kernel_size=3, groups=2)),
        sequential(given([None, 9, 9, 3]), layer("Conv2D", "c", filters=2, kernel_size=3, padding=["same"])),
        sequential(given([None, 9, 9, 3]), layer("ZeroPadding2D", "p", padding=[[1, -1], [0, 0]])),
        sequential(_IN, layer("Reshape", "r", target_shape=[3, -1])),
        sequential(_IN, layer("Permute", "p", dims=[2, 2])),
        sequential(_IN, layer("TimeDistributed", "t", layer=layer("Dense", "d", units=2))),
        sequential(_IN, layer("TimeDistributed", "t", layer=3)),
        sequential(_IN, layer("BatchNormalization", "b", axis=[0])),
        sequential(_IN, layer("Normalization", "n", mean=[], variance=[])),
        sequential(_IN, layer("LSTM", "l", units=3)),
        sequential(_IN, layer("PReLU", "p", shared_axes=[9])),
    ],
)  # fmt: skip
def test_wrong_values_are_findings(data: bytes) -> None:
    assert ["error"] * len(found := _findings(data)) == [finding.severity for finding in found] != []


def _part(start: object, stop: object = None, step: object = None) -> dict[str, Any]:
    return {"class_name": "__slice__", "config": {"start": start, "stop": stop, "step": step}}


@pytest.mark.parametrize(
    "key",
    [3, None, [_part(1)], [_part(None), 7], [_part(None), True], [_part(None), _part("a")], [_part(None), _part(3, 2)],
     [_part(None), _part(0, 5, 2)], [_part(None), {"class_name": "__slice__", "config": 3}], [_part(None), 0, 0, 0]],
)  # fmt: skip
def test_slices_that_no_spec_can_say_are_findings(key: object) -> None:
    tensor = {"class_name": "__keras_tensor__", "config": {"shape": [None, 5, 6], "keras_history": ["i", 0, 0]}}
    image = {**layer("InputLayer", "i", batch_shape=[None, 5, 6]), "inbound_nodes": []}
    taken: dict[str, Any] = {**layer("GetItem", "taken"), "inbound_nodes": [{"args": [tensor, key], "kwargs": {}}]}
    ends = {"input_layers": [["i", 0, 0]], "output_layers": [["taken", 0, 0]]}
    taken["module"] = "keras.src.ops.numpy"
    config = {"name": "m", "layers": [image, taken], **ends}
    [finding] = _findings(json.dumps({"class_name": "Functional", "config": config, "keras_version": "3.5.0"}).encode())
    assert ("taken",) == finding.path


def test_a_layer_that_is_not_supported_is_named() -> None:
    lambda_layer = layer("Lambda", "my_lambda", function=["4wEAAAAAAAAA", None, None])
    [finding] = _findings(sequential(_IN, lambda_layer))
    assert "TD004" == finding.code
    assert "my_lambda (Lambda)" in finding.message
    assert ("my_lambda",) == finding.path


def test_all_that_cannot_be_carried_over_is_said_at_once() -> None:
    inner = {
        "class_name": "Sequential",
        "config": {"name": "inner", "layers": [given([None, 3]), layer("Lambda", "deep")]},
    }
    gru = layer("GRU", "gru", units=0)
    lstm = layer("LSTM", "lstm", units=3, recurrent_activation="my_sigmoid", return_sequences=True)
    td = layer("TimeDistributed", "td", layer=inner)
    found = _findings(sequential(given([None, 5, 3]), lstm, td, gru, layer("Mystery", "riddle")))
    named = {"/".join(map(str, finding.path)) for finding in found}
    assert {"lstm", "td/inner/deep", "riddle"} == named  # what comes out of `deep`, and so into `gru`, nobody knows


def test_a_layer_of_the_users_own_is_refused_whatever_its_name() -> None:
    own = {**layer("Dense", "mine", units=3), "registered_name": "my_package>Dense"}
    assert "my_package>Dense" in _only(sequential(_IN, own))


def test_a_subclassed_model_has_no_graph() -> None:
    assert "only Sequential and Functional" in _only(
        json.dumps({"class_name": "MyModel", "config": {"size": 3}}).encode()
    )


def test_models_inside_models_have_an_end() -> None:
    model: dict[str, Any] = layer("Dense", "d", units=2)
    for number in range(60):
        model = {"class_name": "Sequential", "config": {"name": f"m{number}", "layers": [_IN, model]}}
    assert "TD008" == _findings(json.dumps(model).encode())[0].code


def test_a_model_that_doubles_at_each_depth_is_not_written_out() -> None:
    model = layer("Dense", "x", units=4)
    for number in range(25):
        first = min(number, 1)  # Keras 2 counts the calls of a model from one
        layers = [node(given([None, 4], "i")), node({**model, "name": "x"}, [["i", 0, 0, {}]], [["x", first, 0, {}]])]
        layers[1]["name"] = "x"
        ends = {"input_layers": [["i", 0, 0]], "output_layers": [["x", first + 1, 0]]}
        model = {"class_name": "Functional", "config": {"name": f"m{number}", "layers": layers, **ends}}
    assert ["TD008"] == [finding.code for finding in _findings(json.dumps(model).encode())]


def test_a_wrapper_in_wrappers_has_an_end() -> None:
    inner = layer("Dense", "d", units=2)
    for number in range(60):
        inner = layer("TimeDistributed", f"t{number}", layer=inner)
    assert "TD008" == _findings(sequential(given([None, *[2] * 10]), inner))[0].code


def _archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("_json", ".json"), data)
    return path


def test_an_archive_that_unpacks_to_more_than_it_shows_is_refused(tmp_path: Path) -> None:
    path = _archive(tmp_path / "bomb.keras", config_json=b" " * (MOST_TEXT + 10))
    with pytest.raises(Refused, match="more than"):
        read_model_file(path)


def test_an_archive_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"no config\.json"):
        read_model_file(_archive(tmp_path / "a.keras", other=b"1"))


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", sequential(_IN) * 50)
    data = bytearray(whole.getvalue())
    data[60:90] = b"\xff" * 30
    (tmp_path / "a.keras").write_bytes(data)
    with pytest.raises(Refused):
        read_model_file(tmp_path / "a.keras")


def test_weights_without_an_architecture_are_refused(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["a"] = [1, 2]
    with pytest.raises(Refused, match="no architecture"):
        read_model_file(tmp_path / "w.h5")


def test_a_broken_h5_file_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    (tmp_path / "w.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"\x00" * 100)
    with pytest.raises(Refused, match="HDF5"):
        read_model_file(tmp_path / "w.h5")


def test_a_missing_file_is_no_finding(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="No such file"):
        read_model_file(tmp_path / "nothing.json")

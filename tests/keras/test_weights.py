"""Weights in files written by hand: Keras 2's layout, and files that do not suit their model, or try to do harm."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tdinspect.keras.model import import_model
from tdinspect.keras.reading import read_model_file
from tdinspect.keras.refused import Refused
from tdinspect.keras.weights import state_dict
from tests.keras.texts import given, layer, sequential

h5py = pytest.importorskip("h5py")
_MODEL = sequential(given([None, 2]), layer("Dense", "dense", units=3), layer("BatchNormalization", "bn", axis=[1]))
_KERNEL = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
_DENSE = {"dense/kernel:0": _KERNEL, "dense/bias:0": [7.0, 8.0, 9.0]}
_NORM = {f"bn/{name}:0": [float(n)] * 3 for n, name in enumerate(("gamma", "beta", "moving_mean", "moving_variance"))}


def _old_file(path: Path, **groups: dict[str, Any]) -> Path:
    """As Keras 2 writes it: the model as an attribute, the weights of each layer by their names, bytes throughout."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = _MODEL
        file.attrs["keras_version"] = b"2.15.0"
        weights = file.create_group("model_weights")
        for name, arrays in groups.items():
            group = weights.create_group(name)
            group.attrs["weight_names"] = [key.encode() for key in arrays]
            for key, value in arrays.items():
                group[key] = value
    return path


def _archive(path: Path, weights: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", _MODEL)
        archive.writestr("model.weights.h5", weights)
    return path


def _state(path: Path) -> dict[str, Any]:
    file = read_model_file(path)
    imported = import_model(file)
    return state_dict(path, file, imported, {"dense": "dense", "bn": "bn"})


def test_an_h5_file_of_keras_2_has_its_weights_by_name(tmp_path: Path) -> None:
    state = _state(_old_file(tmp_path / "m.h5", dense=_DENSE, bn=_NORM))
    assert [[1, 4], [2, 5], [3, 6]] == state["dense.weight"].tolist()
    assert [7, 8, 9] == state["dense.bias"].tolist()
    names = ("weight", "bias", "running_mean", "running_var")
    assert [0, 1, 2, 3] == [state[f"bn.{name}"][0].item() for name in names]


def _with(change: Any) -> bytes:
    """An HDF5 file as a Keras 3 archive has it, its first array changed."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        dense = file.create_group("layers/dense/vars")
        change(dense)
        dense["1"] = [1.0, 2.0, 3.0]
        for number in range(4):
            file[f"layers/batch_normalization/vars/{number}"] = [1.0, 2.0, 3.0]
    return buffer.getvalue()


def _right(group: Any) -> None:
    group["0"] = _KERNEL


def _wrong_shape(group: Any) -> None:
    group["0"] = [[1.0, 2.0]]


def _huge(group: Any) -> None:
    group.create_dataset("0", shape=(10**12,), chunks=(10**6,), dtype="f4", compression="gzip")


def _elsewhere(group: Any) -> None:
    group["0"] = h5py.ExternalLink("/etc/passwd", "/")


def _outside(group: Any) -> None:
    group.create_dataset("0", shape=(2, 3), dtype="f4", external=[("/etc/hostname", 0, 24)])


def _text(group: Any) -> None:
    group["0"] = "kernel"


def _folder(group: Any) -> None:
    group.create_group("0")


def test_an_archive_has_its_weights_by_the_class_of_the_layer(tmp_path: Path) -> None:
    state = _state(_archive(tmp_path / "m.keras", _with(_right)))
    assert [[1, 4], [2, 5], [3, 6]] == state["dense.weight"].tolist()


@pytest.mark.parametrize("change", [_wrong_shape, _huge, _elsewhere, _outside, _text, _folder])
def test_weights_that_do_not_suit_are_findings(tmp_path: Path, change: Any) -> None:
    with pytest.raises(Refused):
        _state(_archive(tmp_path / "m.keras", _with(change)))


@pytest.mark.parametrize("weights", [b"", b"nothing", b"\x89HDF\r\n\x1a\n" + b"\x00" * 50])
def test_a_file_without_weights_is_a_finding(tmp_path: Path, weights: bytes) -> None:
    with pytest.raises(Refused):
        _state(_archive(tmp_path / "m.keras", weights))


def test_a_layer_without_its_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="bn: the file has 0 of its 4 weights"):
        _state(_old_file(tmp_path / "m.h5", dense=_DENSE))

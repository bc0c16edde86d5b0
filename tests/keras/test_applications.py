"""Architectures of keras.applications that build without a download, whole and for each frame of a video."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.keras.oracle import as_spec, keras, largest_difference

pytestmark = pytest.mark.filterwarnings("ignore")  # Keras and what it imports

_NAMES = ("ResNet50", "VGG16", "MobileNetV2", "EfficientNetB0", "DenseNet121")


def _application(name: str, size: int = 64, **options: Any) -> Any:
    return getattr(keras().applications, name)(weights=None, input_shape=(size, size, 3), **options)


def _video(name: str) -> Any:
    k = keras()
    frames = _application(name, include_top=False, pooling="avg")
    layers = [k.Input((None, 64, 64, 3)), k.layers.TimeDistributed(frames), k.layers.LSTM(16), k.layers.Dense(3)]
    return k.Sequential(layers)


@pytest.mark.parametrize("name", _NAMES)
def test_an_application_has_the_shapes_and_counts_of_keras(name: str) -> None:
    model = _application(name, classes=10)
    spec = as_spec(model)
    assert [] == [finding.message for finding in spec.report.findings if finding.severity == "error"]
    assert () == spec.seen.findings
    assert model.count_params() == spec.seen.keras_params
    assert (2, 10) == spec.report.outputs["output"].sizes


@pytest.mark.parametrize("name", _NAMES)
def test_an_application_runs_on_every_frame(name: str) -> None:
    model = _video(name)
    spec = as_spec(model)
    assert [] == [finding.message for finding in spec.report.findings if finding.severity == "error"]
    assert () == spec.seen.findings
    assert model.count_params() == spec.seen.keras_params
    assert "T" == spec.report.time_axis
    wrapper = next(row for row in spec.report.layers if row.type == "TimeDistributed")
    assert ("B", "T") == wrapper.output.symbols[:2]


@pytest.mark.parametrize("name", _NAMES)
def test_an_application_gives_the_outputs_of_keras(name: str, tmp_path: Path) -> None:
    assert largest_difference(_application(name, 32, classes=10), tmp_path / "model.keras") < 1e-5


def test_an_application_on_every_frame_gives_the_outputs_of_keras(tmp_path: Path) -> None:
    k = keras()
    frames = _application("MobileNetV2", 32, include_top=False, pooling="avg")
    model = k.Sequential([k.Input((3, 32, 32, 3)), k.layers.TimeDistributed(frames), k.layers.LSTM(8)])
    assert largest_difference(model, tmp_path / "model.keras") < 1e-5

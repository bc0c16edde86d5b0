"""Files that Keras 2 wrote, with the numbers typed by hand."""

from __future__ import annotations

from typing import Any

from tdinspect.keras.compare import compared
from tdinspect.keras.model import Imported, import_model
from tdinspect.keras.reading import read_json
from tdinspect.pipeline import Request, Source, inspect_source
from tests.keras.texts import given, layer, node, old_functional, sequential


def _through(data: bytes) -> tuple[Imported, Any]:
    imported = import_model(read_json(data))
    assert imported.text is not None, imported.findings
    report = inspect_source(Source("model.yaml", imported.text.encode()), Request("check", ()))
    assert report.ok, report.findings
    assert () == compared(imported, report).findings
    return imported, report


def test_a_sequential_model_says_its_shape_in_its_first_layer() -> None:
    dense = layer("Dense", "dense", units=5, activation="relu", use_bias=True, batch_input_shape=[None, 8])
    imported, report = _through(sequential(dense))
    assert 45 == imported.keras_params
    assert (2, 5) == report.outputs["output"].sizes


def test_layers_are_joined_by_nested_lists() -> None:
    convolution = layer("Conv2D", "c", filters=4, kernel_size=[3, 3], strides=[1, 1], padding="same")
    data = old_functional(
        [
            node(given([None, 8, 8, 3], "image")),
            node(convolution, [["image", 0, 0, {}]], [["half", 0, 0, {}]]),
            node(layer("AveragePooling2D", "half", pool_size=[2, 2], padding="valid"), [["image", 0, 0, {}]]),
            node(layer("GlobalMaxPooling2D", "far"), [["c", 0, 0, {}]]),
            node(layer("GlobalMaxPooling2D", "near"), [["c", 1, 0, {}]]),
            node(layer("Concatenate", "both", axis=-1), [["far", 0, 0, {}], ["near", 0, 0, {}]]),
        ],
        ["image"],
        ["both"],
    )
    imported, report = _through(data)
    assert 112 == imported.keras_params == report.totals.params  # the convolution is used twice
    assert (2, 8) == report.outputs["output"].sizes


def test_the_calls_of_a_model_inside_are_counted_from_one() -> None:
    """Unless it is a Sequential that was built when it was first called."""
    dense = layer("Dense", "dense", units=4)
    built = {"class_name": "Sequential", "config": {"name": "built", "layers": [given([None, 6]), dense]}}
    last = {"name": "late", "layers": [layer("Dense", "last", units=3)], "build_input_shape": [None, 4]}
    data = old_functional(
        [
            node(given([None, 6], "left")),
            node(given([None, 6], "right")),
            node(built, [["left", 0, 0, {}]], [["right", 0, 0, {}]]),
            node(layer("Subtract", "difference"), [["built", 1, 0, {}], ["built", 2, 0, {}]]),
            node({"class_name": "Sequential", "config": last}, [["difference", 0, 0, {}]]),
            node(layer("ReLU", "relu"), [["late", 0, 0, {}]]),
        ],
        ["left", "right"],
        ["relu"],
    )
    imported, report = _through(data)
    assert 6 * 4 + 4 + 4 * 3 + 3 == imported.keras_params
    assert (2, 3) == report.outputs["output"].sizes


def test_the_state_of_a_recurrence_comes_as_further_inputs() -> None:
    lstm = {"units": 4, "activation": "tanh", "recurrent_activation": "sigmoid", "return_state": True}
    data = old_functional(
        [
            node(given([None, None, 6])),
            node(layer("LSTM", "first", return_sequences=True, **lstm), [["input_1", 0, 0, {}]]),
            node(layer("LSTM", "second", **lstm), [["first", 0, 0, {}], ["first", 0, 1, {}], ["first", 0, 2, {}]]),
        ],
        ["input_1"],
        ["second"],
    )
    imported, report = _through(data)
    assert 4 * (7 * 4 + 4 * 4) + 4 * (5 * 4 + 4 * 4) == imported.keras_params
    assert (2, 4) == report.outputs["output"].sizes


def test_a_batch_normalization_may_write_its_axis_as_a_list() -> None:
    norm = layer("BatchNormalization", "bn", axis=[3], momentum=0.9, epsilon=1e-5, scale=True, center=True)
    imported, _ = _through(sequential(given([None, 4, 4, 3]), norm))
    assert 12 == imported.keras_params
    assert "BatchNorm2d: {num_features: 3, eps: 1e-05}" in (imported.text or "")


def test_hard_sigmoid_is_the_formula_of_the_version_that_wrote_it() -> None:
    """Keras 2: clip(0.2 x + 0.5, 0, 1); Keras 3: relu6(x + 3) / 6."""
    steps = [layer("Activation", "a", activation="hard_sigmoid")]
    old, _ = _through(sequential(given([None, 4]), *steps))
    new, _ = _through(sequential(layer("InputLayer", "i", batch_shape=[None, 4]), *steps, keras="3.5.0"))
    assert "Hardsigmoid" not in (old.text or "")
    assert "mul: {other: 0.2}" in (old.text or "")
    assert "Hardsigmoid" in (new.text or "")


def test_a_leaky_relu_calls_its_slope_alpha() -> None:
    imported, _ = _through(sequential(given([None, 4]), layer("LeakyReLU", "a", alpha=0.25)))
    assert "LeakyReLU: {negative_slope: 0.25}" in (imported.text or "")

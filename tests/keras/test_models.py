"""Each model built in Keras, through a spec: shapes, counts, outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.keras.documents import NUMBERS
from tests.keras.oracle import MODELS, as_spec, built, exported, keras, largest_difference, through

pytestmark = pytest.mark.filterwarnings("ignore")  # Keras and what it imports

# Keras writes a layer that is in a wrapper or a model, too, once more than it has it: its own reading counts two.
_TWO_IN_THE_FILE = {"shared_td", "shared_bare_and_td", "shared_inside_and_outside"}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_the_shapes_and_counts_that_keras_shows(name: str) -> None:
    model, spec = through(name)
    errors = [finding.message for finding in spec.report.findings if finding.severity == "error"]
    assert [] == errors
    assert () == spec.seen.findings
    counted = keras().models.model_from_json(model.to_json()) if name in _TWO_IN_THE_FILE else model
    assert counted.count_params() == spec.seen.keras_params
    assert spec.report.totals.params == spec.seen.torch_params
    trained = sum(int(weight.numpy().size) for weight in counted.trainable_weights)
    assert trained == spec.seen.keras_trainable


@pytest.mark.parametrize("name", NUMBERS)
def test_a_case_of_the_documents_has_their_numbers(name: str) -> None:
    _, spec = through(name)
    assert NUMBERS[name].keras == spec.seen.keras_params
    assert NUMBERS[name].torch == spec.report.totals.params
    assert NUMBERS[name].output == spec.seen.sides[-1].keras_shape


@pytest.mark.parametrize("name", MODELS)
def test_every_layer_has_the_shape_that_keras_gives_it(name: str) -> None:
    model, spec = through(name)
    rows = {row.name: row for row in spec.imported.rows}
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        expected = [[tuple(tensor.shape) for tensor in node.output_tensors] for node in layer._inbound_nodes]
        found = [tuple(None if dim.open else dim.size for dim in shape) for shape in rows[layer.name].shapes]
        assert found in expected, layer.name


@pytest.mark.parametrize("name", MODELS)
def test_the_exported_code_gives_the_outputs_of_keras(name: str, tmp_path: Path) -> None:
    assert largest_difference(built(name), tmp_path / "model.keras") < 1e-5


@pytest.mark.parametrize("name", sorted(_TWO_IN_THE_FILE))
def test_a_layer_that_the_file_has_twice_is_said_to_be(name: str) -> None:
    _, spec = through(name)
    assert any("two are counted" in finding.message for finding in spec.imported.findings)


@pytest.mark.parametrize(
    "name", ["nested_multi", "bidirectional_states", "multi_head_attention", "bn_td", "recurrences", "shared_inside"]
)
def test_an_h5_file_has_the_same_weights(name: str, tmp_path: Path) -> None:
    assert largest_difference(built(name), tmp_path / "model.h5") < 1e-5


def test_masks_are_left_out_and_said_to_be() -> None:
    """Keras 3 has the operation that makes a mask in its graph, as if it were a layer."""
    k = keras()
    words = k.Input((7,), dtype="int32")
    seen = k.layers.LSTM(4, return_sequences=True)(k.layers.Embedding(9, 6, mask_zero=True)(words))
    model = k.Model(words, k.layers.Bidirectional(k.layers.GRU(2))(seen))
    spec = as_spec(model)
    assert () == spec.seen.findings
    assert model.count_params() == spec.seen.keras_params
    assert 2 == sum("mask" in finding.message for finding in spec.imported.findings)


def test_padding_does_not_count_in_an_average() -> None:
    """As TensorFlow and JAX have it. Keras on torch repeats the edge where the padding is uneven."""
    import torch

    k = keras()
    model = k.Sequential([k.Input((6, 1)), k.layers.AveragePooling1D(3, strides=2, padding="same")])
    imported = as_spec(model).imported
    assert [1.0, 3.0, 4.5] == exported(imported.text or "")(torch.arange(6.0).reshape(1, 6, 1)).flatten().tolist()
    assert ["Keras on torch repeats the edge" in finding.message for finding in imported.findings] == [True]

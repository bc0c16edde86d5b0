"""Each model built in Keras, through a spec: shapes, counts, outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.keras.oracle import MODELS, built, keras, largest_difference, through

pytestmark = pytest.mark.filterwarnings("ignore")  # Keras and what it imports

# Keras writes the layer inside a wrapper once more than it has it: its own reading of the file counts two.
_TWO_IN_THE_FILE = {"shared_td"}


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


@pytest.mark.parametrize(
    "name", ["nested_multi", "bidirectional_states", "multi_head_attention", "bn_td", "recurrences"]
)
def test_an_h5_file_has_the_same_weights(name: str, tmp_path: Path) -> None:
    assert largest_difference(built(name), tmp_path / "model.h5") < 1e-5

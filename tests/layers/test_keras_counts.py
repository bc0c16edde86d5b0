"""What Keras reports for the same layer, against formulas written out from the Keras documentation."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tdinspect.building.construct import construct
from tdinspect.building.signatures import layer_classes
from tdinspect.domain.spec import Arguments, Layer
from tdinspect.layers import keras_count
from tests.building.minimal import arguments_of

SIZES = st.integers(1, 40)
# Layers with a bias too many, or with statistics that Keras counts; everything else is equal.
UNEQUAL = ("RNN", "LSTM", "RNNCell", "LSTMCell", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm")
EQUAL = sorted(name for name in layer_classes() if name not in UNEQUAL and not name.startswith("Lazy"))


def built(name: str, arguments: Mapping[str, object], *, initialise: bool = True) -> nn.Module:
    return construct(Layer(name, Arguments(named=arguments)), initialise=initialise)


def torch_count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def simple_rnn(size: int, hidden: int, bias: bool) -> int:
    return (size + bias) * hidden + hidden * hidden


def lstm(size: int, hidden: int, bias: bool) -> int:
    return 4 * ((size + bias) * hidden + hidden * hidden)


def gru(size: int, hidden: int, bias: bool) -> int:
    """``reset_after``, the default of Keras: two biases."""
    return 3 * (size * hidden + hidden * hidden + 2 * hidden * bias)


FORMULAS = {"RNN": simple_rnn, "LSTM": lstm, "GRU": gru}


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(sorted(FORMULAS)),
    size=SIZES,
    hidden=SIZES,
    layers=st.integers(1, 4),
    bias=st.booleans(),
    both=st.booleans(),
)
def test_a_recurrence_counts_one_keras_layer_a_layer_and_direction(
    name: str, size: int, hidden: int, layers: int, bias: bool, both: bool
) -> None:
    one, directions = FORMULAS[name], 2 if both else 1
    expected = directions * (one(size, hidden, bias) + (layers - 1) * one(directions * hidden, hidden, bias))
    arguments = {"input_size": size, "hidden_size": hidden, "num_layers": layers, "bias": bias, "bidirectional": both}
    assert expected == keras_count(built(name, arguments, initialise=False))


@settings(max_examples=30, deadline=None)
@given(name=st.sampled_from(sorted(FORMULAS)), size=SIZES, hidden=SIZES, bias=st.booleans())
def test_a_cell_counts_as_its_recurrence_of_one_layer(name: str, size: int, hidden: int, bias: bool) -> None:
    cell = built(f"{name}Cell", {"input_size": size, "hidden_size": hidden, "bias": bias}, initialise=False)
    assert FORMULAS[name](size, hidden, bias) == keras_count(cell)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("both", [True, False])
def test_a_projected_lstm_counts_one_bias_less_a_layer_and_direction(layers: int, both: bool) -> None:
    module = nn.LSTM(3, 5, proj_size=2, num_layers=layers, bidirectional=both)
    assert torch_count(module) - layers * (2 if both else 1) * 4 * 5 == keras_count(module)


@pytest.mark.parametrize("name", ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"])
@pytest.mark.parametrize(
    ("each", "affine", "tracked"), [(4, True, True), (2, False, True), (2, True, False), (0, False, False)]
)
def test_batch_norm_counts_its_two_statistics(name: str, each: int, affine: bool, tracked: bool) -> None:
    arguments = {"num_features": 6, "affine": affine, "track_running_stats": tracked}
    assert each * 6 == keras_count(built(name, arguments))


def test_the_counted_statistics_of_a_scaling_batch_norm() -> None:
    norm = nn.BatchNorm1d(6)
    norm.register_parameter("bias", None)
    assert 3 * 6 == keras_count(norm)


@pytest.mark.parametrize("name", EQUAL)
def test_every_other_layer_counts_as_in_torch(name: str) -> None:
    module = built(name, arguments_of(name))
    assert torch_count(module) == keras_count(module)


@pytest.mark.parametrize(
    ("expected", "module"),
    [
        (140, nn.LSTM(1, 5)),
        (286_720, nn.LSTM(23, 256)),
        (496, nn.RNN(14, 16)),
        (1_552, nn.RNN(14, 16, num_layers=3)),
        (448, nn.Conv2d(3, 16, 3)),
        (90, nn.Linear(8, 10)),
    ],
)
def test_the_counts_of_the_documents(expected: int, module: nn.Module) -> None:
    assert expected == keras_count(module)


def test_a_composite_counts_each_module_inside_as_its_own_family_says() -> None:
    module = nn.Sequential(nn.LSTM(3, 5), nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 2)))
    assert lstm(3, 5, True) + 4 * 6 + 14 == keras_count(module)

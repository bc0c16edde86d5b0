"""What every torch.nn class takes, as its own signature says."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tdinspect.building.arguments import type_problem
from tdinspect.building.functions import FUNCTIONS
from tdinspect.building.signatures import (
    function_parameters,
    is_tensor,
    layer_classes,
    layer_parameters,
    scalar_parameter,
)
from tests.building.minimal import ARGUMENTS, RECENT, WITH_MODULES

every_class = pytest.mark.parametrize("name", sorted(layer_classes()))


def names(type_name: str) -> list[str]:
    return [parameter.name for parameter in layer_parameters(type_name)]


def required(type_name: str) -> set[str]:
    return {parameter.name for parameter in layer_parameters(type_name) if parameter.required}


def test_the_classes_are_those_of_torch_nn_that_run_and_hold_no_list_of_modules() -> None:
    assert {*ARGUMENTS, *WITH_MODULES} - RECENT <= set(layer_classes()) <= {*ARGUMENTS, *WITH_MODULES}


@pytest.mark.parametrize("name", ["Module", "Sequential", "ModuleList", "DataParallel", "Parameter", "RNNBase"])
def test_holders_base_classes_and_parameters_are_no_layers(name: str) -> None:
    assert name not in layer_classes()


@every_class
def test_every_default_suits_its_own_annotation(name: str) -> None:
    problems = [
        (parameter.name, type_problem(parameter.annotation, parameter.default, parameter.default))
        for parameter in layer_parameters(name)
        if not parameter.required
    ]
    assert [(parameter.name, None) for parameter in layer_parameters(name) if not parameter.required] == problems


@every_class
def test_what_has_no_annotation_has_a_default_that_tells_the_type(name: str) -> None:
    untold = [p.name for p in layer_parameters(name) if p.annotation is None and not isinstance(p.default, int | float)]
    assert untold == []


@every_class
def test_the_minimal_arguments_are_known_suit_and_are_all_that_is_required(name: str) -> None:
    given = {**ARGUMENTS, "TransformerEncoder": {}, "TransformerDecoder": {}}[name]
    parameters = {parameter.name: parameter for parameter in layer_parameters(name)}
    assert set(given) <= set(parameters)
    if given:
        assert required(name) <= set(given)
    assert [type_problem(parameters[key].annotation, None, value) for key, value in given.items()] == [None] * len(
        given
    )


def test_the_recurrences_have_the_arguments_that_their_bare_signatures_hide() -> None:
    shared = ["input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional"]
    assert [*shared, "proj_size", "dtype"] == names("LSTM")
    assert [*shared, "dtype"] == names("GRU")
    assert [*shared, "dtype", "nonlinearity"] == names("RNN")
    assert {"input_size", "hidden_size"} == required("LSTM")


def test_a_device_is_no_argument_of_a_spec() -> None:
    assert [] == [name for name in layer_classes() if "device" in names(name)]


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        ("out_features", "Linear"),
        ("out_features", "LazyLinear"),
        ("out_features", "Bilinear"),
        ("out_channels", "Conv2d"),
        ("out_channels", "ConvTranspose1d"),
        ("hidden_size", "LSTM"),
        ("hidden_size", "GRU"),
        ("hidden_size", "RNN"),
        ("hidden_size", "LSTMCell"),
        ("num_heads", "MultiheadAttention"),
        ("nhead", "TransformerEncoderLayer"),
        ("kernel_size", "MaxPool2d"),
        ("kernel_size", "AvgPool1d"),
        ("num_features", "BatchNorm2d"),
        ("num_features", "InstanceNorm1d"),
        ("normalized_shape", "LayerNorm"),
        ("num_groups", "GroupNorm"),
        ("num_embeddings", "Embedding"),
        ("output_size", "AdaptiveAvgPool2d"),
        ("p", "Dropout"),
        ("dim", "Softmax"),
        ("start_dim", "Flatten"),
        ("negative_slope", "LeakyReLU"),
        ("num_parameters", "PReLU"),
        ("padding", "ZeroPad2d"),
        ("upscale_factor", "PixelShuffle"),
    ],
)
def test_a_scalar_stands_for_the_first_required_argument_that_no_shape_tells(expected: str, name: str) -> None:
    found = scalar_parameter(layer_parameters(name))
    assert found is not None
    assert expected == found.name


@pytest.mark.parametrize("name", ["Identity", "Sigmoid", "Tanh", "LogSigmoid", "Softmax2d", "Softsign", "Tanhshrink"])
def test_a_layer_without_arguments_takes_no_scalar(name: str) -> None:
    assert scalar_parameter(layer_parameters(name)) is None


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        ("dim", "softmax"),
        ("dims", "permute"),
        ("shape", "reshape"),
        ("dim0", "transpose"),
        ("dim", "mean"),
        ("dim", "unsqueeze"),
        ("k", "topk"),
        ("num_classes", "one_hot"),
        ("chunks", "chunk"),
        ("dim", "cat"),
        ("equation", "einsum"),
    ],
)
def test_a_functions_scalar_is_the_first_constant_that_no_input_fills(expected: str, name: str) -> None:
    constants = [p for p in function_parameters(FUNCTIONS[name]) if not is_tensor(p)]
    found = scalar_parameter(constants)
    assert found is not None
    assert expected == found.name


def test_a_functions_tensors_are_told_from_its_constants() -> None:
    tensors = [p.name for p in function_parameters(FUNCTIONS["scaled_dot_product_attention"]) if is_tensor(p)]
    assert ["query", "key", "value", "attn_mask"] == tensors
    assert ["tensors"] == [p.name for p in function_parameters(FUNCTIONS["cat"]) if is_tensor(p)]


def test_an_unwritten_dtype_annotation_is_filled_in() -> None:
    dtype = next(p for p in layer_parameters("Linear") if p.name == "dtype")
    assert torch.dtype | None == dtype.annotation


def test_every_layer_class_is_a_module_of_torch_nn() -> None:
    assert all(getattr(nn, name) is cls and issubclass(cls, nn.Module) for name, cls in layer_classes().items())

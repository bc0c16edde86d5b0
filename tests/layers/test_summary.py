"""A layer's telling arguments in a few characters."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import nn

from tdinspect.building.construct import construct
from tdinspect.building.signatures import layer_classes
from tdinspect.building.tensor_function import Run, TensorFunction
from tdinspect.domain.spec import Arguments, Expression, Layer, show
from tdinspect.layers.summary import kernel_of, summary
from tests.building.minimal import ARGUMENTS, Minimal

CONV = {"in_channels": 3, "out_channels": 16, "kernel_size": 3}


def built(name: str, arguments: Mapping[str, object], *, initialise: bool = True) -> nn.Module:
    return construct(Layer(name, Arguments(named=arguments)), initialise=initialise)


@pytest.mark.parametrize(
    ("expected", "name", "arguments"),
    [
        ("3→16 k3", "Conv2d", CONV),
        ("3→16 k3 p1", "Conv2d", {**CONV, "padding": 1}),
        ("3→16 k3 s2 p1 d2", "Conv2d", {**CONV, "padding": 1, "stride": 2, "dilation": 2}),
        ("3→16 k3x5", "Conv2d", {**CONV, "kernel_size": (3, 5)}),
        ("3→16 k3 s1x2 p0x1", "Conv2d", {**CONV, "stride": (1, 2), "padding": (0, 1)}),
        ("3→16 k3 padding=same", "Conv2d", {**CONV, "padding": "same"}),
        ("3→3 k3 g3", "Conv2d", {"in_channels": 3, "out_channels": 3, "kernel_size": 3, "groups": 3}),
        ("3→16 k3 bias=false", "Conv2d", {**CONV, "bias": False}),
        ("3→16 k3", "ConvTranspose1d", CONV),
        ("k2", "MaxPool2d", {"kernel_size": 2}),
        ("k3 s2", "MaxPool2d", {"kernel_size": 3, "stride": 2}),
        ("k3 s1 p1", "MaxPool2d", {"kernel_size": 3, "stride": 1, "padding": 1}),
        ("k2", "AvgPool1d", {"kernel_size": 2, "stride": 2}),
        ("k2", "MaxUnpool2d", {"kernel_size": 2}),
        ("3→16 k3 s3", "Conv2d", {**CONV, "stride": 3}),
        ("k2", "Unfold", {"kernel_size": 2}),
        ("k2 s2", "Unfold", {"kernel_size": 2, "stride": 2}),
        ("k2 ceil_mode=true", "AvgPool1d", {"kernel_size": 2, "ceil_mode": True}),
        ("8→10", "Linear", {"in_features": 8, "out_features": 10}),
        ("50→16", "Embedding", {"num_embeddings": 50, "embedding_dim": 16}),
        ("23→256", "LSTM", {"input_size": 23, "hidden_size": 256}),
        (
            "23→256 layers=2 bidirectional batch_first",
            "LSTM",
            {"input_size": 23, "hidden_size": 256, "num_layers": 2, "bidirectional": True, "batch_first": True},
        ),
        ("3→5 dropout=0.5", "GRU", {"input_size": 3, "hidden_size": 5, "dropout": 0.5}),
        ("heads=2 embed_dim=6", "MultiheadAttention", {"embed_dim": 6, "num_heads": 2}),
        ("num_features=6", "BatchNorm2d", {"num_features": 6}),
        ("normalized_shape=[6, 4]", "LayerNorm", {"normalized_shape": (6, 4)}),
        ("p=0.1", "Dropout", {"p": 0.1}),
        ("dim=-1", "Softmax", {"dim": -1}),
        ("output_size=[null, 2]", "AdaptiveAvgPool2d", {"output_size": (None, 2)}),
        ("", "ReLU", {}),
        ("", "Flatten", {}),
    ],
)
def test_a_summary_says_what_a_person_wants_to_see(expected: str, name: str, arguments: dict[str, object]) -> None:
    assert expected == summary(built(name, arguments, initialise=False), arguments, show)


def test_the_arguments_of_a_function_are_told_as_those_of_a_layer() -> None:
    given = {"kernel_size": [2, 3], "stride": Expression("T", frozenset("T")), "padding": 0}
    assert "k2x3 stride=$T" == summary(nn.Identity(), given, show)


@pytest.mark.parametrize(
    ("expected", "given"),
    [("k2", {}), ("k2", {"stride": None}), ("k2", {"stride": 2}), ("k2", {"stride": [2, 2]}), ("k2 s1", {"stride": 1})],
)
def test_the_stride_of_a_pool_goes_without_saying_where_it_is_the_kernel(expected: str, given: Minimal) -> None:
    arguments = {"kernel_size": 2, **given}
    function = TensorFunction("max_pool2d", arguments, Run())
    assert expected == summary(function, arguments, show)
    assert expected == summary(built("MaxPool2d", arguments), arguments, show)


@pytest.mark.parametrize("name", sorted(set(ARGUMENTS) & set(layer_classes())))
def test_every_class_has_a_summary_of_one_line_with_every_given_number_in_it(name: str) -> None:
    arguments = ARGUMENTS[name]
    text = summary(built(name, arguments, initialise=False), arguments, show)
    assert text == " ".join(text.split())
    numbers = [
        str(value) for key, value in arguments.items() if isinstance(value, int) and (key, value) != ("padding", 0)
    ]
    assert [] == [number for number in numbers if number not in text]


@pytest.mark.parametrize("name", [name for name in sorted(ARGUMENTS) if "kernel_size" in ARGUMENTS[name]])
def test_a_kernel_of_one_number_has_it_for_every_axis_that_it_slides_along(name: str) -> None:
    size = ARGUMENTS[name]["kernel_size"]
    axes = 2 if name in ("Fold", "Unfold") else int(name[-2])
    assert (size,) * axes == kernel_of(built(name, ARGUMENTS[name], initialise=False), name, {})


@pytest.mark.parametrize("name", [f"Conv{n}d" for n in (1, 2, 3)] + [f"ConvTranspose{n}d" for n in (1, 2, 3)])
def test_the_kernel_of_a_convolution_is_the_end_of_its_weights_shape(name: str) -> None:
    module = built(name, {"in_channels": 4, "out_channels": 4, "kernel_size": 3, "groups": 4})
    assert tuple(module.get_parameter("weight").shape[2:]) == kernel_of(module, name, {})


def test_a_kernel_of_a_users_own_layer_is_told_where_it_is_whole_numbers() -> None:
    class Blur(nn.AvgPool2d):
        """Its class's name counts no axes; its parent's does."""

    class Odd(nn.Module):
        """Something else goes by that name."""

        kernel_size: object

        def __init__(self, size: object) -> None:
            super().__init__()
            self.kernel_size = size

    assert (3, 3) == kernel_of(Blur(3), "Blur", {})
    assert (3,) == kernel_of(Odd(3), "Odd", {})
    assert (3, 5) == kernel_of(Odd([3, 5]), "Odd", {})
    for size in (None, True, "3", 2.5, [], [3, "a"], [[3]], torch.ones(2)):
        assert kernel_of(Odd(size), "Odd", {}) is None
        assert summary(Odd(size), {}, show) in ("", "kernel_size=3")
        assert summary(nn.Identity(), {"kernel_size": size}, show).startswith(
            "kernel_size=" if size is not None else ""
        )

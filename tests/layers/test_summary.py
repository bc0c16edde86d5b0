"""A layer's telling arguments in a few characters."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from torch import nn

from tdinspect.building.construct import construct
from tdinspect.building.signatures import layer_classes
from tdinspect.domain.spec import Arguments, Layer, show
from tdinspect.layers.summary import summary
from tests.building.minimal import ARGUMENTS

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


@pytest.mark.parametrize("name", sorted(set(ARGUMENTS) & set(layer_classes())))
def test_every_class_has_a_summary_of_one_line_with_every_given_number_in_it(name: str) -> None:
    arguments = ARGUMENTS[name]
    text = summary(built(name, arguments, initialise=False), arguments, show)
    assert text == " ".join(text.split())
    numbers = [
        str(value) for key, value in arguments.items() if isinstance(value, int) and (key, value) != ("padding", 0)
    ]
    assert [] == [number for number in numbers if number not in text]

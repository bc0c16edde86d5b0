"""Every class of torch.nn as a call of its constructor: what the call makes is what the spec's layer is."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import nn

from tdinspect.building.construct import construct, quiet
from tdinspect.building.signatures import layer_classes, layer_parameters
from tdinspect.domain.spec import Arguments, Layer
from tdinspect.exporters.code import Slot, Text, Writer
from tdinspect.exporters.layers import layer_code

# What an argument is given that has no default.
GIVEN: Mapping[str, object] = {
    **dict.fromkeys(("in_channels", "out_channels", "num_features", "num_channels", "in_features", "out_features"), 4),
    **dict.fromkeys(("input_size", "hidden_size", "embed_dim", "d_model", "num_embeddings", "embedding_dim"), 4),
    **dict.fromkeys(("num_groups", "num_heads", "nhead", "num_layers", "output_size", "upscale_factor"), 2),
    **dict.fromkeys(
        ("downscale_factor", "groups", "kernel_size", "padding", "size", "in1_features", "in2_features"), 2
    ),
    **dict.fromkeys(("num_classes", "n_classes"), 9),
    "normalized_shape": (3, 4),
    "cutoffs": (3,),
    "lambd": 0.25,
    "norm_type": 2,
    "threshold": 0.5,
    "value": 1e-05,
    "dim": -1,
    "unflattened_size": (2, 2),
    "encoder_layer": Layer("TransformerEncoderLayer", Arguments(named={"d_model": 4, "nhead": 2})),
    "decoder_layer": Layer("TransformerDecoderLayer", Arguments(named={"d_model": 4, "nhead": 2, "dropout": 0.0})),
}
MORE: list[tuple[str, dict[str, object]]] = [
    ("Conv2d", {"in_channels": 4, "out_channels": 6, "kernel_size": (3, 1), "padding": "same", "bias": False,
    "dtype": "float64"}),
    ("LazyConv1d", {"in_channels": 3, "out_channels": 2, "kernel_size": 2}),
    ("LazyBatchNorm2d", {"num_features": 5, "eps": 0.1}),
    ("LazyLinear", {"in_features": 3, "out_features": 2}),
    ("Softmax", {"dim": None}),
    ("LeakyReLU", {"negative_slope": 0.3}),
    ("TransformerEncoderLayer", {"d_model": 4, "nhead": 2,
    "activation": Layer("LeakyReLU", Arguments(named={"negative_slope": 0.1}))}),
    ("TransformerEncoder", {"encoder_layer": GIVEN["encoder_layer"], "num_layers": 2,
    "norm": Layer("LayerNorm", Arguments(named={"normalized_shape": 4}))}),
    ("LSTM", {"input_size": 3, "hidden_size": 4, "num_layers": 2, "proj_size": 2, "bidirectional": True}),
    ("RNN", {"input_size": 3, "hidden_size": 4, "nonlinearity": "relu"}),
    ("ReLU", {"inplace": True}),
]  # fmt: skip


def required(name: str) -> dict[str, object] | None:
    wanted = [parameter.name for parameter in layer_parameters(name) if parameter.required]
    more = {"output_size": 2} if name.startswith("Fractional") else {}
    return {argument: GIVEN[argument] for argument in wanted} | more if set(wanted) <= set(GIVEN) else None


NAMES = [name for name in layer_classes() if not name.startswith("Lazy")]
CASES = [(name, arguments) for name in NAMES if (arguments := required(name)) is not None] + MORE


def test_the_table_has_every_class() -> None:
    assert [] == [name for name in NAMES if name not in {case for case, _ in CASES}]


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=lambda part: part if isinstance(part, str) else "")
def test_the_call_makes_the_layer(name: str, arguments: dict[str, object]) -> None:
    layer = Layer(name, Arguments(named=arguments))
    code = layer_code(layer, set())
    text = Writer(
        lambda part: part.text if isinstance(part, Slot) else "?", lambda new: Text(""), lambda shape: None
    ).flat(code)
    torch.manual_seed(0)
    wanted = construct(layer)
    with quiet():
        made = eval(text, {"nn": nn, "torch": torch})
    assert str(wanted) == str(made)
    assert {k: (v.shape, v.dtype) for k, v in wanted.state_dict().items()} == {
        k: (v.shape, v.dtype) for k, v in made.state_dict().items()
    }

"""The formula of a row, worked out, is the number of the module's parameters."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tdinspect.building.construct import construct
from tdinspect.building.signatures import layer_classes
from tdinspect.domain.expression import evaluate
from tdinspect.domain.spec import Arguments, Layer
from tdinspect.layers import KINDS, family_of
from tests.building.minimal import arguments_of

EAGER = sorted(name for name in layer_classes() if not name.startswith("Lazy"))
SIZES = st.integers(1, 9)
quick = settings(max_examples=40, deadline=None)


def built(name: str, arguments: Mapping[str, object], *, initialise: bool = True) -> nn.Module:
    return construct(Layer(name, Arguments(named=arguments)), initialise=initialise)


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def formula(name: str, module: nn.Module) -> str:
    return family_of(name).formula(module)


def worked_out(name: str, module: nn.Module) -> float:
    text = formula(name, module)
    return evaluate(text, {}) if text else 0


def agrees(name: str, **arguments: object) -> bool:
    module = built(name, arguments, initialise=False)
    return count(module) == worked_out(name, module)


def test_every_class_of_every_family_is_a_layer_and_has_one_family() -> None:
    classes = [name for family in KINDS for name in family.classes]
    assert len(classes) == len(set(classes))
    assert set(classes) <= set(layer_classes())


@pytest.mark.parametrize("name", EAGER)
def test_the_formula_of_every_class_gives_its_number_of_parameters(name: str) -> None:
    module = built(name, arguments_of(name))
    assert count(module) == worked_out(name, module)


@quick
@given(
    rank=st.sampled_from("123"),
    transposed=st.booleans(),
    groups=st.integers(1, 3),
    channels=st.tuples(SIZES, SIZES),
    kernel=st.tuples(SIZES, SIZES, SIZES),
    bias=st.booleans(),
)
def test_any_convolution(
    rank: str, transposed: bool, groups: int, channels: tuple[int, int], kernel: tuple[int, ...], bias: bool
) -> None:
    assert agrees(
        f"Conv{'Transpose' if transposed else ''}{rank}d",
        in_channels=channels[0] * groups,
        out_channels=channels[1] * groups,
        kernel_size=kernel[: int(rank)],
        groups=groups,
        bias=bias,
    )


@quick
@given(sizes=st.tuples(SIZES, SIZES, SIZES), bias=st.booleans())
def test_any_linear_and_bilinear(sizes: tuple[int, int, int], bias: bool) -> None:
    a, b, out = sizes
    assert agrees("Linear", in_features=a, out_features=out, bias=bias)
    assert agrees("Bilinear", in1_features=a, in2_features=b, out_features=out, bias=bias)


@quick
@given(
    name=st.sampled_from(["RNN", "LSTM", "GRU"]),
    sizes=st.tuples(SIZES, st.integers(2, 9)),
    layers=st.integers(1, 4),
    bias=st.booleans(),
    both=st.booleans(),
    projected=st.booleans(),
)
def test_any_recurrence(
    name: str, sizes: tuple[int, int], layers: int, bias: bool, both: bool, projected: bool
) -> None:
    size, hidden = sizes
    projection = {"proj_size": hidden // 2} if projected and name == "LSTM" else {}
    sizes_and_layers = {"input_size": size, "hidden_size": hidden, "num_layers": layers, **projection}
    assert agrees(name, **sizes_and_layers, bias=bias, bidirectional=both)


@quick
@given(name=st.sampled_from(["RNNCell", "LSTMCell", "GRUCell"]), sizes=st.tuples(SIZES, SIZES), bias=st.booleans())
def test_any_cell(name: str, sizes: tuple[int, int], bias: bool) -> None:
    assert agrees(name, input_size=sizes[0], hidden_size=sizes[1], bias=bias)


@quick
@given(
    heads=st.integers(1, 3),
    width=SIZES,
    key=st.none() | SIZES,
    value=st.none() | SIZES,
    bias=st.booleans(),
    extra=st.booleans(),
)
def test_any_attention(heads: int, width: int, key: int | None, value: int | None, bias: bool, extra: bool) -> None:
    arguments = {"embed_dim": heads * width, "num_heads": heads, "kdim": key, "vdim": value}
    assert agrees("MultiheadAttention", **arguments, bias=bias, add_bias_kv=extra)


@quick
@given(
    name=st.sampled_from([f"{kind}Norm{n}d" for kind in ("Batch", "Instance") for n in "123"]),
    channels=SIZES,
    affine=st.booleans(),
    tracked=st.booleans(),
)
def test_any_batch_and_instance_norm(name: str, channels: int, affine: bool, tracked: bool) -> None:
    assert agrees(name, num_features=channels, affine=affine, track_running_stats=tracked)


@quick
@given(groups=st.integers(1, 3), width=SIZES, shape=st.lists(SIZES, min_size=1, max_size=3), affine=st.booleans())
def test_any_other_norm(groups: int, width: int, shape: list[int], affine: bool) -> None:
    assert agrees("GroupNorm", num_groups=groups, num_channels=groups * width, affine=affine)
    assert agrees("LayerNorm", normalized_shape=tuple(shape), elementwise_affine=affine)
    assert agrees("LayerNorm", normalized_shape=tuple(shape), bias=not affine)
    assert agrees("RMSNorm", normalized_shape=tuple(shape), elementwise_affine=affine)


@settings(max_examples=10, deadline=None)
@given(
    name=st.sampled_from(["TransformerEncoderLayer", "TransformerDecoderLayer"]),
    heads=st.integers(1, 3),
    width=st.integers(1, 5),
    inner=SIZES,
    bias=st.booleans(),
)
def test_any_transformer_layer(name: str, heads: int, width: int, inner: int, bias: bool) -> None:
    assert agrees(name, d_model=heads * width, nhead=heads, dim_feedforward=inner, bias=bias)


@pytest.mark.parametrize(
    ("expected", "name", "arguments"),
    [
        ("3*16*3*3 + 16", "Conv2d", {"in_channels": 3, "out_channels": 16, "kernel_size": 3}),
        ("3*16*3*5", "Conv2d", {"in_channels": 3, "out_channels": 16, "kernel_size": (3, 5), "bias": False}),
        ("1*8*3*3 + 8", "Conv2d", {"in_channels": 8, "out_channels": 8, "kernel_size": 3, "groups": 8}),
        ("8*10 + 10", "Linear", {"in_features": 8, "out_features": 10}),
        ("4 * (23*256 + 256*256 + 2*256)", "LSTM", {"input_size": 23, "hidden_size": 256}),
        ("4 * (23*256 + 256*256)", "LSTM", {"input_size": 23, "hidden_size": 256, "bias": False}),
        ("2 * 4 * (3*5 + 5*5 + 2*5)", "LSTM", {"input_size": 3, "hidden_size": 5, "bidirectional": True}),
        (
            "3 * (3*5 + 5*5 + 2*5) + 2 * 3 * (5*5 + 5*5 + 2*5)",
            "GRU",
            {"input_size": 3, "hidden_size": 5, "num_layers": 3},
        ),
        ("(14*16 + 16*16 + 2*16)", "RNN", {"input_size": 14, "hidden_size": 16}),
        ("4 * (3*5 + 2*5 + 2*5) + 5*2", "LSTM", {"input_size": 3, "hidden_size": 5, "proj_size": 2}),
        (
            "2 * (4 * (3*5 + 2*5 + 2*5) + 5*2)",
            "LSTM",
            {"input_size": 3, "hidden_size": 5, "proj_size": 2, "bidirectional": True},
        ),
        ("2*6", "BatchNorm2d", {"num_features": 6}),
        ("", "BatchNorm2d", {"num_features": 6, "affine": False}),
        ("", "InstanceNorm2d", {"num_features": 6}),
        ("2*6", "GroupNorm", {"num_groups": 2, "num_channels": 6}),
        ("2 * 6", "LayerNorm", {"normalized_shape": 6}),
        ("7*4", "Embedding", {"num_embeddings": 7, "embedding_dim": 4}),
        ("1", "PReLU", {}),
        ("3*6*6 + 3*6 + 6*6 + 6", "MultiheadAttention", {"embed_dim": 6, "num_heads": 2}),
        (
            "6*6 + 3*6 + 4*6 + 3*6 + 6*6 + 6",
            "MultiheadAttention",
            {"embed_dim": 6, "num_heads": 2, "kdim": 3, "vdim": 4},
        ),
        ("", "ReLU", {}),
    ],
)
def test_a_formula_has_the_numbers_in_it(expected: str, name: str, arguments: dict[str, object]) -> None:
    assert expected == formula(name, built(name, arguments))


def test_a_norm_that_only_scales_has_its_channels_for_a_formula() -> None:
    norm = nn.BatchNorm2d(6)
    norm.register_parameter("bias", None)
    assert "6" == formula("BatchNorm2d", norm)

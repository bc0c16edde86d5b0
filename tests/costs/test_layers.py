"""Each family's multiply-adds against torch's own flop counter on the meta device."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from math import prod
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tdinspect.layers import KINDS, family_of_module
from tests.costs.calls import told, told_and_counted
from tests.costs.oracle import flops_of, on_meta

small, few = st.integers(1, 5), st.integers(1, 3)
often = settings(max_examples=25, deadline=None)

Case = tuple[nn.Module, Any, Mapping[str, Any]]


def _attention(**options: Any) -> nn.MultiheadAttention:
    return nn.MultiheadAttention(8, 2, **options)


def _encoder_layer(**options: Any) -> nn.TransformerEncoderLayer:
    return nn.TransformerEncoderLayer(8, 2, 12, **options)


def _decoder_layer(**options: Any) -> nn.TransformerDecoderLayer:
    return nn.TransformerDecoderLayer(8, 2, 12, **options)


def _stack(**options: Any) -> nn.TransformerEncoder:
    return nn.TransformerEncoder(_encoder_layer(**options), 3, nn.LayerNorm(8), enable_nested_tensor=False)


def _transformer_steps_first() -> nn.Transformer:
    with warnings.catch_warnings():  # about nested tensors
        warnings.simplefilter("ignore")
        return nn.Transformer(8, 2, 1, 1, 12)


CASES: Mapping[str, Case] = {
    "Linear on four axes": (nn.Linear(5, 3), ((2, 3, 4, 5),), {}),
    "Linear on one vector": (nn.Linear(5, 3, bias=False), ((1, 5),), {}),
    "Conv1d without a batch": (nn.Conv1d(3, 4, 3, padding="same"), ((3, 7),), {}),
    "Conv2d in groups, dilated": (nn.Conv2d(4, 8, (3, 2), stride=2, dilation=2, groups=2), ((2, 4, 9, 9),), {}),
    "Conv2d depthwise": (nn.Conv2d(6, 6, 3, padding=1, groups=6), ((1, 6, 5, 5),), {}),
    "Conv2d circular": (nn.Conv2d(3, 2, 3, padding=1, padding_mode="circular"), ((2, 3, 6, 6),), {}),
    "Conv3d": (nn.Conv3d(2, 3, (1, 2, 3)), ((2, 2, 4, 5, 6),), {}),
    "ConvTranspose1d without a batch": (nn.ConvTranspose1d(3, 4, 3, 2), ((3, 7),), {}),
    "ConvTranspose2d in groups": (
        nn.ConvTranspose2d(4, 6, 3, 2, padding=1, output_padding=1, groups=2),
        ((2, 4, 5, 6),),
        {},
    ),
    "ConvTranspose3d dilated": (nn.ConvTranspose3d(2, 3, 2, dilation=2), ((1, 2, 3, 3, 3),), {}),
    "LSTM of three layers, both ways": (
        nn.LSTM(5, 4, 3, bidirectional=True, batch_first=True),
        ((2, 3, 5),),
        {},
    ),
    "LSTM with a projection": (nn.LSTM(5, 4, 2, proj_size=2, bidirectional=True), ((3, 2, 5),), {}),
    "LSTM without a batch": (nn.LSTM(5, 4), ((3, 5),), {}),
    "LSTM from a state": (nn.LSTM(5, 4), ((3, 2, 5), ((1, 2, 4), (1, 2, 4))), {}),
    "GRU": (nn.GRU(5, 4, 2, bias=False), ((3, 2, 5),), {}),
    "GRU under its keyword": (nn.GRU(5, 4), (), {"input": (3, 2, 5)}),
    "RNN": (nn.RNN(5, 4, nonlinearity="relu", bidirectional=True), ((3, 2, 5),), {}),
    "LSTMCell": (nn.LSTMCell(5, 4), ((2, 5),), {}),
    "GRUCell without a batch": (nn.GRUCell(5, 4), ((5,),), {}),
    "RNNCell from a state": (nn.RNNCell(5, 4), ((2, 5), (2, 4)), {}),
    "attention to itself": (_attention(batch_first=True), ((2, 3, 8),) * 3, {}),
    "attention without weights": (_attention(), ((3, 2, 8),) * 3, {"need_weights": False}),
    "attention by keywords": (
        _attention(batch_first=True),
        (),
        {"value": (2, 5, 8), "key": (2, 5, 8), "query": (2, 3, 8)},
    ),
    "attention of other widths": (_attention(kdim=5, vdim=7), ((3, 2, 8), (6, 2, 5), (6, 2, 7)), {}),
    "attention with a masked axis": (_attention(), ((3, 2, 8),) * 3, {"attn_mask": (3, 3)}),
    "attention with more keys": (_attention(add_bias_kv=True, add_zero_attn=True), ((3, 2, 8),) * 3, {}),
    "attention without a batch": (_attention(batch_first=True), ((3, 8), (5, 8), (5, 8)), {}),
    "encoder layer": (_encoder_layer(batch_first=True), ((2, 3, 8),), {}),
    "encoder layer, steps first": (_encoder_layer(norm_first=True), ((3, 2, 8),), {}),
    "encoder layer without a batch": (_encoder_layer(batch_first=True), ((3, 8),), {}),
    "encoder layer with a mask": (_encoder_layer(batch_first=True), ((2, 3, 8),), {"src_mask": (3, 3)}),
    "encoder": (_stack(batch_first=True), ((2, 3, 8),), {}),
    "decoder layer": (_decoder_layer(batch_first=True), ((2, 3, 8), (2, 5, 8)), {}),
    "decoder layer by keywords": (_decoder_layer(), (), {"memory": (5, 2, 8), "tgt": (3, 2, 8)}),
    "decoder": (nn.TransformerDecoder(_decoder_layer(), 2), ((3, 2, 8), (5, 2, 8)), {}),
    "transformer": (nn.Transformer(8, 2, 2, 3, 12, batch_first=True), ((2, 3, 8), (2, 5, 8)), {}),
    "transformer, steps first": (_transformer_steps_first(), ((3, 2, 8), (5, 2, 8)), {}),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_layer_costs_what_the_oracle_counts(case: Case) -> None:
    told, counted = told_and_counted(*case)
    assert counted == told
    assert counted > 0


@often
@given(st.data(), st.sampled_from((1, 2, 3)), st.booleans(), st.booleans())
def test_a_convolution_of_any_kind(data: st.DataObject, axes: int, transposed: bool, batched: bool) -> None:
    groups, kernel, stride, dilation = (data.draw(few) for _ in range(4))
    inputs, outputs = groups * data.draw(few), groups * data.draw(few)
    cls = getattr(nn, f"Conv{'Transpose' if transposed else ''}{axes}d")
    layer = cls(inputs, outputs, kernel, stride, groups=groups, dilation=dilation)
    space = tuple(data.draw(st.integers(7, 10)) for _ in range(axes))
    shape = (*((data.draw(few),) if batched else ()), inputs, *space)
    told, counted = told_and_counted(layer, (shape,))
    assert counted == told


@often
@given(st.data(), st.sampled_from((nn.LSTM, nn.GRU, nn.RNN)), st.booleans(), st.booleans(), st.booleans())
def test_a_recurrence_of_any_kind(
    data: st.DataObject, cls: type[nn.RNNBase], both: bool, batch_first: bool, batched: bool
) -> None:
    width, hidden = data.draw(small), data.draw(st.integers(2, 5))
    options = {"proj_size": data.draw(st.integers(0, hidden - 1))} if cls is nn.LSTM else {}
    layer = cls(width, hidden, data.draw(few), bidirectional=both, batch_first=batch_first, **options)  # type: ignore
    shape = (data.draw(few), data.draw(few), width) if batched else (data.draw(few), width)
    told, counted = told_and_counted(layer, (shape,))
    assert counted == told


def test_a_bilinear_layer_costs_a_matrix_and_a_vector_for_each_output() -> None:
    """torch's kernel of it is not known to the counter: the same as einsum is."""

    class Same(nn.Module):
        def forward(self, x: torch.Tensor, weight: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return torch.einsum("bi,oij,bj->bo", x, weight, y)

    layer = nn.Bilinear(5, 4, 3).to("meta")
    x, y = on_meta(2, 6, 5), on_meta(2, 6, 4)
    counted = flops_of(Same(), on_meta(12, 5), on_meta(3, 5, 4), on_meta(12, 4))
    assert counted == told(layer, (x, y), {}, layer(x, y)).macs
    assert counted == 12 * 3 * (5 * 4 + 4)


FREE: Mapping[str, Case] = {
    "Embedding": (nn.Embedding(9, 4), (torch.zeros(2, 3, dtype=torch.int64, device="meta"),), {}),
    "BatchNorm2d": (nn.BatchNorm2d(3), ((2, 3, 4, 4),), {}),
    "InstanceNorm1d": (nn.InstanceNorm1d(3), ((2, 3, 4),), {}),
    "GroupNorm": (nn.GroupNorm(2, 4), ((2, 4, 4),), {}),
    "LayerNorm": (nn.LayerNorm(4), ((2, 3, 4),), {}),
    "RMSNorm": (nn.RMSNorm(4), ((2, 3, 4),), {}),
    "LocalResponseNorm": (nn.LocalResponseNorm(2), ((2, 3, 4, 4),), {}),
    "MaxPool2d": (nn.MaxPool2d(2), ((2, 3, 4, 4),), {}),
    "AdaptiveAvgPool2d": (nn.AdaptiveAvgPool2d(1), ((2, 3, 4, 4),), {}),
    "LPPool2d": (nn.LPPool2d(2, 2), ((2, 3, 4, 4),), {}),
    "GELU": (nn.GELU(), ((2, 3),), {}),
    "PReLU": (nn.PReLU(), ((2, 3),), {}),
    "Softmax": (nn.Softmax(-1), ((2, 3),), {}),
    "Dropout": (nn.Dropout(), ((2, 3),), {}),
    "Upsample": (nn.Upsample(scale_factor=2, mode="bilinear"), ((2, 3, 4, 4),), {}),
    "Unfold": (nn.Unfold(2), ((2, 3, 4, 4),), {}),
    "Fold": (nn.Fold(4, 2), ((2, 12, 9),), {}),
    "PixelShuffle": (nn.PixelShuffle(2), ((2, 4, 4, 4),), {}),
    "ZeroPad2d": (nn.ZeroPad2d(1), ((2, 3, 4, 4),), {}),
    "CosineSimilarity": (nn.CosineSimilarity(), ((2, 3), (2, 3)), {}),
    "PairwiseDistance": (nn.PairwiseDistance(), ((2, 3), (2, 3)), {}),
    "MSELoss": (nn.MSELoss(), ((2, 3), (2, 3)), {}),
}


@pytest.mark.parametrize("case", FREE.values(), ids=FREE)
def test_a_layer_without_a_product_costs_nothing_and_says_so(case: Case) -> None:
    assert (0, 0) == told_and_counted(*case)


# Their products follow the values, or a function of the user's own.
UNKNOWN = {"AdaptiveLogSoftmaxWithLoss", "LinearCrossEntropyLoss", "TripletMarginWithDistanceLoss"}
_NO_LAYERS = {
    "Container", "DataParallel", "Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "RNNBase",
    "RNNCellBase", "Sequential",
}  # fmt: skip


def test_every_layer_of_torch_has_a_cost_or_is_named_as_unknown() -> None:
    layers = {name for name, cls in vars(nn).items() if isinstance(cls, type) and issubclass(cls, nn.Module)}
    told = {name for family in KINDS if family.macs is not None for name in family.classes}
    assert layers - _NO_LAYERS - UNKNOWN == told


def test_an_unknown_layer_has_no_number() -> None:
    layer = nn.AdaptiveLogSoftmaxWithLoss(8, 6, [2])
    value = on_meta(2)
    assert told(layer, (on_meta(2, 8), on_meta(2)), {}, value).macs_status == "unavailable"


def test_a_users_class_named_like_a_layer_is_not_taken_for_it() -> None:
    class Conv2d(nn.Module):
        pass

    assert family_of_module(Conv2d()).macs is None


def test_a_transformer_with_a_users_layer_inside_has_no_number() -> None:
    class Own(nn.Module):
        def forward(self, x: torch.Tensor, **options: object) -> torch.Tensor:
            return x

    stack = nn.TransformerEncoder(Own(), 2, enable_nested_tensor=False)  # type: ignore[arg-type]
    x = on_meta(2, 3, 8)
    assert told(stack, (x,), {}, x).macs is None


def test_output_bytes_follow_the_dtype_and_every_part_of_the_result() -> None:
    layer = nn.LSTM(5, 4, batch_first=True, dtype=torch.float64, device="meta")
    x = on_meta(2, 3, 5, dtype=torch.float64)
    assert 8 * (prod((2, 3, 4)) + 2 * prod((1, 2, 4))) == told(layer, (x,), {}, layer(x)).activation_bytes
    half = on_meta(2, 3, dtype=torch.bfloat16)
    assert 12 == told(nn.ReLU(), (half,), {}, half).activation_bytes

"""Inputs, constants of the call and names of parts against the forward pass, before anything is built."""

from __future__ import annotations

from dataclasses import replace
from functools import wraps
from typing import Any

import pytest
import torch
from torch import nn

from tdinspect.building.forward import Incoming, check_inputs, forward_of_class
from tests.building.test_check import checked, found
from tests.importers.reading import good

PAIR = "inputs: {x: [B, T, 8], y: [B, T, 8]}"


@pytest.mark.parametrize(
    ("message", "help", "lines"),
    [
        (
            "MultiheadAttention takes no input quer",
            "did you mean `query`?",
            ("- MultiheadAttention: 2", "  from: {quer: x, key: y, value: y}"),
        ),
        (
            "MultiheadAttention takes no input zebra",
            "its inputs: query, key, value, key_padding_mask, need_weights, attn_mask, average_attn_weights, is_causal",
            ("- MultiheadAttention: 2", "  from: [x, y, y]", "  call: {zebra: 1}"),
        ),
        (
            "MultiheadAttention: need_weights takes true or false, not 3",
            None,
            ("- MultiheadAttention: 2", "  from: [x, y, y]", "  call: {need_weights: 3}"),
        ),
        (
            "MultiheadAttention: key comes in by `from` already",
            "leave one of them out",
            ("- MultiheadAttention: 2", "  from: [x, y, y]", "  call: {key: null}"),
        ),
        (
            "MultiheadAttention needs key and value to come in, too",
            "name them in this order: `from: [QUERY, KEY, VALUE]`",
            ("- MultiheadAttention: 2", "  from: x"),
        ),
        (
            "Bilinear needs input2 to come in, too",
            "`from: {input1: ..., input2: ...}`",
            ("- Bilinear: 2", "  from: {input1: x}"),
        ),
        ("ReLU takes 1 input, and 2 come in", "its inputs: input", ("- ReLU:", "  from: [x, y]")),
        ("softmax takes no input inptu", "did you mean `input`?", ("- softmax: -1", "  from: {inptu: x}")),
        ("matmul takes 2 inputs, and 3 come in", "its inputs: input, other", ("- matmul:", "  from: [x, y, y]")),
        (
            "matmul needs other to come in, too",
            "name them in this order: `from: [INPUT, OTHER]`",
            ("- matmul:", "  from: [x]"),
        ),
        (
            "scaled_dot_product_attention: attn_mask is a tensor, and comes in by `from`",
            "name it beside `scaled_dot_product_attention`: `from: [..., ATTN_MASK]`",
            ("- scaled_dot_product_attention: {attn_mask: y}", "  from: [x, x, y]"),
        ),
        (
            "gather: index comes in by `from` already",
            "leave one of them out",
            ("- gather: {dim: 1, index: y}", "  from: [x, y]"),
        ),
        (
            "maximum takes one tensor as its input, not a list of 2",
            "a list of tensors is joined first: `cat` or `stack`",
            ("- maximum:", "  from: [[x, y], y]"),
        ),
        (
            "Linear takes one tensor as its input, not a list of 2",
            "a list of tensors is joined first: `cat` or `stack`",
            ("- Linear: 3", "  from: {input: [x, y]}"),
        ),
        (
            "cat takes tensors, not lists of them",
            "name them one after the other: `from: [a, b, c]`",
            ("- cat: 1", "  from: [x, [y, y]]"),
        ),
        (
            "MultiheadAttention: need_weights is true or false, and no tensor",
            "write `call: {need_weights: true}` or `false`",
            ("- MultiheadAttention: 2", "  from: [x, y, y, x, y]"),
        ),
        ("cat takes no input tensor", "did you mean `tensors`?", ("- cat: -1", "  from: {tensor: [x, y]}")),
    ],
)
def test_a_wrong_input_is_td005_with_what_to_write(message: str, help: str | None, lines: tuple[str, ...]) -> None:
    assert [("TD005", message, help)] == found(*lines, head=PAIR)


def test_each_wrong_name_is_told_at_its_own_key() -> None:
    findings = checked(
        "- MultiheadAttention: 2",
        "  from: {quer: x, keey: y, value: y}",
        "  call: {need_weight: false}",
        "- softmx: -1",
        head=PAIR,
    ).findings
    assert [
        ("layers", 0, "from", "quer"),
        ("layers", 0, "from", "keey"),
        ("layers", 0, "call", "need_weight"),
        ("layers", 1, "softmx"),
    ] == [finding.path for finding in findings]
    assert all(finding.on_key for finding in findings)


def test_inputs_that_enter_a_container_are_told_at_its_from() -> None:
    (finding,) = checked("- Sequential: [ReLU, Tanh]", "  from: [x, y]", head=PAIR).findings
    assert ("ReLU takes 1 input, and 2 come in", ("layers", 0, "from")) == (finding.message, finding.path)


def test_a_block_shows_its_inputs_by_their_names_alone() -> None:
    block = "blocks: {Two: {inputs: [a, b], layers: [{ReLU: , from: a}, {add: , from: [relu_1, b]}]}}"
    assert [] == found("- Two:", "  from: [x, y]", head=f"{block}\n{PAIR}")
    assert [] == found("- Two:", "  from: {b: x, a: y}", head=f"{block}\n{PAIR}")


@pytest.mark.parametrize(
    ("message", "lines"),
    [
        ("`as` names 3 parts, and lstm_1 gives 2", ("- LSTM: 4", "  as: [s, h, c]")),
        ("`as` takes a part of gru_1 apart that has not so many parts", ("- GRU: 4", "  as: [s, [h, c]]")),
        ("`as` names 2 parts, and linear_1 gives 1", ("- Linear: 4", "  as: [a, b]")),
        ("`as` names 3 parts, and max_1 gives 2", ("- max: -1", "  as: [a, b, c]")),
        ("`as` names 3 parts, and topk_1 gives 2", ("- topk: 2", "  as: [a, b, c]")),
        ("`as` names 1 part, and relu_1 gives 1", ("- relu:", "  as: [a]")),
    ],
)
def test_more_names_than_parts_are_td003(message: str, lines: tuple[str, ...]) -> None:
    assert [("TD003", message)] == [(code, said) for code, said, _ in found(*lines)]


@pytest.mark.parametrize(
    "lines",
    [
        ("- LSTM: 4", "  as: [s, [h, c]]"),
        ("- LSTM: 4", "  as: [s, state]", "- LSTM: 4", "  from: [s, state]"),
        ("- MaxPool1d: {kernel_size: 2, return_indices: true}", "  as: [a, b]"),
        ("- split: {split_size: 4, dim: -1}", "  as: [a, b]"),
        ("- MultiheadAttention: 2", "  from: [input, input, input]", "  as: [a, w]"),
        ("- MultiheadAttention: 2", "  from: {query: input, key: input, value: input}", "  call: {attn_mask: null}"),
        ("- cat: -1", "  from: [input, input, input]"),
        ("- softmax:", "  call: {dim: -1}"),
        ("- ConvTranspose1d: {out_channels: 3, kernel_size: 3}", "  call: {output_size: [$T]}"),
    ],
)
def test_what_torch_takes_has_no_finding(lines: tuple[str, ...]) -> None:
    assert [] == found(*lines)


class Plain(nn.Module):
    def forward(self, image: torch.Tensor, scale: float = 1.0, *, mask: torch.Tensor | None = None) -> torch.Tensor:
        return image * scale


class Open(nn.Module):
    def forward(self, *images: torch.Tensor, **others: object) -> None: ...


class Wrapped(nn.Module):
    @wraps(Plain.forward)
    def forward(self, *args: object) -> None: ...  # type: ignore[override,unused-ignore]


class Called(nn.Module):
    def __call__(self, a: object, b: object) -> None: ...


class Silent(nn.Module): ...


def test_the_forward_pass_of_a_users_class_is_known_by_its_signature() -> None:
    forward = forward_of_class(Plain)
    assert forward is not None
    assert ["image", "scale", "mask"] == [parameter.name for parameter in forward.parameters]
    assert (False, False, False) == (forward.open_positions, forward.open_names, forward.strict)


def test_a_users_forward_pass_may_take_anything() -> None:
    forward = forward_of_class(Open)
    assert forward is not None
    assert (True, True) == (forward.open_positions, forward.open_names)
    step = replace(good("input: [B, 8]\nlayers: [ReLU]").steps[0], call={"zebra": 3})
    assert [] == check_inputs("Open", forward, step, Incoming(("x", "y", "z"), ("layers", 0)))


@pytest.mark.parametrize("make", [Wrapped, Called, Silent, nn.ReLU(), len, None])
def test_a_forward_pass_that_its_signature_does_not_tell_is_not_checked(make: Any) -> None:
    assert forward_of_class(make) is None


def test_wrong_inputs_of_a_users_class_are_told_with_its_names() -> None:
    forward = forward_of_class(Plain)
    assert forward is not None
    step = replace(good("input: [B, 8]\nlayers: [ReLU]").steps[0], call={"scale": "big", "mas": None})
    findings = check_inputs("pkg.Plain", forward, step, Incoming({"imag": "x"}, ("layers", 0)))
    assert [
        ("pkg.Plain takes no input imag", "did you mean `image`?"),
        ("pkg.Plain takes no input mas", "did you mean `mask`?"),
        ("pkg.Plain: scale takes a number, not 'big'", None),
    ] == [(finding.message, finding.help) for finding in findings]

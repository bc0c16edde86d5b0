"""Numbers that would keep torch busy for minutes are refused at their own place, before anything is built."""

from __future__ import annotations

import time

import pytest

from tdinspect.building.limits import place_of_largest
from tdinspect.domain.location import Path
from tdinspect.domain.spec import Layer
from tests.building.test_check import checked

ENCODER = "{TransformerEncoderLayer: 2}"
LARGE = "{TransformerEncoderLayer: {nhead: 2, dim_feedforward: 9999999999}}"


@pytest.mark.parametrize(
    ("message", "path", "line"),
    [
        (
            "LSTM: num_layers is 1,000,000; the limit is 2,000",
            ("LSTM", "num_layers"),
            "LSTM: {num_layers: 1000000, hidden_size: 8}",
        ),
        (
            "Transformer: num_encoder_layers is 1,000,000; the limit is 2,000",
            ("Transformer", "num_encoder_layers"),
            "Transformer: {num_encoder_layers: 1000000}",
        ),
        (
            "TransformerEncoder: num_layers is 2,001; the limit is 2,000",
            ("TransformerEncoder", "num_layers"),
            f"TransformerEncoder: {{encoder_layer: {ENCODER}, num_layers: 2001}}",
        ),
        ("Bilinear: out_features is 1,000,000,000; the limit is 100,000", ("Bilinear",), "Bilinear: 1000000000"),
        (
            "Linear: out_features is 1,000,000,000,000,000; the limit is 1,000,000,000,000",
            ("Linear",),
            "Linear: 1000000000000000",
        ),
        (
            "Linear: out_features is a number of 51 digits; the limit is 1,000,000,000,000",
            ("Linear",),
            f"Linear: 1{'0' * 50}",
        ),
        (
            "Embedding: num_embeddings is 1,000,000,000,000,000; the limit is 1,000,000,000,000",
            ("Embedding", "num_embeddings"),
            "Embedding: {num_embeddings: 1000000000000000, embedding_dim: 8}",
        ),
        (
            "Conv1d: kernel_size is 300,000,000,000,000; the limit is 1,000,000,000,000",
            ("Conv1d", "kernel_size", 0),
            "Conv1d: {out_channels: 8, kernel_size: [300000000000000]}",
        ),
        (
            "Linear: out_features is 1,000,000,000,001; the limit is 1,000,000,000,000",
            ("Linear",),
            "Linear: $(10 ** 12 + T - 4)",
        ),
        ("arange: end is 9,223,372,036,854,775,808; the limit is 2**62", ("arange",), "arange: 9223372036854775808"),
    ],
)
def test_a_number_beyond_a_limit_is_td008_at_its_own_place(message: str, path: Path, line: str) -> None:
    head = "input: [B, T, 8]\nsizes: {T: 5}"
    found = [finding for finding in checked(f"- {line}", head=head).findings if finding.code == "TD008"]
    assert [(message, ("layers", 0, *path))] == [(finding.message, finding.path) for finding in found]


def test_each_number_beyond_a_limit_is_told() -> None:
    findings = checked(
        "- Transformer: {num_encoder_layers: 9999, num_decoder_layers: 9999}", "  from: [input, input]"
    ).findings
    assert ["TD008", "TD008"] == [finding.code for finding in findings]


@pytest.mark.parametrize(
    "line",
    [
        "LSTM: {num_layers: 2000, hidden_size: 8}",
        "Linear: 1000000000000",
        "Threshold: {threshold: 1e30, value: 1000000000000000000000}",
        "clamp: {max: 1000000000000000000000}",
        "full: {shape: [2], fill_value: 1000000000000000000000}",
    ],
)
def test_a_number_within_the_limits_or_one_that_is_no_size_is_taken(line: str) -> None:
    assert () == checked(f"- {line}").findings


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("Linear", "out_features"), "Linear: {in_features: 8, out_features: 100000000000}"),
        (("Conv2d", "kernel_size", 1), "Conv2d: {out_channels: 100, kernel_size: [3, 4000000000]}"),
        (
            ("TransformerEncoder", "encoder_layer", "TransformerEncoderLayer", "dim_feedforward"),
            f"TransformerEncoder: {{num_layers: 6, encoder_layer: {LARGE}}}",
        ),
        (("Linear",), "Linear: {out_features: ten}"),
    ],
)
def test_of_a_layer_that_is_too_large_as_a_whole_the_largest_number_is_marked(path: Path, line: str) -> None:
    step = checked(f"- {line}").spec.steps[0]
    assert isinstance(step.operation, Layer)
    assert ("layers", 0, *path) == place_of_largest(step.operation, step.op_path, {})


def test_a_limit_is_told_before_anything_is_built() -> None:
    start = time.perf_counter()
    checked(*["- LSTM: {num_layers: 1000000, hidden_size: 8}"] * 20)
    assert time.perf_counter() - start < 1


def test_after_a_thousand_mistakes_no_further_one_is_looked_for() -> None:
    start = time.process_time()
    findings = checked(*(f"- Lineer{number}: 3" for number in range(20_000))).findings
    spent = time.process_time() - start
    assert 1001 == len(findings)
    assert ("TD008", "more than 1,000 mistakes; not all are listed") == (findings[-1].code, findings[-1].message)
    assert spent < 5

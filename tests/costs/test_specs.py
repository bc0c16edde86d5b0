"""The totals of whole models against the oracle: every shipped spec, and what containers do to the number of calls."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.costs.specs import counted, reported, row

SPECS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(Path("specs").rglob("*.yaml"))}
# The oracle walks recurrences in Python.
SHORTER: Mapping[str, Mapping[str, str]] = {
    "deepspeech2": {"T": "21"},
    "rnn_stack": {"T": "5"},
    "attention_decoder": {"T": "3"},
}
STOPPING = {"conv2d_bare"}  # it raises, so there is no model to count


def test_there_are_specs() -> None:
    assert len(SPECS) > 40
    assert STOPPING == {name for name, text in SPECS.items() if not reported(text).ok}


@pytest.mark.parametrize("name", sorted(SPECS.keys() - STOPPING))
def test_a_shipped_spec_costs_what_the_oracle_counts(name: str) -> None:
    sizes = SHORTER.get(name, {})
    totals = reported(SPECS[name], sizes).totals
    assert counted(SPECS[name], sizes) == totals.macs
    assert "complete" == totals.macs_status


@pytest.mark.parametrize(
    ("expected", "name"), [(4.089, "resnet50"), (15.470, "vgg16"), (0.301, "mobilenet_v2"), (17.564, "vit_b16")]
)
def test_one_image_costs_what_torchvision_publishes(expected: float, name: str) -> None:
    """In units of 10**9, the ``_ops`` beside its weights; it counts a multiply-add as one."""
    macs = reported(SPECS[name], {"B": "1"}).totals.macs
    assert macs is not None
    assert expected == round(macs / 1e9, 3)


@pytest.mark.parametrize("name", STOPPING)
def test_a_model_that_stops_has_no_total(name: str) -> None:
    totals = reported(SPECS[name]).totals
    assert (None, "unavailable", None) == (totals.macs, totals.macs_status, totals.activation_bytes)


def _spec(layers: str, shape: str = "[B, T, 6]", sizes: str = "{B: 2, T: 5}") -> str:
    return f"input: {shape}\nsizes: {sizes}\ntime_axis: T\nlayers:\n{layers}"


FRAMES = "[B, T, 3, 8, 8]"
MODELS: Mapping[str, str] = {
    "a fold": _spec("  - TimeDistributed: [Conv2d: {out_channels: 4, kernel_size: 3}, Flatten, Linear: 7]", FRAMES),
    "a loop": _spec("  - TimeDistributed: {mode: loop, layers: [Linear: 7]}"),
    "chunks": _spec("  - TimeDistributed: {mode: chunk, chunk_size: 2, layers: [Linear: 7]}"),
    "a fold in a fold": _spec(
        "  - TimeDistributed:\n      - TimeDistributed:\n          time_axis: 1\n"
        "          layers: [Conv1d: {out_channels: 4, kernel_size: 2}]",
        "[B, T, 4, 3, 8]",
    ),
    "a recurrence under a fold": _spec(
        "  - TimeDistributed: [LSTM: {hidden_size: 4, batch_first: true}]", "[B, T, 3, 6]"
    ),
    "time first": _spec("  - GRU: {hidden_size: 4, num_layers: 2, bidirectional: true}", "[T, B, 6]"),
    "a Recurrent": _spec(
        "  - Recurrent:\n      state: {h: [4]}\n      layers:\n        - {GRUCell: 4, from: [input, h], name: h2}\n"
        "        - Linear: 3\n      next: {h: h2}\n    from: [input]"
    ),
    "a Recurrent with a fold in it": _spec(
        "  - Recurrent:\n      state: {h: [3, 6]}\n      layers:\n        - {add: , from: [input, h], name: h2}\n"
        "        - TimeDistributed: {time_axis: 1, layers: [Linear: 4]}\n      next: {h: h2}\n    from: [input]",
        "[B, T, 3, 6]",
    ),
    "a layer used again": _spec("  - {Linear: 6, name: once}\n  - ReLU\n  - share: once\n  - share: once"),
    "copies": _spec("  - {Sequential: [Linear: 6, ReLU: ], repeat: 3}"),
    "a residual with a shortcut": _spec("  - Residual: {layers: [Linear: 4], shortcut: [Linear: 4]}"),
    "two inputs": (
        "inputs: {a: [B, T, 6], b: [B, S, 6]}\nsizes: {B: 2, T: 5, S: 3}\ntime_axis: [T, S]\nlayers:\n"
        "  - {MultiheadAttention: {num_heads: 2, batch_first: true}, from: [a, b, b]}"
    ),
    "attention by hand": _spec(
        "  - {Linear: 6, name: q}\n  - {Linear: 6, name: k, from: input}\n"
        "  - {transpose: {dim0: 1, dim1: 2}, name: kt}\n"
        "  - {matmul: , from: [q, kt], name: scores}\n  - {softmax: -1, name: weights}\n"
        "  - {einsum: {equation: 'bts,bsd->btd'}, from: [weights, input]}"
    ),
    "an unbatched image": (
        "input: [3, 8, 8]\nbatch_axis: none\nlayers:\n  - ConvTranspose2d: {out_channels: 4, kernel_size: 3, stride: 2}"
    ),
    "a causal layer": _spec(  # of a whole stack torch looks at the values of the mask, and meta has none
        "  - causal_mask: {size: $T}\n  - TransformerEncoderLayer: {nhead: 2, dim_feedforward: 9, batch_first: true}\n"
        "    from: {src: input, src_mask: causal_mask_1}"
    ),
}


@pytest.mark.parametrize("text", MODELS.values(), ids=MODELS)
def test_a_model_costs_what_the_oracle_counts(text: str) -> None:
    report = reported(text)
    assert report.ok, report.findings
    assert counted(text) == report.totals.macs
    assert "complete" == report.totals.macs_status


def test_a_fold_costs_T_times_one_step_and_grows_with_it() -> None:
    text = MODELS["a fold"]
    five, ten = (reported(text, {"T": str(steps)}).totals for steps in (5, 10))
    assert five.macs is not None and five.activation_bytes is not None
    assert 2 * five.macs == ten.macs
    assert 2 * five.activation_bytes == ten.activation_bytes


def test_a_container_costs_the_sum_over_what_is_in_it() -> None:
    report = reported(MODELS["a fold"])
    convolution, linear = row(report, "timedistributed_1.conv2d_1"), row(report, "timedistributed_1.linear_1")
    assert 2 * 5 * 4 * 6 * 6 * 3 * 9 == convolution.macs
    assert 2 * 5 * 7 * 144 == linear.macs
    assert (convolution.macs or 0) + (linear.macs or 0) == row(report, "timedistributed_1").macs
    assert 4 * 2 * 5 * (144 + 144 + 7) == row(report, "timedistributed_1").activation_bytes


def test_each_use_of_shared_weights_costs_again() -> None:
    report = reported(MODELS["a layer used again"])
    assert [2 * 5 * 36, 0, 2 * 5 * 36, 2 * 5 * 36] == [layer.macs for layer in report.layers]
    assert [36 + 6, 0, 0, 0] == [layer.params for layer in report.layers]


def test_what_stands_in_a_recurrent_costs_once_for_each_step() -> None:
    report = reported(MODELS["a Recurrent"])
    cell = row(report, "recurrent_1.h2")
    assert 5 * 2 * 3 * (6 * 4 + 4 * 4) == cell.macs
    assert 5 * 2 * 4 * 4 == cell.activation_bytes


def test_a_million_steps_cost_no_time_to_count() -> None:
    report = reported(_spec("  - LSTM: {hidden_size: 4, batch_first: true}"), {"T": "1000000"})
    assert 2 * 1_000_000 * 4 * (6 * 4 + 4 * 4) == report.totals.macs


def test_a_learned_tensor_is_a_parameter_and_no_activation() -> None:
    report = reported(_spec("  - {parameter: {shape: [6]}, name: w}\n  - {mul: , from: [input, w]}"))
    assert [(0, "complete", 0), (0, "complete", 240)] == [
        (layer.macs, layer.macs_status, layer.activation_bytes) for layer in report.layers
    ]


def test_what_ran_before_a_failure_is_a_part() -> None:
    report = reported(_spec("  - Linear: 4\n  - Linear: {in_features: 5, out_features: 2}"))
    assert [("complete", 240), ("unavailable", None)] == [(x.macs_status, x.macs) for x in report.layers]
    assert ("partial", 240, None) == (report.totals.macs_status, report.totals.macs, report.totals.activation_bytes)


def test_the_json_has_the_costs_of_the_contract() -> None:
    spec = reported(SPECS["video_classifier"])
    from tdinspect.domain.report import Report

    data = Report("shape", (spec,)).to_dict()["specs"][0]
    convolution = next(layer for layer in data["layers"] if layer["type"] == "Conv2d")
    assert (56623104, "complete", 8388608) == tuple(
        convolution[key] for key in ("macs", "macs_status", "activation_bytes")
    )
    assert {"macs": 327196672, "macs_status": "complete", "activation_bytes": 20991232}.items() <= data[
        "totals"
    ].items()

"""Each layer bare and wrapped: verdicts and sides known from what the layers are, values from plain PyTorch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from tdinspect.domain.report import LayerRow, SpecReport
from tdinspect.domain.trace import Comparison
from tdinspect.pipeline import Request, Source, execute

SPECS = Path(__file__).parent.parent.parent / "specs"


def compared(text: str) -> SpecReport:
    [report] = execute(Request("compare", (Source("spec.yaml", text),))).specs
    return report


def comparison_of(layer: str, shape: str = "[B, T, 6]", steps: int = 5) -> Comparison:
    report = compared(f"input: {shape}\ntime_axis: T\nsizes: {{B: 3, T: {steps}}}\nlayers:\n  - {layer}\n")
    assert report.layers, report.findings
    found = report.layers[0].comparison
    assert found is not None
    return found


# layer, input, verdict, right side; T is 5. The sides are decided by hand from what each layer is for.
CASES = [
    ("Linear: 4", "[B, T, 6]", "same", "either"),
    ("LayerNorm", "[B, T, 6]", "same", "either"),
    ("ReLU", "[B, T, 6]", "same", "either"),
    ("Embedding: {num_embeddings: 9, embedding_dim: 4}", "{shape: [B, T], dtype: int64}", "same", "either"),
    ("Softmax: -1", "[B, T, 6]", "same", "either"),
    ("MaxPool1d: 2", "[B, T, 6]", "same", "either"),
    ("Dropout", "[B, T, 6]", "same", "either"),
    ("Conv2d: {out_channels: 4, kernel_size: 3}", "[B, T, 2, 8, 8]", "bare_error", "wrapped"),
    ("MaxPool2d: 2", "[B, T, 2, 8, 8]", "bare_error", "wrapped"),
    ("BatchNorm2d: 2", "[B, T, 2, 8, 8]", "bare_error", "wrapped"),
    ("Softmax: 1", "[B, T, 6]", "values_differ", "wrapped"),
    ("LocalResponseNorm: 2", "[B, T, 6, 7]", "values_differ", "wrapped"),
    ("{GroupNorm: {num_groups: 1, num_channels: 5}}", "[B, T, 5, 7]", "values_differ", "wrapped"),
    ("BatchNorm1d: 5", "[B, T, 5]", "values_differ", "wrapped"),
    ("PReLU: 5", "[B, T, 5]", "values_differ", "wrapped"),
    ("BatchNorm1d: 5", "[B, T, 6]", "wrapped_error", "neither"),
    ("Flatten", "[B, T, 2, 8]", "shape_differs", "wrapped"),
    ("LSTM: {hidden_size: 4, batch_first: true}", "[B, T, 6]", "values_differ", "bare"),
    ("GRU: {hidden_size: 4, batch_first: true}", "[B, T, 6]", "values_differ", "bare"),
    ("RNN: {hidden_size: 4, batch_first: true, bidirectional: true}", "[B, T, 6]", "values_differ", "bare"),
    ("LSTM: 4", "[B, T, 6]", "values_differ", "neither"),
    ("LSTM: 4", "[T, B, 6]", "values_differ", "bare"),
    ("TransformerEncoderLayer: {nhead: 2, batch_first: true}", "[B, T, 6]", "values_differ", "bare"),
    ("TransformerEncoderLayer: 2", "[B, T, 6]", "values_differ", "neither"),
    ("Conv1d: {out_channels: 4, kernel_size: 3}", "[B, 6, T]", "wrapped_error", "bare"),
    ("Conv1d: {in_channels: 9, out_channels: 4, kernel_size: 3}", "[B, T, 6]", "both_error", "neither"),
]


@pytest.mark.parametrize(("layer", "shape", "verdict", "right"), CASES, ids=[f"{c[0]} on {c[1]}" for c in CASES])
def test_a_layer_gets_its_verdict_and_its_right_side(layer: str, shape: str, verdict: str, right: str) -> None:
    found = comparison_of(layer, shape)
    assert (verdict, right) == (found.verdict, found.right), found


def test_the_bare_conv2d_raises_pytorchs_exact_words() -> None:
    with pytest.raises(RuntimeError) as raised:
        nn.Conv2d(3, 16, 3)(torch.randn(5, 3, 3, 256, 256))
    report = compared(SPECS.joinpath("conv2d_bare.yaml").read_text())
    found = report.layers[0].comparison
    assert found is not None
    assert f"RuntimeError: {raised.value}" == found.bare.error
    assert (5, 3, 16, 254, 254) == found.wrapped.shape


def test_time_that_has_the_size_of_the_channels_is_told_by_its_numbers() -> None:
    assert "T=5 is taken for the 5 channels" in comparison_of("BatchNorm1d: 5", "[B, T, 5]").reason


def test_a_wrapped_recurrence_is_said_to_read_everything_as_one_sequence() -> None:
    found = comparison_of("LSTM: {hidden_size: 4, batch_first: true}")
    assert "wrapped, it reads all B*T folded steps as one sequence" == found.reason


def test_the_largest_difference_is_that_of_the_two_sides() -> None:
    found = comparison_of("Softmax: 1", "[B, T, 6]")
    assert found.max_abs_diff is not None
    assert 1e-4 < found.max_abs_diff < 1
    assert comparison_of("ReLU").max_abs_diff == 0


def test_twice_the_same_comparison_gives_the_same_numbers() -> None:
    layer = "LSTM: {hidden_size: 4, batch_first: true}"
    assert comparison_of(layer) == comparison_of(layer)


def test_one_step_is_no_proof_against_a_recurrence() -> None:
    found = comparison_of("LSTM: {hidden_size: 4, batch_first: true}", steps=1)
    assert ("values_differ", "bare") == (found.verdict, found.right)


def test_with_one_sample_the_wrapped_recurrence_reads_the_same_sequence() -> None:
    report = compared("input: [1, 5, 3]\ntime_axis: 1\nlayers:\n  - LSTM: {hidden_size: 4, batch_first: true}\n")
    found = report.layers[0].comparison
    assert found is not None
    assert ("same", "with one sample the fold is that one sequence") == (found.verdict, found.reason)


def test_a_model_that_could_not_be_built_stops_there_without_wrappers_too() -> None:
    report = compared("input: [B, T, 6]\ntime_axis: T\nlayers:\n  - ReLU\n  - BatchNorm1d\n  - ReLU\n")
    assert report.unwrapped_failure is not None
    assert "batchnorm1d_1" == report.unwrapped_failure.name


def test_layers_that_no_time_reaches_are_not_compared() -> None:
    report = compared(
        "input: [B, T, 6]\ntime_axis: T\nlayers:\n"
        "  - {LSTM: {hidden_size: 4, batch_first: true}}\n  - select: {dim: 1, index: -1}\n  - Linear: 3\n"
    )
    assert [True, False, False] == [row.comparison is not None for row in report.layers]


def test_the_model_without_its_wrappers_stops_where_pytorch_does() -> None:
    failure = compared(SPECS.joinpath("video_classifier.yaml").read_text()).unwrapped_failure
    assert failure is not None
    assert "timedistributed_1.conv2d_1" == failure.name
    assert "input of size: [2, 16, 3, 64, 64]" in failure.error


def test_a_model_that_runs_without_its_wrappers_has_no_first_failure() -> None:
    assert compared(SPECS.joinpath("attention_sequence.yaml").read_text()).unwrapped_failure is None


def test_a_layer_given_one_tensor_thrice_is_compared_on_one_tensor() -> None:
    report = compared(
        "input: [B, T, 6]\ntime_axis: T\nlayers:\n"
        "  - {MultiheadAttention: {num_heads: 2, batch_first: true}, from: [input, input, input]}\n"
    )
    row: LayerRow = report.layers[0]
    assert row.comparison is not None
    assert ("values_differ", "bare") == (row.comparison.verdict, row.comparison.right)


def test_large_frames_and_long_clips_are_compared_on_small_ones() -> None:
    report = compared(
        "input: [B, T, 3, 512, 512]\ntime_axis: T\nsizes: {B: 8, T: 64}\nlayers:\n"
        "  - TimeDistributed: [{Conv2d: {out_channels: 64, kernel_size: 7}}]\n"
    )
    comparison = report.layers[1].comparison
    assert comparison is not None
    assert ("bare_error", "wrapped") == (comparison.verdict, comparison.right)
    assert (8, 64, 64, 506, 506) == comparison.wrapped.shape


def test_a_shared_layer_is_compared_with_the_sizes_it_was_built_with() -> None:
    report = compared(
        "input: [B, T, 6]\ntime_axis: T\nlayers:\n"
        "  - {LSTM: {hidden_size: 6, batch_first: true}, name: a}\n  - share: a\n"
        "  - {Linear: 6, name: b}\n  - share: b\n"
    )
    found = [row.comparison for row in report.layers]
    verdicts = [(one.verdict, one.right) for one in found if one]
    assert [("values_differ", "bare")] * 2 + [("same", "either")] * 2 == verdicts


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("names", ["[input, input, input]", "[q, k, v]"])
def test_attention_over_time_is_right_bare_wherever_it_stands(names: str, wrapped: bool) -> None:
    indent = "    " if wrapped else ""
    steps = [
        "- {Linear: 8, name: q, from: input}",
        "- {Linear: 8, name: k, from: input}",
        "- {Linear: 8, name: v, from: input}",
    ]
    steps += [f"- {{MultiheadAttention: {{num_heads: 2, batch_first: true}}, from: {names}}}"]
    lines = "".join(f"  {indent}{step}\n" for step in steps)
    head = "  - TimeDistributed:\n" if wrapped else ""
    source = "    from: input\n" if wrapped else ""
    report = compared(f"input: [B, T, 8]\ntime_axis: T\nlayers:\n{head}{lines}{source}")
    found = report.layers[-1].comparison
    assert found is not None, report.findings
    assert ("values_differ", "bare") == (found.verdict, found.right)


def test_attention_within_each_step_needs_the_wrapper() -> None:
    report = compared(
        "input: [B, T, 6, 16]\ntime_axis: T\nlayers:\n  - TimeDistributed:\n"
        "      - {MultiheadAttention: {num_heads: 2, batch_first: true}, from: [input, input, input]}\n"
        "    from: input\n"
    )
    found = report.layers[-1].comparison
    assert found is not None, report.findings
    assert ("bare_error", "wrapped") == (found.verdict, found.right)


def test_an_upsample_that_takes_channels_for_rows_needs_the_wrapper() -> None:
    found = comparison_of("Upsample: {scale_factor: 2}", "[B, T, 3, 8, 8]")
    assert ("shape_differs", "wrapped") == (found.verdict, found.right)
    assert "without it, other axes are taken for channels or space" == found.reason


def test_a_lazy_layer_is_compared_like_the_one_it_becomes() -> None:
    report = compared("input: [B, T, 8]\ntime_axis: T\nlayers:\n  - TimeDistributed: [LazyBatchNorm1d]\n")
    row = report.layers[1]
    assert ({"num_features": 8}, 16) == (row.inferred, row.params)
    assert row.comparison is not None
    assert "wrapped" == row.comparison.right


def test_a_convolution_along_time_without_a_batch_is_right_bare() -> None:
    report = compared(
        "input: [8, T]\ntime_axis: T\nbatch_axis: none\nlayers:\n  - Conv1d: {out_channels: 4, kernel_size: 3}\n"
    )
    found = report.layers[0].comparison
    assert found is not None
    assert "bare" == found.right


def test_train_mode_has_its_own_verdict_where_it_differs_in_kind() -> None:
    found = comparison_of("Dropout2d", "[B, T, 3, 8, 8]")
    assert ("same", "either") == (found.verdict, found.right)
    assert found.train is not None
    assert ("values_differ", "wrapped") == (found.train.verdict, found.train.right)
    assert "without it, it drops whole steps" == found.train.reason


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ("Dropout", "[B, T, 6]"),
        ("BatchNorm1d", "[B, 6, T]"),
        ("BatchNorm2d: 2", "[B, T, 2, 8, 8]"),
    ],
)
def test_train_mode_is_not_mentioned_where_it_does_the_same(layer: str, shape: str) -> None:
    assert comparison_of(layer, shape).train is None

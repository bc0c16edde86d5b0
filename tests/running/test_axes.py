"""What a whole model does to time and the batch, held to runs of the built model with one step changed at a time."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import tdinspect
from tdinspect.domain.effect import chart
from tdinspect.domain.report import SpecReport
from tdinspect.pipeline import Request, Source, inspect_source

SPECS = Path(__file__).parents[2] / "specs"

MODELS = {
    "one layer on its last axis": "input: [B, T, 4]\ntime_axis: T\nlayers: [Linear: 3]",
    "a recurrence": "input: [B, T, 4]\ntime_axis: T\nlayers: [LSTM: {hidden_size: 3, batch_first: true}]",
    "time first": "input: [T, B, 4]\ntime_axis: T\nlayers: [GRU: {hidden_size: 3}, Linear: 2]",
    "backward too": "input: [B, T, 4]\ntime_axis: T\n"
    "layers: [GRU: {hidden_size: 3, batch_first: true, bidirectional: true}]",
    "a valid convolution": "input: [B, 4, T]\ntime_axis: T\nlayers: [Conv1d: {out_channels: 3, kernel_size: 3}]",
    "strides": "input: [B, 4, T]\ntime_axis: T\nsizes: {T: 12}\n"
    "layers: [Conv1d: {out_channels: 3, kernel_size: 3, stride: 2, padding: 1}, MaxPool1d: 2]",
    "a causal convolution": "input: [B, 4, T]\ntime_axis: T\n"
    "layers: [pad: {pad: [4, 0]}, Conv1d: {out_channels: 3, kernel_size: 3, dilation: 2}]",
    "upsampling": "input: [B, 4, T]\ntime_axis: T\nlayers: [Upsample: {scale_factor: 2}]",
    "a mean over time": "input: [B, T, 4]\ntime_axis: T\nlayers: [mean: 1]",
    "its last step": "input: [B, T, 4]\ntime_axis: T\nlayers: [RNN: {hidden_size: 3, batch_first: true}, "
    "select: {dim: 1, index: -1}]",
    "frames folded by hand": "input: [B, T, 3, 8, 8]\ntime_axis: T\nlayers: [TimeDistributed: "
    "[Conv2d: {out_channels: 2, kernel_size: 3}, ReLU, Flatten], LSTM: {hidden_size: 3, batch_first: true}]",
    "attention over itself": "input: [B, T, 4]\ntime_axis: T\nlayers:\n"
    "  - MultiheadAttention: {num_heads: 2, batch_first: true}\n    from: [input, input, input]\n",
    "attention that looks back": "input: [B, T, 4]\ntime_axis: T\nlayers:\n"
    "  - causal_mask: $T\n    name: mask\n"
    "  - TransformerEncoderLayer: {nhead: 2, dim_feedforward: 8, batch_first: true}\n"
    "    from: {src: input, src_mask: mask}\n",
    "attention written out": "input: [B, T, 4]\ntime_axis: T\nlayers:\n"
    "  - Linear: 4\n    name: q\n  - Linear: 4\n    from: input\n    name: k\n"
    "  - transpose: {dim0: 1, dim1: 2}\n  - matmul:\n    from: [q, transpose_1]\n    name: scores\n"
    "  - causal_mask: $T\n    name: mask\n  - add:\n    from: [scores, mask]\n  - softmax: -1\n"
    "  - matmul:\n    from: [softmax_1, input]\n",
    "a residual": "input: [B, 4, T]\ntime_axis: T\n"
    "layers: [Residual: [Conv1d: {out_channels: 4, kernel_size: 3, padding: 1}]]",
    "a cell, step by step": "input: [B, T, 4]\ntime_axis: T\nlayers:\n"
    "  - Recurrent:\n      state: {h: [3]}\n      layers:\n        - RNNCell: {hidden_size: 3}\n"
    "          from: [input, h]\n          name: h2\n      next: {h: h2}\n    from: [input]\n",
    "steps in another order": "input: [B, T, 4]\ntime_axis: T\nlayers: [flip: {dims: [1]}, Linear: 2]",
    "sums so far": "input: [B, T, 4]\ntime_axis: T\nlayers: [cumsum: 1]",
    "a reshape that mixes samples": "input: [B, T, 4]\ntime_axis: T\nsizes: {B: 2, T: 4}\n"
    "layers: [reshape: {shape: [4, 2, 4]}, transpose: {dim0: 0, dim1: 1}]",
    "folded and unfolded by hand": "input: [B, T, 4]\ntime_axis: T\n"
    "layers: [flatten: {start_dim: 0, end_dim: 1}, Linear: 3, unflatten: {dim: 0, sizes: [$B, $T]}]",
    "a mean over the samples": "input: [B, T, 4]\ntime_axis: T\nlayers: [mean: 0]",
    "a recurrence along the batch": "input: [B, T, 4]\ntime_axis: T\nlayers: [LSTM: {hidden_size: 3}]",
    "normalised over the batch": "input: [B, T, 4]\ntime_axis: T\nlayers: [softmax: 0]",
}


def report(text: str) -> SpecReport:
    return inspect_source(Source("x.yaml", text.encode()), Request("axes", ()))


def truth(file: Path, text: str, time: int, batch: int, steps: int) -> tuple[list[set[int]], bool]:
    """For each step that comes out the input steps that it follows, and whether samples mix; by changing them."""
    torch.manual_seed(0)
    file.write_text(text, encoding="utf-8")
    spec = tdinspect.load(file)
    model = tdinspect.build(spec).double().eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    shape = [spec.sizes.get(str(entry), entry) for entry in spec.inputs[0].shape]
    x = torch.randn([int(size) for size in shape], dtype=torch.float64)
    assert x.shape[time] == steps
    after = next((i for i, s in enumerate(report(text).outputs["output"].symbols) if "T" in s), None)

    def moved(changed: Tensor) -> Tensor:
        with torch.no_grad():
            difference: Tensor = model(changed) - model(x)
        return difference.abs() > 1e-12

    seen: list[set[int]] = [set() for _ in range(1 if after is None else model(x).shape[after])]
    for step in range(steps):
        changed = x.clone()
        changed.select(time, step).add_(torch.randn(changed.select(time, step).shape, dtype=torch.float64) * 3)
        difference = moved(changed)
        for u, row in enumerate(seen):
            if bool((difference if after is None else difference.select(after, u)).any()):
                row.add(step)
    changed = x.clone()
    changed.select(batch, 0).mul_(3.0).add_(1)
    others = moved(changed).transpose(0, batch if after is not None else 0)[1:]
    return seen, bool(others.any())


@pytest.mark.parametrize("name", MODELS)
def test_the_chart_is_what_changing_one_step_shows(name: str, tmp_path: Path) -> None:
    text = MODELS[name]
    axes = report(text).axes
    assert axes is not None
    symbols = [entry.strip() for entry in text.partition("[")[2].partition("]")[0].split(",")]
    seen, mixes = truth(tmp_path / "x.yaml", text, symbols.index("T"), symbols.index("B"), axes.steps)
    assert seen == [{t for t, cell in enumerate(row) if cell} for row in chart(axes.rows, axes.steps)]
    assert axes.batch == ("mixes" if mixes else "independent")


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        ("per_step", "one layer on its last axis"),
        ("causal", "a recurrence"),
        ("causal", "time first"),
        ("mixes", "backward too"),
        ("causal", "a valid convolution"),
        ("causal", "strides"),
        ("causal", "a causal convolution"),
        ("per_step", "upsampling"),
        ("gone", "a mean over time"),
        ("gone", "its last step"),
        ("causal", "frames folded by hand"),
        ("mixes", "attention over itself"),
        ("causal", "attention that looks back"),
        ("causal", "attention written out"),
        ("mixes", "a residual"),
        ("causal", "a cell, step by step"),
        ("mixes", "steps in another order"),
        ("causal", "sums so far"),
        ("per_step", "folded and unfolded by hand"),
        ("per_step", "a mean over the samples"),
        ("per_step", "a recurrence along the batch"),
        ("per_step", "normalised over the batch"),
    ],
)
def test_a_model_has_the_word_for_it(expected: str, name: str) -> None:
    axes = report(MODELS[name]).axes
    assert axes is not None
    assert expected == axes.time


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        (1, "one layer on its last axis"),
        (3, "a valid convolution"),
        (5, "a causal convolution"),
        (None, "a recurrence"),
    ],
)
def test_the_receptive_field_is_counted_in_steps(expected: int | None, name: str) -> None:
    axes = report(MODELS[name]).axes
    assert axes is not None
    assert expected == axes.receptive_field


def test_the_receptive_field_of_a_stack_is_that_of_its_papers_formula() -> None:
    axes = report((SPECS / "tcn.yaml").read_text(encoding="utf-8")).axes
    assert axes is not None
    levels, convolutions, kernel = (1, 2, 4, 8), 2, 6
    assert 1 + convolutions * (kernel - 1) * sum(levels) == axes.receptive_field


def test_a_long_sequence_is_looked_at_shortened() -> None:
    axes = report(
        "input: [B, T, 4]\ntime_axis: T\nsizes: {T: 5000}\nlayers: [GRU: {hidden_size: 3, batch_first: true}]"
    )
    assert axes.axes is not None
    assert axes.axes.steps < 100
    assert "causal" == axes.axes.time


def test_layers_after_strides_keep_steps_to_look_at() -> None:
    layers = "[MaxPool1d: 4, MaxPool1d: 4, transpose: {dim0: 1, dim1: 2}, GRU: {hidden_size: 3, batch_first: true}]"
    found = report(f"input: [B, 4, T]\ntime_axis: T\nsizes: {{T: 1600}}\nlayers: {layers}")
    assert "causal" == next(row.axes.time for row in found.layers if row.type == "GRU" and row.axes)


def test_a_model_without_time_or_batch_has_nothing_to_say() -> None:
    found = report("input: [7, 4]\nbatch_axis: none\nlayers: [Linear: 3]")
    assert (None, None) == (found.axes and found.axes.time, found.axes and found.axes.batch)


def test_rows_before_a_failure_are_judged() -> None:
    found = report("input: [B, T, 4]\ntime_axis: T\nlayers: [Linear: 3, Conv2d: {out_channels: 2, kernel_size: 3}]")
    assert found.axes is None
    assert ["per_step", None] == [row.axes and row.axes.time for row in found.layers]


def test_one_sample_in_the_spec_does_not_hide_that_samples_mix() -> None:
    axes = report("input: [B, T, 4]\ntime_axis: T\nsizes: {B: 1}\nlayers: [softmax: 0]").axes
    assert axes is not None
    assert "mixes" == axes.batch


def test_what_takes_the_specs_own_sizes_only_is_looked_at_there() -> None:
    found = report("input: [B, T, 4]\ntime_axis: T\nsizes: {B: 5, T: 20}\nlayers: [reshape: {shape: [20, 5, 4]}]")
    assert found.axes is not None
    assert ("gone", "mixes") == (found.layers[0].axes and found.layers[0].axes.time, found.axes.batch)

"""What values take at one time in a pass without gradients: sums that can be done by hand."""

from __future__ import annotations

import pytest

from tests.costs.specs import reported

A = 4 * 2 * 5 * 6  # bytes of the input, (2, 5, 6)


def _peak(layers: str) -> int | None:
    text = f"input: [B, T, 6]\nsizes: {{B: 2, T: 5}}\ntime_axis: T\nlayers:\n{layers}"
    report = reported(text)
    assert report.ok, report.findings
    return report.totals.peak_activation_bytes


@pytest.mark.parametrize(
    ("expected", "layers"),
    [
        (A + A, "  - ReLU"),  # what goes in, and what comes out
        (A + A + A, "  - ReLU\n  - ReLU\n  - ReLU"),  # the input is kept, and two in the middle
        (A + 3 * A + A, "  - Linear: 18\n  - Linear: 6\n  - ReLU\n  - ReLU"),
        # A long way round: `a` is kept until the sum.
        (A + A + A + A, "  - {ReLU: , name: a}\n  - ReLU\n  - ReLU\n  - {add: , from: [relu_2, a]}"),
        (A + A + A, "  - Residual: [ReLU: ]"),  # the input, the branch, the sum
        (A + 2 * A, "  - Linear: 12\n  - {select: {dim: -1, index: 0}}"),
        (A + A // 6 * 4 + 2 * 4 * 2 * 4, "  - LSTM: {hidden_size: 4, batch_first: true}"),  # its states, too
    ],
)
def test_a_value_is_kept_until_its_last_use(expected: int, layers: str) -> None:
    extra = 4 * 2 * 5 if "select" in layers else 0
    assert expected + extra == _peak(layers)


def test_inside_a_recurrent_there_is_one_step_and_outside_all_of_them() -> None:
    layers = (
        "  - Recurrent:\n      state: {h: [4]}\n      layers:\n        - {GRUCell: 4, from: [input, h], name: h2}\n"
        "        - Linear: 60\n        - Linear: 3\n      next: {h: h2}\n    from: [input]"
    )
    h, wide, all_steps = 4 * 2 * 4, 4 * 2 * 60, 4 * 2 * 5 * 3
    assert A + h + h + wide + all_steps == _peak(layers)


def test_a_model_that_stops_has_no_peak() -> None:
    text = "input: [B, 5]\nlayers:\n  - Linear: {in_features: 4, out_features: 3}"
    assert reported(text).totals.peak_activation_bytes is None


def test_it_is_never_more_than_inputs_and_all_activations() -> None:
    text = "input: [B, 3, 32, 32]\nlayers:\n" + "  - Conv2d: {out_channels: 8, kernel_size: 3}\n  - ReLU\n" * 3
    totals = reported(text, {"B": "2"}).totals
    assert totals.peak_activation_bytes is not None and totals.activation_bytes is not None
    assert totals.peak_activation_bytes < totals.activation_bytes + 4 * 2 * 3 * 32 * 32

"""A model that a spec describes has the same report when it is given as a module: nobody tells inspect what it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from tdinspect import build, inspect, load
from tdinspect.domain.report import SpecReport
from tdinspect.domain.spec import InputSpec

SPECS = Path(__file__).parents[2] / "specs"
SMALL = [
    "attention_sequence",
    "crnn",
    "linear_many_axes",
    "linear_time_first",
    "linear_time_first_wrapped",
    "lstm_kept_step",
    "lstm_kept_step_bidirectional",
    "lstm_many_to_many",
    "lstm_many_to_one",
    "lstm_one_to_one",
    "rnn_last_step",
    "rnn_open_length",
    "rnn_sequence",
    "rnn_stack",
    "tcn",
    "time_distributed_conv2d",
    "time_distributed_linear",
]


def drawn(given: InputSpec, shape: tuple[int, ...]) -> Tensor:
    dtype = getattr(torch, given.dtype)
    return torch.randn(shape).to(dtype) if dtype.is_floating_point else torch.randint(0, given.high or 2, shape)


def both_reports(name: str) -> tuple[SpecReport, SpecReport]:
    path = SPECS / f"{name}.yaml"
    spec, (told,) = load(path), inspect(path, compare=True, axes=True).specs
    inputs = tuple(drawn(given, told.inputs[given.name].sizes) for given in spec.inputs)
    first = spec.inputs[0]
    axes = {"time_axis": first.time_axis, "batch_axis": first.batch_axis}
    (seen,) = inspect(build(spec), inputs=inputs, compare=True, axes=True, **axes).specs
    return told, seen


def layers(report: SpecReport) -> list[tuple[object, ...]]:
    """Of every layer that time reaches: its type, its verdict, the side that is right, the error, the effect."""
    return [
        (row.type, row.comparison.verdict, row.comparison.right, row.comparison.bare.error, row.axes)
        for row in report.layers
        if row.comparison is not None
    ]


@pytest.mark.parametrize("name", SMALL)
def test_a_built_spec_has_the_report_of_its_spec(name: str) -> None:
    told, seen = both_reports(name)
    assert told.totals.params == seen.totals.params
    assert [shape.sizes for shape in told.outputs.values()] == [shape.sizes for shape in seen.outputs.values()]
    assert [(s.time, s.batch) for s in told.outputs.values()] == [(s.time, s.batch) for s in seen.outputs.values()]
    assert told.axes is not None
    assert seen.axes is not None
    assert (told.axes.time, told.axes.batch) == (seen.axes.time, seen.axes.batch)
    assert told.axes.rows == seen.axes.rows or told.axes.steps != seen.axes.steps


@pytest.mark.parametrize("name", SMALL)
def test_its_layers_have_the_same_verdicts_and_effects(name: str) -> None:
    told, seen = both_reports(name)
    assert layers(told) == layers(seen)

"""The image and video architectures of specs/, against the same models in plain PyTorch and the published counts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor, nn

from tdinspect import api
from tdinspect.domain.report import LayerRow, SpecReport
from tdinspect.importers import read_spec
from tdinspect.pipeline import Request, Source, execute
from tests.architectures.images import CASES, Architecture, Axes

SPECS = Path(__file__).parent.parent.parent / "specs"

every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)


@every
def test_the_parameters_are_the_published_ones(case: Architecture) -> None:
    report = inspect(case.file)
    assert () == report.findings
    assert (case.params, case.params) == (plain_count(case), report.totals.params)


@every
def test_the_frozen_parameters_are_those_frozen_in_plain_pytorch(case: Architecture) -> None:
    trainable = case.params if case.trainable is None else case.trainable
    assert (trainable, trainable) == (plain_count(case, frozen=False), inspect(case.file).totals.trainable_params)


@every
def test_the_reported_shapes_are_those_of_the_paper(case: Architecture) -> None:
    report = inspect(case.file)
    assert {**report.sizes, **case.sizes} == report.sizes
    assert {name: tuple(map(str, shape)) for name, shape in case.outputs.items()} == {
        name: shape.symbols for name, shape in report.outputs.items()
    }
    assert {name: at(shape, report.sizes) for name, shape in case.outputs.items()} == {
        name: shape.sizes for name, shape in report.outputs.items()
    }


@every
def test_what_the_spec_expects_holds(case: Architecture) -> None:
    expect, report = expectation(case.file), inspect(case.file)
    output = expect["output"] if isinstance(expect["output"], dict) else {"output": expect["output"]}
    assert case.outputs == {name: tuple(shape) for name, shape in output.items()}
    counts = {key: expect[key] for key in ("params", "trainable_params", "keras_params") if key in expect}
    assert counts == {key: getattr(report.totals, key) for key in counts}
    for name, shape in expect["layers"].items():
        output_shape = row(report, name).output
        assert output_shape is not None, name
        assert [str(axis) for axis in shape] == [
            "_" if axis == "_" else symbol for axis, symbol in zip(shape, output_shape.symbols, strict=True)
        ]


@every
def test_no_parameter_depends_on_a_free_size(case: Architecture) -> None:
    free = expectation(case.file)["free"]
    for symbol in free:
        report = inspect(case.file, ((symbol, "19"),))
        assert () == report.findings
        assert (19, case.params) == (report.sizes[symbol], report.totals.params)


@every
def test_with_the_same_weights_plain_pytorch_gives_the_same_numbers(case: Architecture) -> None:
    torch.manual_seed(0)
    plain, built = case.make().eval(), build(case.file).eval()
    copy_weights(plain, built)
    inputs = {name: torch.rand(at(shape, case.small)) for name, shape in case.inputs.items()}
    with torch.no_grad():
        expected, got = by_name(plain(*inputs.values())), by_name(built(**inputs))
    assert {name: at(shape, case.small) for name, shape in case.outputs.items()} == {
        name: tuple(value.shape) for name, value in got.items()
    }
    for name, value in expected.items():
        torch.testing.assert_close(got[name], value, rtol=1e-4, atol=1e-5 * float(value.abs().max()))


def test_a_head_of_the_pyramid_is_counted_on_its_first_level_only() -> None:
    report = inspect("mask_rcnn_fpn")
    levels = [row(report, name).params for name in ("mask_2", "mask_3", "mask_4", "mask_5")]
    assert [2_646_107, 0, 0, 0] == levels


def test_each_copy_of_a_repeated_step_has_a_row_and_weights_of_its_own() -> None:
    report = inspect("vit_b16")
    copies = [row(report, f"encoder.{number}") for number in range(12)]
    assert [7_087_872] * 12 == [copy.params for copy in copies]
    assert [None] * 12 == [copy.shared_with for copy in copies]


@cache
def inspect(file: str, overrides: tuple[tuple[str, str], ...] = ()) -> SpecReport:
    request = Request(command="params", sources=(source(file),), overrides=dict(overrides))
    return execute(request).specs[0]


def source(file: str) -> Source:
    return Source(file=f"specs/{file}.yaml", text=(SPECS / f"{file}.yaml").read_text(encoding="utf-8"))


def expectation(file: str) -> dict[str, Any]:
    """The spec's ``expect``, read without tdinspect."""
    expect: dict[str, Any] = yaml.safe_load(source(file).text)["expect"]
    return expect


def build(file: str) -> nn.Module:
    parsed = read_spec(source(file).text, file)
    assert () == parsed.findings
    assert parsed.spec is not None
    return api.build(parsed.spec)


def row(report: SpecReport, name: str) -> LayerRow:
    return next(layer for layer in report.layers if layer.name == name)


def plain_count(case: Architecture, frozen: bool = True) -> int:
    with torch.device("meta"):
        model = case.make()
    return sum(parameter.numel() for parameter in model.parameters() if frozen or parameter.requires_grad)


def at(shape: Axes, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The shape in numbers."""
    return tuple(sizes[axis] if isinstance(axis, str) else axis for axis in shape)


def copy_weights(plain: nn.Module, built: nn.Module) -> None:
    """Random weights, the same in both; of one shape, they stand in the same order."""
    theirs, ours = list(plain.parameters()), list(built.parameters())
    with torch.no_grad():
        for weight, copy in zip(sorted(theirs, key=by_shape), sorted(ours, key=by_shape), strict=True):
            weight.add_(torch.randn_like(weight), alpha=0.01)
            copy.copy_(weight)


def by_shape(parameter: Tensor) -> tuple[int, ...]:
    return tuple(parameter.shape)


def by_name(result: Tensor | Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {"output": result} if isinstance(result, Tensor) else dict(result)

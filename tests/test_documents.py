"""The documents' own cases: specs/ against the contract's table, and against plain PyTorch at real sizes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tdinspect.domain.report import Command, LayerRow, SpecReport
from tdinspect.pipeline import Request, Source, execute
from tests.architectures import images, sequences
from tests.documents.plain import count, keras_count, run
from tests.documents.table import CASES, EXTRA, Axes, Case

SPECS = Path(__file__).parent.parent / "specs"
SUCCEEDING = [case for case in CASES if case.error is None]
FAILING = [case for case in CASES if case.error is not None]
OTHER_SIZES = (1, 3, 7)

every = pytest.mark.parametrize("case", SUCCEEDING, ids=lambda case: case.file)
every_failing = pytest.mark.parametrize("case", FAILING, ids=lambda case: case.file)


@cache
def inspect(name: str, command: Command = "shape", overrides: tuple[tuple[str, str], ...] = ()) -> SpecReport:
    path = SPECS / f"{name}.yaml"
    source = Source(file=f"specs/{path.name}", text=path.read_text(encoding="utf-8"))
    report = execute(Request(command=command, sources=(source,), overrides=dict(overrides)))
    return report.specs[0]


def at(shape: Axes, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The shape in numbers."""
    return tuple(sizes[axis] if isinstance(axis, str) else axis for axis in shape)


def row(report: SpecReport, name: str) -> LayerRow:
    return next(layer for layer in report.layers if layer.name == name)


def test_every_shipped_spec_is_in_the_table_or_named_as_extra() -> None:
    names = [case.file for case in CASES]
    assert sorted({*names, *EXTRA, *images.ARCHITECTURES, *sequences.ARCHITECTURES}) == sorted(
        path.stem for path in SPECS.rglob("*.yaml")
    )
    assert len(names) == len(set(names))


@every
def test_the_reported_shapes_are_those_of_the_table(case: Case) -> None:
    report = inspect(case.file)
    assert report.findings == ()
    assert {name: tuple(map(str, shape)) for name, shape in case.outputs.items()} == {
        name: shape.symbols for name, shape in report.outputs.items()
    }
    assert {name: at(shape, report.sizes) for name, shape in case.outputs.items()} == {
        name: shape.sizes for name, shape in report.outputs.items()
    }


@every
def test_the_dummy_pass_runs_at_the_sizes_of_the_table(case: Case) -> None:
    report = inspect(case.file)
    assert {**report.sizes, **case.sizes} == report.sizes
    assert {name: at(shape, report.sizes) for name, shape in case.inputs.items()} == {
        name: shape.sizes for name, shape in report.inputs.items()
    }


@every
def test_the_reported_parameters_are_those_of_the_table(case: Case) -> None:
    report = inspect(case.file, "params")
    assert (case.params, case.keras_params) == (report.totals.params, report.totals.keras_params)
    assert case.layers == {name: (row(report, name).params, row(report, name).keras_params) for name in case.layers}


@every
def test_plain_pytorch_at_real_sizes_gives_the_table_too(case: Case) -> None:
    sizes = {"B": 2, **inspect(case.file).sizes}
    outputs, module = run(case.file, {name: at(shape, sizes) for name, shape in case.inputs.items()})
    assert {name: at(shape, sizes) for name, shape in case.outputs.items()} == outputs
    assert (case.params, case.keras_params) == (count(module), keras_count(module))


@pytest.mark.parametrize(
    ("case", "symbol"),
    [pytest.param(case, symbol, id=f"{case.file}-{symbol}") for case in SUCCEEDING for symbol in case.free],
)
def test_no_parameter_depends_on_a_free_size(case: Case, symbol: str) -> None:
    for size in OTHER_SIZES:
        report = inspect(case.file, "params", ((symbol, str(size)),))
        assert report.findings == ()
        assert report.sizes[symbol] == size
        assert (case.params, case.keras_params) == (report.totals.params, report.totals.keras_params)
        assert {name: at(shape, report.sizes) for name, shape in case.outputs.items()} == {
            name: shape.sizes for name, shape in report.outputs.items()
        }
        assert set(case.free) <= set(report.params_fixed_in)


@every
def test_the_specs_own_expectation_is_the_table(case: Case) -> None:
    expect = expectation(case)
    outputs = case.outputs if len(case.outputs) > 1 else case.outputs["output"]
    assert outputs == (
        {name: tuple(shape) for name, shape in expect["output"].items()}
        if isinstance(expect["output"], dict)
        else tuple(expect["output"])
    )
    assert (case.params, case.keras_params) == (expect["params"], expect["keras_params"])
    assert case.free == tuple(expect.get("free", ()))


@every_failing
def test_the_meant_failure_is_td102_with_the_words_of_pytorch(case: Case) -> None:
    report = inspect(case.file)
    assert not report.ok
    assert ["TD102"] == [finding.code for finding in report.findings]
    assert [case.error] == [layer.error for layer in report.layers]
    assert {"code": "TD102", "error": case.error} == expectation(case)["fails"]


@every_failing
def test_plain_pytorch_fails_with_the_same_words(case: Case) -> None:
    with pytest.raises(RuntimeError) as raised:
        run(case.file, {name: at(shape, {}) for name, shape in case.inputs.items()})
    assert case.error == f"RuntimeError: {raised.value}"


def test_linear_is_the_same_with_and_without_the_wrapper() -> None:
    comparison = row(inspect("linear_time_first_wrapped", "compare"), "timedistributed_1.linear_1").comparison
    assert comparison is not None
    assert ("same", "either") == (comparison.verdict, comparison.right)
    assert inspect("linear_time_first").outputs == inspect("linear_time_first_wrapped").outputs


def test_the_bare_convolution_fails_where_the_wrapped_one_works() -> None:
    comparison = row(inspect("conv2d_wrapped", "compare"), "timedistributed_1.conv2d_1").comparison
    assert comparison is not None
    assert ("bare_error", "wrapped") == (comparison.verdict, comparison.right)
    assert FAILING[0].error == comparison.bare.error
    assert (5, 3, 16, 254, 254) == comparison.wrapped.shape


def test_a_layer_of_a_shared_head_names_the_layer_whose_weights_it_uses() -> None:
    report = inspect("mask_rcnn_rpn", "params")
    shared = [row(report, f"trunk_p{level}.conv2d_1").shared_with for level in (2, 3, 4, 5)]
    assert [None, *["trunk_p2.conv2d_1"] * 3] == shared
    leaves = [layer for layer in report.layers if not layer.container]
    assert 1_189_394 == sum(layer.params for layer in leaves)


def test_the_video_classifier_gives_ten_classes_at_every_step() -> None:
    report = inspect("video_classifier")
    assert report.findings == ()
    assert ("B", "T", "10") == report.outputs["output"].symbols
    assert 448 + 8_455_168 + 1_290 == report.totals.params


def expectation(case: Case) -> dict[str, Any]:
    """The spec's ``expect``, read without tdinspect."""
    spec: dict[str, Any] = yaml.safe_load((SPECS / f"{case.file}.yaml").read_text(encoding="utf-8"))
    expect: dict[str, Any] = spec["expect"]
    return expect

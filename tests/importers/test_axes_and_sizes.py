"""Which axes are time and batch, and which size each symbol has."""

from __future__ import annotations

import pytest

from tdinspect.domain.spec import ModelSpec
from tdinspect.importers import read_spec
from tests.importers.reading import codes, good

STEP = "\nlayers: [ReLU]"


def axes(spec: ModelSpec) -> list[tuple[int | None, int | None]]:
    return [(one.time_axis, one.batch_axis) for one in spec.inputs]


@pytest.mark.parametrize(
    ("time", "batch", "indices", "text"),
    [
        ("T", "B", (1, 0), "input: [B, T, 8]\ntime_axis: T"),
        ("T", "B", (1, 0), "input: [B, T, 8]\ntime_axis: 1"),
        ("T", "B", (1, 0), "input: [B, T, 8]\ntime_axis: -2"),
        ("T", "B", (0, 2), "input: [T, 8, B]\ntime_axis: T"),
        (None, "B", (None, 0), "input: [B, T, 8]"),
        (0, 1, (0, 1), "input: [5, 3, 10]\ntime_axis: 0"),
        (1, 0, (1, 0), "input: [5, 3, 10]\ntime_axis: 1"),
        (1, 0, (1, 0), "input: [5, 3, 10]\ntime_axis: -2"),
        (None, 0, (None, 0), "input: [5, 3, 10]"),
        (0, None, (0, None), "input: [5]\ntime_axis: 0"),
        ("T", "N", (1, 0), "input: [N, T, 8]\ntime_axis: T"),
        ("T", None, (1, None), "input: [B, T, 8]\ntime_axis: T\nbatch_axis: none"),
        ("T", 2, (1, 2), "input: [B, T, 8]\ntime_axis: T\nbatch_axis: -1"),
        ("T", "N", (1, 0), "input: [N, T, 8]\ntime_axis: T\nbatch_axis: N"),
        ("T", "B", (1, 0), "input: [B, T, T]\ntime_axis: T"),
    ],
)
def test_the_axes_of_one_input(
    time: str | int | None, batch: str | int | None, indices: tuple[int | None, int | None], text: str
) -> None:
    spec = good(text + STEP)
    assert (time, batch) == (spec.time_axis, spec.batch_axis)
    assert [indices] == axes(spec)


@pytest.mark.parametrize("text", ["input: [5, 3, 10]", "input: [N, T, 8]\ntime_axis: T", "input: [5, 3]\ntime_axis: 0"])
def test_an_assumed_batch_axis_is_said(text: str) -> None:
    spec = good(text + STEP)
    assert [f"batch axis {spec.inputs[0].batch_axis} assumed"] == [note.partition(":")[0] for note in spec.notes]


@pytest.mark.parametrize("extra", ["", "\nbatch_axis: B", "\nbatch_axis: 0", "\nbatch_axis: none"])
def test_a_given_or_named_batch_axis_needs_no_note(extra: str) -> None:
    assert good(f"input: [B, T, 8]{extra}{STEP}").notes == ()


def several(shapes: str, rest: str) -> ModelSpec:
    name = shapes.split(":")[0]
    return good(f"inputs: {{{shapes}}}\n{rest}\nlayers:\n  - ReLU:\n    from: {name}")


def test_an_input_without_the_symbol_has_no_such_axis() -> None:
    spec = several("frames: [B, T, 8], query: [B, 8], table: [50, 8]", "time_axis: T")
    assert [(1, 0), (None, 0), (None, None)] == axes(spec)


def test_an_index_that_meets_a_symbol_means_that_symbol_in_every_input() -> None:
    spec = several("a: [B, T, 8], b: [T, B, 4]", "time_axis: 1")
    assert ("T", [(1, 0), (0, 1)]) == (spec.time_axis, axes(spec))


def test_an_index_that_meets_numbers_is_the_same_index_in_every_input_that_has_it() -> None:
    spec = several("a: [4, 7, 8], b: [4, 7], c: [4]", "time_axis: 1")
    assert (1, [(1, 0), (1, 0), (None, 0)]) == (spec.time_axis, axes(spec))


def test_each_input_follows_its_own_clock() -> None:
    spec = several("source: [B, S, 8], target: [B, T, 8], both: [S, B, T]", "time_axis: [T, S]")
    assert ("T", [(1, 0), (1, 0), (2, 1)]) == (spec.time_axis, axes(spec))


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ({"B": 2, "T": 5, "H": 64, "W": 65}, "input: [B, T, 3, H, W]\ntime_axis: T"),
        ({"B": 2, "T": 64}, "input: [B, T, 3]"),
        ({"B": 3, "T": 5}, "input: [B, T, 2]\ntime_axis: T"),
        ({"B": 2, "T": 7}, "input: [B, T, 5, 6]\ntime_axis: T"),
        ({"B": 2, "S": 5, "T": 6}, "input: [B, S, T]\ntime_axis: [S, T]"),
        ({"B": 2, "T": 5, "H": 65}, "input: [B, T, H, 64]\ntime_axis: T"),
        ({"B": 5, "T": 6}, "input: [B, T, 8]\nsizes: {B: 5}\ntime_axis: T"),
        ({"B": 3, "T": 2}, "input: [B, T, 8]\nsizes: {T: 2}\ntime_axis: T"),
    ],
)
def test_a_symbol_without_a_size_gets_one_of_its_own(expected: dict[str, int], text: str) -> None:
    spec = good(text + STEP)
    assert expected == spec.sizes
    assert {s: n for s, n in expected.items() if f"{s}: {n}" not in text} == spec.defaults


def test_a_default_is_no_number_of_an_argument_and_none_that_an_expression_gives() -> None:
    text = "input: [B, T, 8]\ntime_axis: T\nvars: {k: 3}\nlayers:\n  - Conv1d: {out_channels: 5, kernel_size: $(k * 2)}"
    assert good(text).sizes["T"] == 7


def test_set_overrides_sizes_and_vars() -> None:
    text = "input: [B, T, 8]\nsizes: {T: 4}\nvars: {hidden: 128}\nlayers:\n  - Linear: $hidden"
    spec = good(text, {"T": "32", "B": "0x10", "hidden": "64"})
    assert {"B": 16, "T": 32} == spec.sizes
    assert spec.defaults == {}
    assert {"hidden": 64} == spec.vars
    assert good(text.replace("$hidden", "64")).steps[0].operation == spec.steps[0].operation


@pytest.mark.parametrize(
    ("code", "name", "value"),
    [
        ("TD006", "Z", "3"),
        ("TD003", "T", "0"),
        ("TD003", "T", "-1"),
        ("TD003", "T", "many"),
        ("TD003", "T", "2.0"),
        ("TD003", "T", ""),
        ("TD003", "T", "9" * 200),
    ],
)
def test_a_wrong_set_is_a_finding_without_a_position(code: str, name: str, value: str) -> None:
    findings = read_spec("input: [B, T, 8]" + STEP, "x.yaml", {name: value}).findings
    assert [(code, None)] == [(f.code, f.position) for f in findings]
    assert f"--set {name}" in findings[0].message


def test_a_symbol_that_may_be_in_a_broken_shape_is_not_called_unknown() -> None:
    assert ["TD003"] == codes(
        "input: B, T\nsizes: {T: 3}\ntime_axis: T\nlayers:\n  - select: {dim: 1, index: $(T - 1)}"
    )


@pytest.mark.parametrize("batch", ["null", "1.5", "[0]", "true"])
def test_a_batch_axis_is_a_symbol_an_index_or_none(batch: str) -> None:
    assert ["TD003"] == codes(f"input: [B, T, 8]\nbatch_axis: {batch}{STEP}")


@pytest.mark.parametrize("sizes", ["{B: 4611686018427387905}", "{B: 3_000_000_000, T: 3_000_000_000}"])
def test_sizes_that_no_tensor_has_are_a_limit_passed(sizes: str) -> None:
    assert "TD008" in codes(f"input: [B, T, 8]\nsizes: {sizes}{STEP}")

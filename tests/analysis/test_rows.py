"""From literal traces to the rows of a report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tdinspect.analysis.rows import layer_rows, params_fixed_in, shape_of, totals_of
from tdinspect.domain.location import Path, Position
from tdinspect.domain.report import LayerRow, Shape, TensorRow, Totals
from tdinspect.domain.size import Size
from tdinspect.domain.trace import Axis, Comparison, Failure, LayerRecord, Outcome, TensorInfo, Trace
from tests.analysis.records import again, container, info, leaf, tensor

SIZES = {"B": 2, "T": 5, "H": 32, "#time": 7, "#batch": 3}


def place(path: Path) -> Position | None:
    return Position(8, 5, 8, 11) if path == ("layers", 1, "TimeDistributed", 0) else None


def rows(*records: LayerRecord) -> tuple[LayerRow, ...]:
    return layer_rows(Trace(records, {}), SIZES, ("T",), "B", place)


def test_a_row_has_everything_that_its_record_says() -> None:
    comparison = Comparison("bare_error", "wrapped", "why", Outcome(None, "E"), Outcome((2, 5, 4), None), None)
    record = LayerRecord(
        name="td.linear_1",
        type="Linear",
        path=("layers", 1, "TimeDistributed", 0),
        depth=1,
        time_distributed=True,
        arguments="8→4",
        inferred={"in_features": 8},
        inputs=(info("B", "T", 8),),
        outputs=(info("B", "T", 4),),
        parameters=(tensor(1, 4, 8), tensor(2, 4, name="bias", trainable=False)),
        formula="8*4 + 4",
        keras_params=36,
        comparison=comparison,
    )
    expected = LayerRow(
        name="td.linear_1",
        type="Linear",
        path="layers[1].TimeDistributed[0]",
        line=8,
        depth=1,
        container=False,
        function=False,
        time_distributed=True,
        summary="Linear 8→4",
        inferred={"in_features": 8},
        input=Shape((2, 5, 8), ("B", "T", "8"), "float32", time=1, batch=0),
        output=Shape((2, 5, 4), ("B", "T", "4"), "float32", time=1, batch=0),
        params=36,
        trainable_params=32,
        keras_params=36,
        param_bytes=144,
        tensors=(TensorRow("weight", (4, 8), 32, 128, True), TensorRow("bias", (4,), 4, 16, False)),
        formula="8*4 + 4",
        comparison=comparison,
    )
    assert (expected,) == rows(record)


def test_a_row_without_a_place_in_the_file_has_no_line() -> None:
    assert [None] == [row.line for row in rows(leaf("a"))]


def test_a_summary_without_arguments_is_the_type() -> None:
    assert ["Linear"] == [row.summary for row in rows(leaf("a"))]


def test_a_layer_used_again_says_with_whom_and_still_shows_its_tensors() -> None:
    one = leaf("one", tensor(1, 5, 10))
    first, second = rows(one, again(one, "two"))
    assert (50, None) == (first.params, first.shared_with)
    assert (0, "one") == (second.params, second.shared_with)
    assert first.tensors == second.tensors


def test_rows_stand_in_the_order_of_the_pass_and_containers_carry_their_sum() -> None:
    found = rows(container("c"), leaf("c.a", tensor(1, 3), depth=1), leaf("b", tensor(2, 4)))
    assert [("c", 0, 3), ("c.a", 1, 3), ("b", 0, 4)] == [(row.name, row.depth, row.params) for row in found]


def test_the_failing_row_has_the_error_and_no_output() -> None:
    failed = replace(leaf("a"), inputs=(info("B", 3),), failure=Failure("RuntimeError: no"))
    (row,) = rows(failed)
    assert ("RuntimeError: no", None) == (row.error, row.output)
    assert row.input is not None


def test_a_row_shows_part_0_of_several_inputs_and_outputs() -> None:
    record = replace(leaf("a"), inputs=(info("B", 3), info("B", 4)), outputs=(info("B", 5), info("B", 6)))
    (row,) = rows(record)
    assert row.input is not None
    assert row.output is not None
    assert ((2, 3), (2, 5)) == (row.input.sizes, row.output.sizes)


HALF = Axis(Size.symbol("T") // 2, frozenset("T"))
FOLD = Axis(Size.symbol("B") * Size.symbol("T"), frozenset("BT"))


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        (Shape((2, 5, 8), ("B", "T", "8"), time=1, batch=0), info("B", "T", 8)),
        (Shape((5, 2), ("T", "B"), time=0, batch=1), info("T", "B")),
        (Shape((3, 4), ("3", "4")), info(3, 4)),
        (Shape((), ()), info()),
        (Shape((2, 3), ("B", "3"), "int64", batch=0), info("B", 3, dtype="int64")),
        (Shape((2, 2), ("B", "T//2"), time=1, batch=0), TensorInfo((*info("B").axes, HALF))),
        (Shape((10, 3), ("B*T", "3")), TensorInfo((FOLD, *info(3).axes))),
        (Shape((5, 5), ("T", "T")), info("T", "T")),
        (Shape((30,), ("H-2",)), TensorInfo((Axis(Size.symbol("H") + -2),))),
    ],
)
def test_a_shape_has_numbers_texts_and_the_one_axis_of_time_and_batch(expected: Shape, value: TensorInfo) -> None:
    assert expected == shape_of(value, SIZES, ("T",), "B")


def test_axes_that_are_plain_numbers_in_the_spec_stay_numbers() -> None:
    hidden = TensorInfo((*info("#batch", "#time").axes, Axis(Size.symbol("#time") * 4), *info(9).axes))
    expected = Shape((3, 7, 28, 9), ("3", "7", "28", "9"), time=1, batch=0)
    assert expected == shape_of(hidden, SIZES, ("#time",), "#batch")


def test_of_two_clocks_the_one_that_is_there_is_marked() -> None:
    assert 1 == shape_of(info("B", "T"), SIZES, ("H", "T"), "B").time


def test_totals_are_the_sums_over_the_leaves() -> None:
    records = (container("c"), leaf("a", tensor(1, 3), depth=1), leaf("b", tensor(2, 4, trainable=False), keras=9))
    assert Totals(params=7, trainable_params=3, keras_params=12, param_bytes=28) == totals_of(rows(*records))


@pytest.mark.parametrize(
    ("expected", "clocks", "batch", "follows"),
    [
        (("B", "T"), ("T",), "B", ()),
        (("B",), ("T",), "B", ("T",)),
        (("T",), ("T",), None, ()),
        (("batch", "time"), ("#time5",), "#batch3", ()),
        (("B", "S", "T"), ("S", "T"), "B", ("H",)),
    ],
)
def test_the_symbols_that_no_count_depends_on_are_named_for_a_person(
    expected: tuple[str, ...], clocks: tuple[str, ...], batch: str | None, follows: tuple[str, ...]
) -> None:
    trace = Trace((replace(leaf("a"), depends_on=frozenset(follows)),), {})
    assert expected == params_fixed_in(trace, clocks, batch)

"""Counting parameters from literal rows: shared ones once, containers as sums."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdinspect.analysis.parameters import Counts, count_rows, fixed_in
from tdinspect.domain.trace import LayerRecord
from tests.analysis.records import again, container, leaf, tensor

LINEAR = leaf("linear", tensor(1, 5, 10), tensor(2, 5, name="bias"))
FROZEN = leaf("cold", tensor(3, 4, 4, trainable=False))


def params(*records: LayerRecord) -> list[int]:
    return [count.params for count in count_rows(records)]


def total_of(*records: LayerRecord) -> Counts:
    counts = zip(records, count_rows(records), strict=True)
    return sum((count for record, count in counts if not record.container), Counts())


def test_a_layer_counts_the_numbers_in_its_tensors() -> None:
    assert [Counts(params=55, trainable=55, keras=55, bytes=220)] == count_rows([LINEAR])


def test_a_layer_without_tensors_counts_nothing() -> None:
    assert [Counts()] == count_rows([leaf("relu")])


def test_a_scalar_tensor_is_one_number_and_an_empty_one_none() -> None:
    assert [1, 0] == params(leaf("scale", tensor(1)), leaf("empty", tensor(2, 0, 5)))


def test_frozen_tensors_are_counted_but_not_as_trainable() -> None:
    assert [Counts(params=16, trainable=0, keras=16, bytes=64)] == count_rows([FROZEN])


def test_bytes_are_those_of_each_tensors_dtype() -> None:
    mixed = leaf("mixed", tensor(1, 10, size=2), tensor(2, 10, size=8))
    assert [100] == [count.bytes for count in count_rows([mixed])]


def test_a_layer_used_again_adds_nothing() -> None:
    rows = [LINEAR, again(LINEAR, "two"), again(LINEAR, "three")]
    assert [Counts(55, 55, 55, 220), Counts(), Counts()] == count_rows(rows)
    assert Counts(55, 55, 55, 220) == total_of(*rows)


def test_a_tensor_that_two_layers_tie_is_counted_with_the_first() -> None:
    tied = leaf("tied", tensor(1, 5, 10), tensor(9, 7, name="bias"))
    assert [55, 7] == params(LINEAR, tied)


def test_a_tensor_that_one_layer_holds_twice_is_counted_once() -> None:
    assert [50] == params(leaf("twice", tensor(1, 5, 10), tensor(1, 5, 10, name="same")))


def test_the_keras_count_is_the_rows_own_and_not_counted_again_when_shared() -> None:
    lstm = leaf("lstm", tensor(1, 160), keras=140)
    assert [140, 0] == [count.keras for count in count_rows([lstm, again(lstm, "two")])]


def test_a_container_is_the_sum_over_its_children_and_adds_nothing_to_the_total() -> None:
    inner, frozen = replace(LINEAR, depth=1), replace(FROZEN, depth=1)
    rows = [container("c"), inner, frozen, leaf("after", tensor(7, 3))]
    assert [71, 55, 16, 3] == params(*rows)
    assert Counts(params=74, trainable=58, keras=74, bytes=296) == total_of(*rows)


def test_nested_containers_each_sum_the_leaves_below_them_once() -> None:
    rows = [
        container("outer"),
        container("inner", depth=1),
        leaf("a", tensor(1, 2), depth=2),
        leaf("b", tensor(2, 3), depth=1),
        container("empty", depth=1),
        leaf("c", tensor(3, 4)),
    ]
    assert [5, 2, 2, 3, 0, 4] == params(*rows)
    assert 9 == total_of(*rows).params


def test_a_container_ends_where_the_next_begins() -> None:
    rows = [container("one"), leaf("a", tensor(1, 2), depth=1), container("two"), leaf("b", tensor(2, 3), depth=1)]
    assert [2, 2, 3, 3] == params(*rows)


def test_a_container_shared_as_a_whole_adds_nothing_the_second_time() -> None:
    inner = replace(LINEAR, depth=1)
    rows = [container("one"), inner, container("two"), again(inner, "two.linear", depth=1)]
    assert [55, 55, 0, 0] == params(*rows)
    assert 55 == total_of(*rows).params


def test_no_rows_count_nothing() -> None:
    assert Counts() == total_of()


shapes = st.lists(st.integers(0, 6), max_size=3)


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 9), st.integers(1, 5))))
def test_the_total_is_the_sum_over_distinct_tensors_however_rows_nest_and_share(
    rows: list[tuple[int, bool, int, int]],
) -> None:
    sizes = {key: size for _, holds, key, size in reversed(rows) if not holds}
    records = [
        container(f"c{i}", depth) if holds else leaf(f"l{i}", tensor(key, sizes[key]), depth=depth)
        for i, (depth, holds, key, _) in enumerate(rows)
    ]
    assert sum(sizes.values()) == total_of(*records).params
    tops = [count.params for record, count in zip(records, count_rows(records), strict=True) if record.depth == 0]
    assert sum(tops) <= sum(sizes.values())


@pytest.mark.parametrize(
    ("expected", "follows", "symbols"),
    [
        (("B", "T"), [], ("B", "T")),
        (("B",), ["T"], ("B", "T")),
        ((), ["T", "B"], ("B", "T")),
        (("T", "S"), ["H", "W"], ("T", "S")),
        ((), ["T"], ()),
    ],
)
def test_the_count_is_fixed_in_the_symbols_that_no_layer_follows(
    expected: tuple[str, ...], follows: list[str], symbols: tuple[str, ...]
) -> None:
    records = [LINEAR, *(replace(LINEAR, depends_on=frozenset((symbol,))) for symbol in follows)]
    assert expected == fixed_in(records, symbols)


def test_a_model_without_layers_is_fixed_in_everything() -> None:
    assert ("B",) == fixed_in([], ("B",))

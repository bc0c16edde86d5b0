"""Nested values: tuples, lists and mappings of leaves."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdinspect.domain.tree import Tree, first, leaves, map_tree

TREES = st.recursive(
    st.one_of(st.none(), st.integers()),
    lambda inner: st.one_of(
        st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=12,
)


class Output(NamedTuple):
    seq: int
    state: int


@given(TREES)
def test_mapping_nothing_changes_nothing(tree: Tree) -> None:
    assert tree == map_tree(lambda leaf: leaf, tree)


@given(TREES)
def test_the_leaves_of_a_mapped_tree_are_the_mapped_leaves(tree: Tree) -> None:
    assert [leaf + 1 for leaf in leaves(tree)] == list(leaves(map_tree(lambda leaf: leaf + 1, tree)))


def test_a_named_tuple_becomes_a_plain_one() -> None:
    mapped = map_tree(str, Output(1, 2))
    assert ("1", "2") == mapped
    assert type(mapped) is tuple


def test_leaves_come_from_left_to_right_without_none() -> None:
    assert [1, 2, 3, 4] == list(leaves((1, None, [2, {"a": 3}], {"b": (4, None)})))


@pytest.mark.parametrize(
    ("expected", "tree"), [(1, (1, 2)), (1, [1]), ((1, 2), ((1, 2), 3)), (5, 5), ((), ()), ({"a": 1}, {"a": 1})]
)
def test_part_0_of_a_tuple_or_the_value_itself(expected: Tree, tree: Tree) -> None:
    assert expected == first(tree)

"""The alignment against one that tries everything, and its bounds."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from tdinspect.analysis.align import aligned

Items = list[tuple[str, int]]
items = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2)), max_size=6)


def score(one: tuple[str, int], other: tuple[str, int]) -> int:
    return 0 if one[0] != other[0] else 3 if one == other else 1


def best(before: Items, after: Items) -> int:
    """The most that any pairing in order can score: all of them are tried."""

    @cache
    def most(i: int, j: int) -> int:
        if i == len(before) or j == len(after):
            return 0
        pair = score(before[i], after[j])
        return max(most(i + 1, j), most(i, j + 1), pair + most(i + 1, j + 1) if pair else 0)

    return most(0, 0)


@given(items, items)
@settings(max_examples=300, deadline=None)
def test_the_pairs_score_as_much_as_is_possible_and_keep_both_orders(before: Items, after: Items) -> None:
    pairs = aligned(before, after, score)
    assert list(range(len(before))) == [i for i, _ in pairs if i is not None]
    assert list(range(len(after))) == [j for _, j in pairs if j is not None]
    assert best(before, after) == sum(score(before[i], after[j]) for i, j in pairs if i is not None and j is not None)


def test_what_is_taken_out_stands_before_what_is_put_in() -> None:
    assert [(0, 0), (1, None), (None, 1), (2, 2)] == aligned("axb", "ayb", lambda one, other: int(one == other))


def test_long_lists_are_cut_at_what_both_have_once() -> None:
    before = [f"a{i % 7}" if i % 100 else f"once {i}" for i in range(3000)]
    after = ["new", *before[:1500], "more", *before[1500:], "last"]
    pairs = aligned(before, after, lambda one, other: int(one == other))
    assert {1, 1502, None} >= {j - i for i, j in pairs if i is not None and j is not None} - {2}
    assert list(range(len(before))) == [i for i, _ in pairs if i is not None]
    assert list(range(len(after))) == [j for _, j in pairs if j is not None]


def test_long_lists_that_have_nothing_in_common_are_paired_by_place() -> None:
    pairs = aligned([("a", i) for i in range(2000)], [("a", -1 - i) for i in range(2001)], score)
    assert [*((i, i) for i in range(2000)), (None, 2000)] == pairs

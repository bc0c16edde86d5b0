"""What becomes of an axis, in rows; written down by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tdinspect.layers import KINDS, uses_of
from tdinspect.layers.axis_use import (
    AxisUse,
    Blocks,
    Each,
    Halves,
    Mixed,
    Picked,
    Repeated,
    Spread,
    Walk,
    Window,
)


def rows(*steps: str) -> tuple[int, ...]:
    """One string of indices for each output index."""
    return tuple(sum(1 << int(step) for step in own) for own in steps)


# The use, how many indices before and after, the rows; None where it does not fit.
ROWS: list[tuple[AxisUse, int, int, tuple[int, ...] | None]] = [
    (Each(), 3, 3, rows("0", "1", "2")),
    (Each(), 3, 1, None),
    (Mixed(), 3, 2, rows("012", "012")),
    (Window(3), 5, 3, rows("012", "123", "234")),
    (Window(3, before=1), 3, 3, rows("01", "012", "12")),
    (Window(3, before=2, edge="reflect"), 4, 4, rows("012", "01", "012", "123")),
    (Window(1, before=2, edge="replicate"), 3, 6, rows("0", "0", "0", "1", "2", "2")),
    (Window(1, before=1, edge="circular"), 3, 5, rows("2", "0", "1", "2", "0")),
    (Window(1, before=-1), 3, 2, rows("1", "2")),
    (Window(2, stride=2), 5, 2, rows("01", "23")),
    (Window(2, dilation=2), 4, 2, rows("02", "13")),
    (Spread(2, stride=2), 2, 4, rows("0", "0", "1", "1")),
    (Spread(3), 2, 4, rows("0", "01", "01", "1")),
    (Spread(3, before=1), 3, 3, rows("01", "012", "12")),
    (Repeated(2), 2, 4, rows("0", "0", "1", "1")),
    (Repeated(2), 2, 5, None),
    (Blocks(2), 4, 4, rows("01", "01", "23", "23")),
    (Blocks(2), 4, 2, None),
    (Halves(), 4, 2, rows("02", "13")),
    (Halves(), 4, 4, None),
    (Walk(), 3, 3, rows("0", "01", "012")),
    (Walk("backward"), 3, 3, rows("012", "12", "2")),
    (Walk("both"), 2, 2, rows("01", "01")),
    (Walk(), 3, 2, None),
    (Picked(1, 2), 4, 2, rows("1", "2")),
    (Picked(1, 2), 4, 3, None),
]


@pytest.mark.parametrize(("use", "before", "after", "expected"), ROWS, ids=[f"{r[0]} {r[1]} {r[2]}" for r in ROWS])
def test_a_use_has_its_rows(use: AxisUse, before: int, after: int, expected: tuple[int, ...] | None) -> None:
    assert expected == use.rows(before, after)


def test_long_sequences_cost_little() -> None:
    found = Walk().rows(4096, 4096)
    assert found is not None
    assert 4096 == found[-1].bit_length()


def test_nothing_is_said_of_a_rank_that_a_layer_does_not_take() -> None:
    assert uses_of(nn.Conv2d(3, 4, 1), ((3, 4),)) is None
    assert uses_of(nn.Softmax(dim=3), ((3, 4),)) is None
    assert uses_of(nn.LSTM(3, 4), ((1, 2, 3, 3),)) is None


def test_nothing_is_said_of_a_module_that_is_not_torchs() -> None:
    class Linear(nn.Linear):
        """The user's own, of the same name."""

    assert uses_of(Linear(3, 4), ((2, 3),)) is None


def test_both_inputs_of_a_distance_are_compared_along_one_axis() -> None:
    assert ((Each(), Mixed("reduced")),) * 2 == uses_of(nn.PairwiseDistance(), ((2, 3), (2, 3)))
    assert uses_of(nn.PairwiseDistance(), ((2, 3), (1, 3))) is None


@pytest.mark.parametrize("ndim", [0, 1, 2, 3, 4, 5])
def test_a_softmax_without_an_axis_takes_the_one_that_torch_takes(ndim: int) -> None:
    found = uses_of(nn.Softmax(dim=None), ((2,) * ndim,))
    with pytest.warns(UserWarning, match="Implicit dimension"):
        given = nn.Softmax(dim=None)(torch.randn((2,) * ndim))
    ones = [i for i in range(ndim) if torch.allclose(given.sum(i), torch.ones(()), atol=1e-5)]
    if ndim:
        assert found is not None
        assert ones == [i for i, use in enumerate(found[0]) if isinstance(use, Mixed)]


def test_every_family_that_says_something_is_asked_by_its_class() -> None:
    assert sum(family.axes is not None for family in KINDS) > 25

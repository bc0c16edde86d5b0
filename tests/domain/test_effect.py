"""The words for what a layer does to time, on rows written down by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tdinspect.domain.effect import (
    Rows,
    TimeEffect,
    chart,
    composed,
    each,
    joined,
    receptive_field,
    time_effect,
    united,
)

HALF, TWO, THREE = Fraction(1, 2), Fraction(2), Fraction(3)


def rows(*steps: str) -> Rows:
    """One string of step numbers for each output step: ``rows("0", "01")``; "" follows nothing."""
    return tuple(sum(1 << int(step) for step in own) for own in steps)


# What, the rows of its output, input steps, input steps on one output step, the word.
WORDS: list[tuple[str, Rows, int, Fraction | int, TimeEffect]] = [
    ("identity", rows("0", "1", "2", "3"), 4, 1, "per_step"),
    ("one step", rows("0"), 1, 1, "per_step"),
    ("LSTM", rows("0", "01", "012", "0123"), 4, 1, "causal"),
    ("LSTM run backwards", rows("0123", "123", "23", "3"), 4, 1, "anticausal"),
    ("bidirectional LSTM", rows("0123", "0123", "0123", "0123"), 4, 1, "mixes"),
    ("Conv1d of 3, same", rows("01", "012", "123", "23"), 4, 1, "mixes"),
    ("Conv1d of 3, valid", rows("012", "123", "234"), 5, 1, "causal"),
    ("Conv1d of 3, padded in front", rows("0", "01", "012", "123"), 4, 1, "causal"),
    ("Conv1d of 3, padded behind", rows("012", "123", "23", "3"), 4, 1, "anticausal"),
    ("Conv1d of 3, 2 put on both sides, not cut", rows("0", "01", "012", "123", "23", "3"), 4, 1, "causal"),
    ("Conv1d of 2, stride 2", rows("01", "23", "45"), 6, TWO, "per_step"),
    ("Conv1d of 3, stride 2", rows("012", "234"), 6, TWO, "causal"),
    ("Conv1d of 3, stride 2, padding 1", rows("01", "123", "345"), 6, TWO, "causal"),
    ("pool of 2", rows("01", "23", "45"), 6, TWO, "per_step"),
    ("pool of 2, a step left over", rows("01", "23", "45"), 7, TWO, "per_step"),
    ("pool of 4, stride 3, the last one cut", rows("0123", "345"), 6, THREE, "anticausal"),
    ("pool of 3, stride 1, same", rows("01", "012", "123", "23"), 4, 1, "mixes"),
    ("upsampling by 2", rows("0", "0", "1", "1", "2", "2"), 3, HALF, "per_step"),
    ("upsampling by 1.5", rows("0", "0", "1", "2", "2", "3"), 4, Fraction(2, 3), "per_step"),
    ("linear upsampling by 2", rows("0", "01", "01", "12", "12", "2"), 3, HALF, "mixes"),
    ("ConvTranspose1d of 3", rows("0", "01", "012", "12", "2"), 3, 1, "causal"),
    ("the last steps", rows("2", "3"), 4, 1, "per_step"),
    ("the first steps", rows("0", "1"), 4, 1, "per_step"),
    ("steps out of the middle", rows("1", "2"), 4, 1, "causal"),
    ("two steps put in front", rows("", "", "0", "1"), 2, 1, "per_step"),
    ("two steps put behind", rows("0", "1", "", ""), 2, 1, "per_step"),
    ("moved by one, what falls out is lost", rows("", "0", "1", "2"), 4, 1, "causal"),
    ("moved back by one", rows("1", "2", "3", ""), 4, 1, "anticausal"),
    ("cumsum", rows("0", "01", "012"), 3, 1, "causal"),
    ("mean over time, spread over all steps again", rows("012", "012", "012"), 3, 1, "mixes"),
    ("roll", rows("3", "0", "1", "2"), 4, 1, "mixes"),
    ("flip", rows("3", "2", "1", "0"), 4, 1, "mixes"),
    ("the first step everywhere", rows("0", "0", "0"), 3, 1, "causal"),
    ("the last step everywhere", rows("2", "2", "2"), 3, 1, "anticausal"),
    ("zeros_like", rows("", "", ""), 3, 1, "constant"),
]


@pytest.mark.parametrize(("found", "steps", "rate", "word"), [w[1:] for w in WORDS], ids=[w[0] for w in WORDS])
def test_rows_have_a_word(found: Rows, steps: int, rate: Fraction | int, word: TimeEffect) -> None:
    assert word == time_effect(found, steps, Fraction(rate))


def test_two_convolutions_of_3_see_5_steps() -> None:
    both = composed(rows("012", "123", "234"), rows("012", "123", "234", "345", "456"))
    assert rows("01234", "12345", "23456") == both
    assert 5 == receptive_field(both)


def test_what_follows_nothing_has_no_receptive_field() -> None:
    assert receptive_field(rows("", "")) is None


def test_a_hole_in_the_middle_counts_to_the_receptive_field() -> None:
    assert 4 == receptive_field(rows("03"))


def test_after_one_step_everything_follows_what_that_one_does() -> None:
    assert rows("01", "01") == composed(rows("0", "0"), rows("01"))


def test_a_residual_follows_both_ways() -> None:
    assert rows("0", "01") == united(each(2), rows("", "0"))


def test_the_chart_has_a_line_for_each_output_step() -> None:
    assert ((True, False), (True, True)) == chart(rows("0", "01"), 2)


@pytest.mark.parametrize(
    ("words", "together"),
    [
        (("per_step", "causal"), "causal"),
        (("causal", "anticausal"), "mixes"),
        (("constant", "per_step"), "per_step"),
        (("constant",), "constant"),
        (("mixes", "per_step"), "mixes"),
    ],
)
def test_several_inputs_have_one_word(words: tuple[TimeEffect, ...], together: TimeEffect) -> None:
    assert together == joined(words)

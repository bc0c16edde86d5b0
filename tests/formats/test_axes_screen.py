"""The chart of `axes`: drawn where it can be read."""

from __future__ import annotations

from dataclasses import replace

from tdinspect.domain.effect import AxisEffect, ModelAxes, each
from tdinspect.domain.report import SpecReport
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.screen.axes import axes_screen
from tdinspect.formats.spans import plain_line
from tests.formats.samples import LSTM


def lines(axes: ModelAxes | None, width: int = 80) -> list[str]:
    """What stands below the table."""
    row = replace(LSTM, axes=AxisEffect("causal", None))
    screen = axes_screen(SpecReport("x.yaml", "x", layers=(row,), axes=axes), RenderOptions(width=width))
    return [plain_line(text) for text in screen.foot]


def test_the_chart_has_a_row_for_each_output_step() -> None:
    title = "which output step sees which input step"
    expected = [title, "in     0 1 2", "out 0  ■ · ·", "    1  ■ ■ ·", "    2  · ■ ■"]
    assert expected == lines(ModelAxes("mixes", None, (1, 3, 6), 3))


def test_what_has_no_step_has_one_row_without_a_number() -> None:
    expected = ["which output step sees which input step", "in     0 1 2", "out    · · ■"]
    assert expected == lines(ModelAxes("gone", None, (4,), 3))


def test_many_steps_close_up() -> None:
    [_, numbers, first, *_] = lines(ModelAxes("per_step", None, each(30), 30), width=60)
    assert ("in     0         10        20", "out  0 ■" + "·" * 29) == (numbers, first)


def test_more_steps_than_the_screen_has_room_for_are_not_drawn() -> None:
    expected = ["which output step sees which input step: 70 steps are too many to draw (see json)"]
    assert expected == lines(ModelAxes("per_step", None, each(70), 70), width=60)


def test_the_receptive_field_is_said_in_steps() -> None:
    assert "receptive field in time: 1,201 steps" == lines(ModelAxes("causal", None, (1,), 1, 1201))[0]
    assert "receptive field in time: 1 step" == lines(ModelAxes("per_step", None, (1,), 1, 1))[0]


def test_a_model_about_which_nothing_is_known_has_no_chart() -> None:
    assert [] == lines(None)

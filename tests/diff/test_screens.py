"""Real changes as a reviewer reads them: whole screens, written by ``pytest tests/diff --renew``."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache

import pytest

from tdinspect.analysis.diff import Diff
from tdinspect.formats.diff import DIFF_FORMATS, load_diff_format
from tdinspect.formats.diff.words import percent
from tdinspect.formats.interface import RenderOptions
from tests.diff.cases import CASES, VIDEO
from tests.diff.made import diff

Golden = Callable[[str, str], None]
SUFFIX = {"text": "txt", "markdown": "md", "json": "json"}


@cache
def made(name: str) -> Diff:
    return diff(*CASES[name])


def shown(change: Diff, form: str, **wishes: int) -> str:
    return load_diff_format(form).render(change, RenderOptions(**wishes))  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["text", "markdown"])
@pytest.mark.parametrize("name", CASES)
def test_a_change_is_shown_as_in_its_golden_file(name: str, form: str, golden: Golden) -> None:
    golden(f"diff/{name}.{SUFFIX[form]}", shown(made(name), form, width=110))


def test_the_json_of_a_change_is_as_in_its_golden_file(golden: Golden) -> None:
    golden("diff/renamed_layer.json", shown(made("renamed_layer"), "json"))


def test_a_spec_that_is_new_or_gone_is_told_with_its_totals_and_its_outputs(golden: Golden) -> None:
    golden("diff/new_spec.md", shown(diff(None, VIDEO), "markdown"))
    golden("diff/gone_spec.md", shown(diff(VIDEO, None), "markdown"))


def test_nothing_changed_is_one_line() -> None:
    same = diff(VIDEO, VIDEO.replace("name: video", "name: other # text alone"))
    assert 1 == shown(same, "text", width=200).count("\n")
    assert 1 == shown(same, "markdown").count("\n")
    assert [] == json.loads(shown(same, "json"))["specs"][0]["layers"]


@pytest.mark.parametrize("width", [24, 40, 60, 300])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    text = shown(made("inserted_layer"), "text", width=width)
    assert width >= max(map(len, text.splitlines()))
    assert "batchnorm2d_1" in text.replace("\n", "").replace(" ", "")


def test_each_format_ends_its_text_with_one_line_end() -> None:
    for form in DIFF_FORMATS:
        text = shown(made("changed_kernel"), form)
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


BROKEN = "input: [B, T\nlayers: []\n"


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_of_a_text_that_cannot_be_read_nothing_is_said_to_be_gone_or_fixed(form: str) -> None:
    warned = VIDEO.replace("  - LSTM", "  - Conv3d: {out_channels: 4, kernel_size: 3, padding: 1}\n  - LSTM")
    text = shown(diff(warned, BROKEN), form, width=200)
    assert "cannot be built" in text
    for untrue in ("none", "None", "axis", "Sizes", "Fixed"):
        assert untrue not in text
    found = json.loads(shown(diff(warned, BROKEN), "json"))["specs"][0]
    assert ({}, []) == (found["sizes"], found["findings"]["fixed"])


def test_an_axis_that_is_gone_is_told_in_words() -> None:
    text = shown(
        diff("input: [B, T, 8]\ntime_axis: T\nlayers: [{Linear: 8}]\n", "input: [B, 8]\nlayers: [{Linear: 8}]\n"),
        "text",
    )
    assert "\nTime axis: T → none.\n" in text
    assert "Batch axis" not in text


@pytest.mark.parametrize(
    ("before", "after", "grown"),
    [(462_763, 216, "-99.9 %"), (8, 0, "-100 %"), (1000, 1, "-99.9 %"), (1, 2, "+100 %"), (20_000, 19_999, "-<0.1 %")],
)
def test_what_is_nearly_gone_is_not_said_to_be_gone(before: int, after: int, grown: str) -> None:
    assert grown == percent(before, after)


def test_words_for_a_side_are_no_code() -> None:
    same = diff(VIDEO, VIDEO.replace("Linear: 10", "Linear: 11"))
    assert "`HEAD` → the working tree: " in shown(same, "markdown")


def test_what_is_the_same_trouble_on_both_sides_is_told_once() -> None:
    text = shown(diff(BROKEN, BROKEN.replace("8", "9").replace("layers", "steps")), "text")
    assert "Before and now it cannot be built (TD001).\n" in text
    assert "could not" not in text
    stopped = VIDEO.replace("  - TimeDistributed:\n      - Conv2d", "  - Sequential:\n      - Conv2d")
    assert stopped != VIDEO
    assert "Before and now it stops at" in shown(diff(stopped, stopped.replace("Linear: 10", "Linear: 11")), "text")

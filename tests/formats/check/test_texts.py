"""`full` and `concise`: what a person reads in a terminal or in a log."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tdinspect.formats.check.paint import wrapped
from tdinspect.formats.spans import line, span
from tests.formats.check.samples import CLEAN, LSTM, NOTE, ODD, STALE, WARNING, WHOLE_FILE, report, spec, text

ANSI = re.compile(r"\x1b\[[0-9;]*m")
ALL_CLEAN = report(CLEAN, CLEAN)


def last(name: str, *specs: object, **options: object) -> str:
    return text(name, report(*specs), **options).splitlines()[-1]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["full", "concise"])
def test_a_clean_check_is_one_line(name: str) -> None:
    assert "2 specs: 2 clean\n" == text(name, ALL_CLEAN)


@pytest.mark.parametrize("name", ["full", "concise"])
def test_quiet_is_a_line_for_each_finding_and_nothing_where_all_is_well(name: str) -> None:
    assert "" == text(name, ALL_CLEAN, quiet=True)
    expected = (
        "specs/lstm.yaml:4:5: error[TD202] LSTM runs along the batch axis of (B, T, 8)\n"
        "specs/lstm.yaml: error[TD008] the check of this file was killed\n"
    )
    assert expected == text(name, report(spec(LSTM, WHOLE_FILE, NOTE), CLEAN), quiet=True)


def test_a_concise_line_has_the_place_the_rule_and_the_fix_below() -> None:
    expected = (
        "specs/lstm.yaml:4:5: error[TD202] LSTM runs along the batch axis of (B, T, 8)\n"
        "  = help: change its arguments (tried: gives (B, T, 4))\n"
        "          - LSTM: {hidden_size: 4, batch_first: true}\n"
        "1 spec: 1 with errors\n"
    )
    assert expected == text("concise", report(spec(LSTM)))


def test_a_full_finding_is_a_frame() -> None:
    expected = """\
error[TD202]: LSTM runs along the batch axis of (B, T, 8)
  --> specs/lstm.yaml:4:5
  |
4 |   - LSTM: {hidden_size: 4}
  |     ^^^^
  = help: change its arguments (tried: gives (B, T, 4))
          - LSTM: {hidden_size: 4, batch_first: true}

1 spec: 1 with errors
"""
    assert expected == text("full", report(spec(LSTM)))


def test_a_finding_inside_a_block_names_its_uses_the_innermost_first() -> None:
    found = next(row for row in text("concise", ODD).splitlines() if "TD102" in row)
    inside = "(in the block that is used at specs/lstm.yaml:5:5) (in the block that is used at specs/lstm.yaml:4:5)"
    assert (
        f"specs/lstm.yaml:3:1: error[TD102] Conv2d takes one step at a time: RuntimeError: Expected 3D {inside}"
        == found
    )


@pytest.mark.parametrize("name", ["full", "concise"])
def test_a_note_is_counted_and_shown_on_request(name: str) -> None:
    assert "1 spec: 1 clean (1 note, --notes shows them)\n" == text(name, report(spec(NOTE)))
    assert "note[TD206]" in text(name, report(spec(NOTE)), notes=True)
    assert "1 spec: 1 clean" == last(name, spec(NOTE), notes=True)


@pytest.mark.parametrize(
    ("expected", "specs", "options"),
    [
        ("0 specs: nothing to check", (), {}),
        ("1 spec: 1 with warnings", (spec(WARNING),), {}),
        ("3 specs: 1 clean, 1 with warnings, 1 with errors", (spec(WARNING), spec(LSTM, WARNING), CLEAN), {}),
        ("1 spec: 1 clean (2 other YAML files left out)", (CLEAN,), {"left_out": 2}),
        ("1 spec: 1 clean   0.31 s, 1 from the cache", (CLEAN,), {"seconds": 0.3061, "cached": 1}),
        ("1 spec: 1 clean   12.30 s", (CLEAN,), {"seconds": 12.3}),
        ("1 spec: 1 clean; tdinspect.lock: 1 error", (CLEAN, STALE), {}),
    ],
)
def test_the_last_line_counts_specs(expected: str, specs: tuple[object, ...], options: dict[str, object]) -> None:
    assert expected == last("full", *specs, **options)
    assert expected == last("concise", *specs, **options)


@pytest.mark.parametrize("name", ["full", "concise"])
def test_colour_adds_nothing_but_colour(name: str) -> None:
    coloured = text(name, ODD, color=True, notes=True)
    assert "\x1b[31merror[TD202]\x1b[0m" in coloured
    assert text(name, ODD, notes=True) == "".join(f"{row.rstrip(' ')}\n" for row in ANSI.sub("", coloured).splitlines())


@pytest.mark.parametrize("width", [10, 24, 40, 80])
def test_a_frame_fits_the_width_and_loses_no_word(width: int) -> None:
    lines = text("full", report(spec(LSTM)), width=width).splitlines()
    assert [] == [row for row in lines if cell_len(row) > max(width, 24)]
    words = "".join("".join(lines).split())
    assert "LSTMrunsalongthebatchaxisof(B,T,8)" in words
    assert "-LSTM:{hidden_size:4,batch_first:true}" in words


@settings(max_examples=100, deadline=None)
@given(
    st.text(st.sampled_from("ab \n日é\u0301xyz-")), st.text(st.sampled_from("cd 本"), max_size=30), st.integers(12, 40)
)
def test_wrapping_keeps_every_character_and_the_width(first: str, second: str, width: int) -> None:
    rows = wrapped(line(span(first, "error") + span(second), hang=4), width, color=False)
    assert "".join((first + second).split()) == "".join("".join(rows).split())
    assert [] == [row for row in rows if cell_len(row.rstrip()) > width]

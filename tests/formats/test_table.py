"""The table: golden screens, and what must be true of each of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.cells import cell_len

from tdinspect.domain.finding import RULES, Finding, Rule
from tdinspect.domain.location import Position
from tdinspect.domain.report import SpecReport
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.table import render
from tests.formats import samples

COMMANDS = ("shape", "params", "compare")
WIDTHS = (40, 80, 120)
ANSI = re.compile(r"\x1b\[[0-9;]*m")
# A row of a table with the columns layer and params: the gutter, the guides, the name, the count.
COUNTED = re.compile(r"^ {2,3}(?P<guide>[│├└ ]*)(?P<label>\S.*?) {2,}(?P<count>[\d,]+|·)$")


def text(command: str, *specs: SpecReport, **options: object) -> str:
    return render(samples.report(command, *specs), RenderOptions(**options))  # type: ignore[arg-type]


def without_spaces(value: str) -> str:
    return "".join(value.split())


def written(spec: SpecReport, row: int) -> str:
    """The shape of a row as a person would write it."""
    shape = spec.layers[row].output
    assert shape is not None
    named = [
        f"T={symbol}" if axis == shape.time and symbol.isdecimal() else symbol
        for axis, symbol in enumerate(shape.symbols)
    ]
    return f"({', '.join(named)})"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_screen_is_as_its_golden_file_and_fits(golden: Callable[[str, str], None], command: str, width: int) -> None:
    screen = text(command, width=width)
    golden(f"formats/{command}-{width}.txt", screen)
    assert [] == [line for line in screen.splitlines() if cell_len(line) > width]
    assert [] == [line for line in screen.splitlines() if line != line.rstrip()]
    assert "\x1b" not in screen


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("command", COMMANDS)
def test_only_a_line_of_the_source_file_is_ever_shortened(command: str, width: int) -> None:
    shortened = [line for line in text(command, width=width).splitlines() if "…" in line]
    assert all(re.match(r"\d+ \| ", line) for line in shortened)


@pytest.mark.parametrize("width", [24, 30, 40, 60, 80, 120])
@pytest.mark.parametrize("spec", [samples.VIDEO, samples.CONV_WRAPPED, samples.TWO_INPUTS])
def test_a_wrapped_shape_joins_to_the_whole_shape(spec: SpecReport, width: int) -> None:
    shapes = [without_spaces(written(spec, row)) for row in range(len(spec.layers))]
    grid = text("shape", spec, width=width, columns=("output",))
    assert "".join(shapes) in without_spaces(grid)


@pytest.mark.parametrize("depth", [None, 0, 1, 2, 9])
@pytest.mark.parametrize("spec", [samples.VIDEO, samples.CONV_WRAPPED, samples.TWO_INPUTS])
def test_the_rows_shown_add_up_to_the_total(spec: SpecReport, depth: int | None) -> None:
    lines = text("shape", spec, columns=("layer", "params"), depth=depth).splitlines()
    rows = [match for line in lines if (match := COUNTED.match(line))]
    levels = [len(row["guide"]) for row in rows] + [0]
    counts = [int(row["count"].replace(",", "").replace("·", "0")) for row in rows]
    assert spec.totals.params == sum(count for index, count in enumerate(counts) if levels[index + 1] <= levels[index])


def test_the_error_of_a_layer_is_there_word_for_word_at_any_width() -> None:
    for width in (24, 40, 80, 120):
        assert without_spaces(samples.CONV_ERROR) in without_spaces(text("shape", samples.CONV_BARE, width=width))


def test_every_error_of_a_comparison_stands_once_and_whole() -> None:
    screen = text("compare", samples.VIDEO, width=80)
    error = without_spaces(samples.CONV_ERROR.replace("[5, 3, 3, 256, 256]", "[2, 16, 3, 64, 64]"))
    assert 1 == without_spaces(screen).count(error)
    assert "whole model without wrappers: stops at Conv2d (line 8) with [1]" in screen


def test_colour_only_adds_to_what_is_said() -> None:
    colored = text("shape", color=True)
    assert text("shape", color=False) == ANSI.sub("", colored)
    assert "\x1b[36mT\x1b[0m" in colored
    assert "\x1b[36mT=5\x1b[0m" in colored


def test_an_error_that_stands_in_a_row_is_not_repeated_by_its_finding() -> None:
    (finding,) = samples.CONV_BARE.findings
    longer = replace(finding, message=f"{finding.message}: {samples.CONV_ERROR}")
    spec = replace(samples.CONV_BARE, findings=(longer,))
    assert text("shape", samples.CONV_BARE) == text("shape", spec)


def test_a_very_narrow_table_has_its_cells_below_the_names() -> None:
    lines = text("compare", samples.CONV_WRAPPED, width=40).splitlines()
    assert "  └ Conv2d 3→16 k3" in lines
    assert "      without: ✗ RuntimeError [1]" in lines


def test_without_a_time_axis_there_is_nothing_to_compare() -> None:
    screen = text("compare", samples.spec("plain", (replace(samples.HEAD, comparison=None),)))
    assert "nothing to compare: time reaches no layer whose values can be compared" in screen


def test_a_model_without_wrappers_is_not_said_to_have_lost_them() -> None:
    screen = text("compare", samples.spec("plain", (samples.HEAD,)))
    assert "whole model: no wrappers in it, runs as it is" in screen


def test_the_time_axis_of_plain_numbers_is_named() -> None:
    screen = text("shape", samples.CONV_WRAPPED)
    assert "TimeDistributed  ×5" in screen
    assert "(T=5, 3, 16, 254, 254)" in screen


def test_the_caret_stands_under_its_text_behind_tabs_and_wide_letters() -> None:
    code, caret = text("shape", samples.UNREADABLE).splitlines()[5:7]
    assert cell_len(code[: code.index("[bold]")]) == caret.index("^")
    assert 6 == caret.count("^")


@pytest.mark.parametrize("column", [1, 40, 150, 299, 400])
def test_a_long_source_line_is_shown_around_its_caret(column: int) -> None:
    source = "".join(chr(97 + index % 26) for index in range(300))
    finding = Finding("TD003", "wrong", position=Position(1, column, 1, column + 3))
    spec = replace(samples.UNREADABLE, source=source, findings=(finding,))
    code, caret = text("shape", spec, width=60).splitlines()[5:7]
    assert len(code) <= 60
    start, end = caret.index("^"), len(caret)
    assert source[column - 1 : column + 2] == code[start:end].strip()


def test_control_characters_of_a_file_never_reach_the_terminal() -> None:
    finding = Finding("TD003", "bad \x1b[31m\u202e", position=Position(1, 2, 1, 3))
    spec = replace(samples.UNREADABLE, source="a\x1b[2Jb\x07", file="\x1b]0;x.yaml", findings=(finding,))
    assert set() == {char for char in text("shape", spec) if char < " " and char != "\n" or char == "\u202e"}


def test_markup_in_names_and_errors_stays_as_it_is() -> None:
    row = replace(samples.HEAD, name="[red]x[/red]", error="ValueError: [/] :smile: [0, 1]")
    screen = text("shape", samples.spec("markup", (row,)))
    assert "[red]x[/red]: Linear" in screen
    assert "ValueError: [/] :smile: [0, 1]" in screen


def test_a_help_that_wraps_keeps_the_yaml_it_offers() -> None:
    yaml = pytest.importorskip("yaml")
    lines = text("shape", samples.CONV_BARE, width=50).splitlines()
    start = next(index for index, line in enumerate(lines) if line.endswith("- TimeDistributed:"))
    expected = [{"TimeDistributed": [{"Conv2d": {"in_channels": 3, "out_channels": 16, "kernel_size": 3}}]}]
    assert expected == yaml.safe_load("\n".join(lines[start:]))


def test_quiet_leaves_errors_findings_and_totals() -> None:
    lines = text("shape", samples.VIDEO, samples.CONV_BARE, quiet=True).splitlines()
    assert lines[0].startswith("specs/video_classifier.yaml  output (B, T, 10)   33,622,730 parameters")
    assert any(line.startswith("✗ Conv2d (line 4): RuntimeError: Expected 3D") for line in lines)
    assert any(line.startswith("error[TD102]") for line in lines)
    assert not any("├" in line or "params" in line for line in lines)


def test_quiet_lists_clean_specs_without_empty_lines_between() -> None:
    lines = text("shape", samples.VIDEO, samples.CONV_WRAPPED, quiet=True, width=120).splitlines()
    assert 3 == len(lines)
    assert "2 specs: 2 ok" == lines[-1]


def test_files_left_out_are_told_even_for_one_spec() -> None:
    assert text("shape", samples.VIDEO, left_out=3).endswith("\n1 spec: 1 ok (3 other YAML files left out)\n")


def test_notes_are_counted_and_shown_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, "TD999", Rule("TD999", "note", "a note"))
    spec = replace(samples.VIDEO, findings=(Finding("TD999", "by the way"),))
    assert "by the way" not in text("shape", spec)
    assert "(1 note, --notes shows them)" in text("shape", spec)
    assert "note[TD999]: by the way" in text("shape", spec, notes=True)


def test_a_layer_that_raised_is_shown_at_any_depth_with_what_holds_it() -> None:
    failing = replace(samples.RELU, error="ValueError: no", output=None)
    spec = samples.spec("deep", samples.container("block", "Sequential", samples.CONV, failing, output=None))
    lines = text("shape", spec, depth=0).splitlines()
    assert any("block: Sequential" in line and "stops inside" in line for line in lines)
    assert any(line.startswith(" ✗ └ ReLU") for line in lines)
    assert not any("Conv2d" in line for line in lines)


def test_shared_weights_are_listed_once() -> None:
    screen = text("params", samples.TWO_INPUTS)
    assert 1 == screen.count("weight (8, 8)")
    assert "shares weights of block.sequential_1.linear_1" in screen


def test_keras_is_explained_where_it_counts_otherwise() -> None:
    assert "Keras counts 33,622,218, 512 fewer: torch keeps two bias vectors in LSTM, Keras one" in text(
        "params", samples.VIDEO
    )
    assert "Keras counts 136, 32 more: the running statistics of BatchNorm1d" in text("params", samples.TWO_INPUTS)
    assert "Keras" not in text("params", samples.CONV_WRAPPED)

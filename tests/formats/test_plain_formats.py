"""json, markdown and csv."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from tdinspect.domain.report import Report, SpecReport
from tdinspect.domain.trace import Comparison, Outcome
from tdinspect.formats import FORMATS, load_format
from tdinspect.formats.columns import known_columns
from tdinspect.formats.interface import RenderOptions
from tests.formats import samples

COMMANDS = ("shape", "params", "compare")
ENDINGS = {"json": "json", "markdown": "md", "csv": "csv"}
UNESCAPED_PIPE = re.compile(r"(?<!\\)\|")


def text(name: str, command: str, *specs: SpecReport, **options: object) -> str:
    return load_format(name).render(samples.report(command, *specs), RenderOptions(**options))  # type: ignore[arg-type]


def table(value: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(value, newline="")))


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ENDINGS)
def test_a_text_is_as_its_golden_file(golden: Callable[[str, str], None], name: str, command: str) -> None:
    golden(f"formats/{command}.{ENDINGS[name]}", text(name, command))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_of_the_registry_renders_a_report_without_specs(name: str) -> None:
    assert isinstance(load_format(name).render(Report("shape", ()), RenderOptions()), str)


def test_json_is_the_dictionary_of_the_report() -> None:
    for command in COMMANDS:
        assert json.loads(json.dumps(samples.report(command).to_dict())) == json.loads(text("json", command))


def test_json_stays_json_for_numbers_that_it_has_not() -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    wild = Comparison("values_differ", "bare", "x", Outcome((1,), None), Outcome((1,), None), float("inf"))
    row = replace(samples.HEAD, comparison=wild, inferred={"eps": float("nan"), "shape": (3, 4)})
    data = json.loads(text("json", "compare", samples.spec("wild", (row,))), parse_constant=refuse)
    layer = data["specs"][0]["layers"][0]
    assert "inf" == layer["comparison"]["max_abs_diff"]
    assert {"eps": "nan", "shape": [3, 4]} == layer["inferred"]


def test_json_loads_no_rich() -> None:
    code = (
        "import sys; from tdinspect.formats import load_format; from tdinspect.formats.interface import RenderOptions;"
        "from tdinspect.domain.report import Report; load_format('json').render(Report('shape', ()), RenderOptions());"
        "print(sorted({'rich', 'torch', 'typer', 'yaml'} & sys.modules.keys()))"
    )
    assert "[]\n" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_row_of_a_markdown_table_has_as_many_cells_as_its_head(command: str) -> None:
    blocks = re.sub(r"^```.*?^```$", "", text("markdown", command), flags=re.MULTILINE | re.DOTALL).split("\n\n")
    tables = [block.splitlines() for block in blocks if block.startswith("|")]
    assert {"shape": 4, "params": 4, "compare": 3}[command] == len(tables)
    for rows in tables:
        assert 1 == len({len(UNESCAPED_PIPE.findall(row)) for row in rows})


def test_markdown_escapes_what_would_be_markup() -> None:
    row = replace(samples.HEAD, name="a|b*c", formula="2 * 3 * `x|y`")
    written = text("markdown", "params", samples.spec("markup", (row,)))
    assert r"a\|b\*c: Linear 128→10" in written
    assert r"`` 2 * 3 * `x\|y` ``" in written


@pytest.mark.parametrize("command", COMMANDS)
def test_a_csv_has_the_file_first_and_one_row_per_layer(command: str) -> None:
    head, *rows = table(text("csv", command))
    layers = [(spec.file, row.name) for spec in samples.SPECS for row in spec.layers]
    assert ["file", "layer", "type"] == head[:3]
    assert layers == [(row[0], row[1]) for row in rows if row[1]]
    assert {len(head)} == {len(row) for row in rows}


def test_a_csv_ends_its_lines_as_the_standard_says() -> None:
    assert 0 == len(re.findall(r"(?<!\r)\n", text("csv", "shape", samples.VIDEO)))


def test_a_spec_that_could_not_be_read_is_not_lost_in_a_csv() -> None:
    head, *rows = table(text("csv", "shape", samples.UNREADABLE))
    errors = [row[head.index("error")] for row in rows]
    assert ["TD001 expected ',' or ']', found '[bold]'", "TD003 layers is missing"] == errors


@pytest.mark.parametrize("depth", [None, 0, 1, 2])
def test_the_leaves_of_a_csv_add_up_to_the_total(depth: int | None) -> None:
    for spec in (samples.VIDEO, samples.TWO_INPUTS):
        _, *rows = table(text("csv", "shape", spec, depth=depth, columns=("depth", "params")))
        levels = [int(row[1]) for row in rows] + [0]
        counts = [int(row[2]) for row in rows]
        assert spec.totals.params == sum(n for i, n in enumerate(counts) if levels[i + 1] <= levels[i])


@pytest.mark.parametrize("name", ["table", "markdown", "csv"])
@pytest.mark.parametrize("column", known_columns("compare"))
def test_every_column_can_be_chosen_in_every_format(name: str, column: str) -> None:
    assert column in text(name, "compare", samples.VIDEO, columns=(column,))


def test_compare_alone_has_the_columns_of_a_comparison() -> None:
    assert {"verdict", "right", "bare", "wrapped", "difference", "reason"} == set(known_columns("compare")) - set(
        known_columns("shape")
    )

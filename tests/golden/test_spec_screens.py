"""Every spec of ``specs/`` through the real pipeline: the screens at 80 columns, and what must be true of each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path

import pytest
from rich.cells import cell_len

from tdinspect.domain.report import Command, Report
from tdinspect.formats.columns import COLUMNS
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.table import render
from tdinspect.pipeline import Request, Source, execute
from tests.architectures import images, sequences

SPECS = Path(__file__).parents[2] / "specs"
FILES = sorted(path for path in SPECS.rglob("*.y*ml"))
COMMANDS: tuple[Command, ...] = ("shape", "params", "compare", "axes")
WIDTH = 80

# `compare` runs every layer on values, both ways: of the real architectures that takes many seconds each.
COMPARED = [file for file in FILES if file.stem not in {*images.ARCHITECTURES, *sequences.ARCHITECTURES}]
SCREENS = [(file, command) for file in FILES for command in COMMANDS if command != "compare" or file in COMPARED]

every_screen = pytest.mark.parametrize(("file", "command"), SCREENS, ids=lambda part: getattr(part, "stem", part))
every_spec = pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)


@cache
def report(file: Path, command: Command) -> Report:
    source = Source(f"specs/{file.relative_to(SPECS).as_posix()}", file.read_bytes())
    return execute(Request(command, (source,)))


@cache
def screen(file: Path, command: Command) -> str:
    return render(report(file, command), RenderOptions(width=WIDTH))


@dataclass(frozen=True)
class Counted:
    """A row as it stands on a screen: where its name starts, its count, and how many copies it is there for."""

    level: int
    count: int
    copies: int


def counted_rows(text: str) -> list[Counted]:
    """The rows with a number that ends under the title ``params``."""
    lines = text.splitlines()
    head = next(index for index, line in enumerate(lines) if re.match(r" +layer +.*\bparams\b", line))
    end = lines[head].index("params") + len("params")
    rows = []
    for line in lines[head + 1 : lines.index("", head)]:
        match = re.match(r"(?P<guide>[ │├└✗]*).*  (?:(?P<copies>[\d,]+) × )?(?P<count>[\d,]+|·)$", line[:end])
        if match and len(line) >= end and not line[end : end + 1].strip():
            count = int(match["count"].replace(",", "").replace("·", "0"))
            copies = int((match["copies"] or "1").replace(",", ""))
            rows.append(Counted(len(match["guide"]), count, copies))
    return rows


def inside(rows: list[Counted], level: int) -> list[Counted]:
    """The outermost of these rows that come before one that stands no deeper than ``level``."""
    held = list(takewhile(lambda row: row.level > level, rows))
    return [row for row in held if row.level == min(each.level for each in held)]


def summed(rows: list[Counted]) -> int:
    """Their counts, every copy's."""
    return sum(row.count * row.copies for row in rows)


@every_screen
def test_a_screen_is_as_its_golden_file(golden: Callable[[str, str], None], file: Path, command: Command) -> None:
    golden(f"specs/{file.stem}.{command}.txt", screen(file, command))


@every_screen
def test_no_line_is_wider_than_the_screen(file: Path, command: Command) -> None:
    assert [] == [line for line in screen(file, command).splitlines() if cell_len(line) > WIDTH]


@pytest.mark.parametrize("command", ["shape", "params"])
@every_spec
def test_the_rows_of_a_screen_add_up_to_its_total(file: Path, command: Command) -> None:
    (spec,) = report(file, command).specs
    if not spec.ok:
        pytest.skip("a model that fails has no total")
    rows = counted_rows(screen(file, command))
    assert spec.totals.params == summed(inside(rows, -1))
    # Below a container its parts; below a layer, in `params`, its tensors.
    held = [(row, inside(rows[index + 1 :], row.level)) for index, row in enumerate(rows)]
    assert [] == [row for row, parts in held if parts and row.count != summed(parts)]
    total = spec.totals.params
    assert (f"{total:,} parameter" if total else "no parameters") in screen(file, command)


@every_spec
def test_the_percents_of_the_leaves_add_up_to_100(file: Path) -> None:
    (spec,) = report(file, "shape").specs
    (percent,) = (column for column in COLUMNS if column.name == "percent")
    parts = [percent.value(row, spec) for row in spec.layers if not row.container]
    told = [part for part in parts if isinstance(part, float)]
    assert (len(parts) if spec.totals.params else 0) == len(told)
    assert pytest.approx(100 if told else 0) == sum(told)


@every_spec
def test_every_row_stands_on_the_screen_once_unfolded(file: Path) -> None:
    (spec,) = report(file, "shape").specs
    shown = counted_rows(render(report(file, "shape"), RenderOptions(width=300, unfold=True)))
    expected = [row.params for row in spec.layers if not row.error and row.output]
    assert expected == [row.count for row in shown][: len(expected)]


@pytest.mark.parametrize("file", COMPARED, ids=lambda path: path.stem)
def test_every_error_of_a_comparison_is_quoted_below_it(file: Path) -> None:
    grid, _, below = screen(file, "compare").partition("\n\n[1] ")
    used = set(re.findall(r"Error \[(\d+)\]", grid))
    quoted = set(re.findall(r"^\[(\d+)\] ", f"[1] {below}", re.MULTILINE)) if below else set()
    assert used == quoted


def test_every_golden_screen_belongs_to_a_spec() -> None:
    expected = {f"{file.stem}.{command}.txt" for file, command in SCREENS}
    assert expected == {path.name for path in (Path(__file__).parent / "specs").iterdir()}

"""Every spec of ``specs/`` through the real pipeline: the screens at 80 columns, and what must be true of each."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from rich.cells import cell_len

from tdinspect.domain.report import Command, Report
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


def counted_rows(text: str) -> list[tuple[int, int]]:
    """How deep each row stands and the number that ends under the title ``params``."""
    lines = text.splitlines()
    head = next(index for index, line in enumerate(lines) if re.match(r" +layer +.*\bparams\b", line))
    end = lines[head].index("params") + len("params")
    rows = []
    for line in lines[head + 1 : lines.index("", head)]:
        match = re.match(r"(?P<guide>[ │├└✗]*).*  (?P<count>[\d,]+|·)$", line[:end])
        if match and len(line) >= end and not line[end : end + 1].strip():
            rows.append((len(match["guide"]), int(match["count"].replace(",", "").replace("·", "0"))))
    return rows


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
    levels = [level for level, _ in rows] + [0]
    total = sum(count for index, (level, count) in enumerate(rows) if levels[index + 1] <= level)
    assert len(rows) >= len(spec.layers)
    assert spec.totals.params == total
    assert (f"{total:,} parameter" if total else "no parameters") in screen(file, command)


@pytest.mark.parametrize("file", COMPARED, ids=lambda path: path.stem)
def test_every_error_of_a_comparison_is_quoted_below_it(file: Path) -> None:
    grid, _, below = screen(file, "compare").partition("\n\n[1] ")
    used = set(re.findall(r"Error \[(\d+)\]", grid))
    quoted = set(re.findall(r"^\[(\d+)\] ", f"[1] {below}", re.MULTILINE)) if below else set()
    assert used == quoted


def test_every_golden_screen_belongs_to_a_spec() -> None:
    expected = {f"{file.stem}.{command}.txt" for file, command in SCREENS}
    assert expected == {path.name for path in (Path(__file__).parent / "specs").iterdir()}

"""``--columns``: what each holds, through the real pipeline; and the document that lists them."""

from __future__ import annotations

import csv
import io
import re
from functools import cache
from pathlib import Path

import pytest

from tdinspect.domain.report import Command, Report
from tdinspect.formats import load_format
from tdinspect.formats.columns import known_columns
from tdinspect.formats.interface import RenderOptions
from tdinspect.pipeline import Request, Source, execute

DOCUMENT = Path(__file__).parents[2] / "docs" / "columns.md"
COMMANDS: tuple[Command, ...] = ("shape", "params", "compare", "axes")

FRAMES = b"""
input: [B, T, 3, 16, 16]
sizes: {T: 4}
time_axis: T
layers:
  - TimeDistributed:
    - Conv2d: {out_channels: 8, kernel_size: [3, 5], padding: same}
      name: first
    - Conv2d: {out_channels: 8, kernel_size: 3, padding: 1, groups: 8}
      name: depthwise
      trainable: false
    - share: depthwise
      name: again
    - max_pool2d: 2
    - MaxPool2d: {kernel_size: 3, stride: 1, padding: 1}
      name: pool
    - Unfold: {kernel_size: 2}
      name: windows
    - Flatten
  - Linear: 6
  - transpose: {dim0: 1, dim1: 2}
  - Conv1d: {out_channels: 6, kernel_size: 2}
    name: along
    repeat: 2
"""
SAMPLE = b"""
input: [3, 16, 16]
batch_axis: none
layers:
  - Conv2d: {out_channels: 2, kernel_size: 5}
  - AvgPool3d: 2
  - ReLU
"""
FAILING = b"""
input: [B, 3, 4, 4]
layers:
  - ReLU
  - Conv2d: {out_channels: 2, kernel_size: 7}
"""
UNBUILT = b"""
input: [B, T, 6]
time_axis: T
layers:
  - Conv1d: {out_channels: 4, kernel_size: 2}
"""


@cache
def report(command: Command = "shape") -> Report:
    sources = (Source("a.yaml", FRAMES), Source("b.yaml", SAMPLE), Source("c.yaml", FAILING), Source("d.yaml", UNBUILT))
    return execute(Request(command, sources))


def rows(*columns: str, command: Command = "shape") -> list[dict[str, str]]:
    """The rows of the CSV, of all four specs."""
    text = load_format("csv").render(report(command), RenderOptions(columns=columns or None))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_kernel_reads_as_a_person_writes_it() -> None:
    kernels = [(row["name"].rpartition(".")[2], row["kernel"]) for row in rows("name", "kernel") if row["kernel"]]
    assert [
        ("first", "3x5"), ("depthwise", "3x3"), ("again", "3x3"), ("max_pool2d_1", "2x2"), ("pool", "3x3"),
        ("windows", "2x2"), ("0", "2"), ("1", "2"),
        ("conv2d_1", "5x5"), ("avgpool3d_1", "2x2x2"),
        ("conv2d_1", "7x7"),
        ("conv1d_1", "2"),
    ] == kernels  # fmt: skip


def test_the_parts_of_the_parameters_add_up_in_every_row() -> None:
    for row in rows("name", "params", "trainable", "frozen"):
        assert int(row["params"]) == int(row["trainable"]) + int(row["frozen"])
    frozen = {row["name"]: int(row["frozen"]) for row in rows("name", "frozen")}
    assert 80 == frozen["timedistributed_1"] == frozen["timedistributed_1.depthwise"]
    assert 0 == frozen["timedistributed_1.again"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_number_of_a_csv_is_bare(command: Command) -> None:
    numbers = [name for name, column in known_columns(command).items() if column.number]
    for row in rows(command=command):
        assert all(float(row[name]) >= 0 for name in numbers if row[name])


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("form", ["table", "markdown"])
def test_all_columns_at_once_can_be_read_at_any_width(command: Command, form: str) -> None:
    for width in (40, 80, 200):
        options = RenderOptions(columns=tuple(known_columns(command)), width=width)
        assert "depthwise" in load_format(form).render(report(command), options)


def test_bytes_have_binary_units_and_counts_decimal_ones_where_a_person_reads() -> None:
    options = RenderOptions(columns=("layer", "bytes", "activations", "macs"), width=100)
    lines = load_format("table").render(report(), options).splitlines()
    (first,) = (re.split(" {2,}", line.strip()) for line in lines if "first:" in line)
    # 8*3*3*5 + 8 float32; 2*4 frames of 8*16*16 float32; 45 products for each of these numbers.
    assert ["1.4 KiB", "64.0 KiB", "737.3 k"] == first[1:4]


def test_a_small_part_never_reads_as_nothing() -> None:
    spec = b"input: [B, 3, 1]\nlayers: [Conv1d: {out_channels: 1, kernel_size: 1}, Flatten, Linear: 9999]"
    small = execute(Request("shape", (Source("x.yaml", spec),)))
    text = load_format("table").render(small, RenderOptions(columns=("type", "percent")))
    assert ["<0.1 %", "·", "100.0 %"] == [re.split(" {2,}", line.strip())[1] for line in text.splitlines()[4:7]]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_document_lists_every_column(command: Command) -> None:
    table = re.findall(r"^\| (`.+?`) \|(.*)\|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    only = {name: re.search(r"`(\w+)` only", text) for names, text in table for name in re.findall("`(.+?)`", names)}
    listed = {name for name, limit in only.items() if limit is None or limit[1] == command}
    assert set(known_columns(command)) == listed

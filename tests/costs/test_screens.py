"""Costs as people read them, and as other programs do; budgets of ``expect``."""

from __future__ import annotations

import pytest

from tdinspect.domain.cost import UNKNOWN, Cost, added
from tdinspect.domain.report import Report
from tdinspect.formats import csv, table
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.words import macs_text, scaled
from tdinspect.pipeline import Request, Source, execute
from tests.costs.specs import reported

TEXT = "input: [B, T, 6]\nsizes: {B: 2, T: 5000}\ntime_axis: T\nlayers:\n  - Linear: 10\n  - ReLU\n"


@pytest.mark.parametrize(
    ("expected", "number"),
    [("·", 0), ("625", 625), ("999", 999), ("1.0 k", 1000), ("1.0 M", 999_960), ("56.6 M", 56_623_104)]
    + [("4.1 G", 4_089_184_256), ("3.1 T", 3_100_000_000_000), ("2,000.0 P", 2 * 10**18)],
)
def test_a_big_number_has_a_unit(expected: str, number: int) -> None:
    assert expected == scaled(number)


def test_a_part_and_nothing_known_are_told_apart_from_none() -> None:
    assert ["·", "?", "≥ 1.5 k"] == [
        macs_text(0, "complete"),
        macs_text(None, "unavailable"),
        macs_text(1500, "partial"),
    ]


def test_sums_never_hide_what_is_not_known() -> None:
    assert Cost(3, "complete", 8) == added([Cost(1, "complete", 4), Cost(2, "complete", 4)])
    assert Cost(1, "partial", None) == added([Cost(1, "complete", 4), UNKNOWN])
    assert Cost(None, "unavailable", None) == added([Cost(0, "complete", 4), UNKNOWN])
    assert Cost(0, "complete", 0) == added([])


def test_the_columns_have_units_on_the_screen_and_bare_numbers_in_csv() -> None:
    report = Report("shape", (reported(TEXT),))
    options = RenderOptions(columns=("type", "macs", "activations"))
    lines = [line.split() for line in table.render(report, options).splitlines()]
    assert ["Linear", "600.0", "k", "390.6", "KiB"] in lines
    assert ["ReLU", "·", "390.6", "KiB"] in lines
    assert "model.yaml,Linear,600000,400000" in csv.render(report, options).splitlines()


def test_the_last_line_has_the_total() -> None:
    assert "600.0 k macs" in table.render(Report("shape", (reported(TEXT),)), RenderOptions(width=200))


@pytest.mark.parametrize(
    ("expected", "bound"),
    [
        ([], "600_000"),
        ([], "{max: 1M}"),
        (["macs is 600,000, above 500,000"], "{max: 500k}"),
        (["macs is 600,000, below 1,000,000"], "{min: 1M}"),
    ],
)
def test_a_budget_is_held_to_the_total(expected: list[str], bound: str) -> None:
    assert expected == _broken(TEXT + f"expect: {{macs: {bound}, activation_bytes: 800_000}}\n")


def test_a_budget_is_not_held_to_a_part() -> None:
    text = (
        "input: [B, 8]\nlayers:\n  - Linear: 8\n  - {select: {dim: 1, index: 0}}\n  - {to: int64, name: target}\n"
        "  - {AdaptiveLogSoftmaxWithLoss: {in_features: 8, n_classes: 6, cutoffs: [2]}, from: [linear_1, target]}\n"
    )
    assert "partial" == reported(text).totals.macs_status
    expected = ["macs cannot be told of this model, so nothing holds it to what is expected"]
    assert expected == _broken(text + "expect: {macs: {max: 1M}}\n")


def _broken(text: str) -> list[str]:
    report = execute(Request("check", (Source("model.yaml", text),)))
    return [finding.message for finding in report.specs[0].findings if finding.code == "TD301"]

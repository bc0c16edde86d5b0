"""Reports as JSON and back."""

from __future__ import annotations

import json

import pytest

from tdinspect.domain.finding import Finding
from tdinspect.domain.location import Position
from tdinspect.domain.report import SpecReport
from tdinspect.gate.codec import decode, encode
from tests.formats import samples

FINDING = Finding(
    "TD102", "Grüße", ("layers", 0), True, "help", Position(1, 2, 3, 4), (("a",),), (Position(1, 1, 1, 1),), "note"
)


@pytest.mark.parametrize("report", [samples.VIDEO, samples.CONV_BARE], ids=lambda report: report.name)
def test_a_report_comes_back_as_it_was(report: SpecReport) -> None:
    assert report == decode(SpecReport, json.loads(json.dumps(encode(report))))


def test_a_finding_comes_back_with_all_its_places() -> None:
    assert (FINDING,) == decode(tuple[Finding, ...], json.loads(json.dumps(encode((FINDING,)))))


def test_what_json_has_not_is_refused() -> None:
    with pytest.raises(TypeError, match="complex has no place in the cache"):
        encode((1, 2j))
    with pytest.raises(TypeError, match="a key must be a text"):
        encode({1: 2})


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        [],
        ["TD102"],
        ["TD999", "no such rule", [], False, None, None, [], [], None],
        ["TD102", 5, [], False, None, None, [], [], None],
        ["TD102", "text", [1.5], False, None, None, [], [], None],
        ["TD102", "text", [], False, None, [1, 2, 3], [], [], None],
        ["TD102", "text", [], False, None, None, [], [], "fatal"],
        ["TD102", "text", [], 1, None, None, [], [], None],
    ],
)
def test_anything_but_a_finding_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        decode(Finding, value)

"""``compare``: every layer without and with TimeDistributed, which side is right, and the exact errors."""

from __future__ import annotations

from collections.abc import Iterator

from tdinspect.domain.location import render_path
from tdinspect.domain.report import Shape, SpecReport
from tdinspect.domain.trace import Comparison, FirstFailure, Outcome
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.rows import TreeRow, tree
from tdinspect.formats.screen.header import header
from tdinspect.formats.screen.model import Grid, GridRow, Screen
from tdinspect.formats.spans import Line, Spans, Style, join, line, span
from tdinspect.formats.words import NONE, label, place, shape_spans

_RIGHT = {
    "either": "wrapper changes nothing",
    "wrapped": "needs the wrapper",
    "bare": "right without the wrapper",
    "neither": "wrong on both sides",
}


def compare_screen(spec: SpecReport, options: RenderOptions) -> Screen:
    """The screen of one spec that has rows."""
    if spec.ok and not any(row.comparison for row in spec.layers):
        return Screen(
            spec,
            header(spec),
            None,
            (line(span("nothing to compare: time reaches no layer whose values can be compared")),),
        )
    items = tree(spec.layers, options.depth, unfold=options.unfold)
    numbers = _number_errors(items)
    rows = tuple(_row(item, numbers) for item in items)
    grid = Grid(("layer", "without", "with TimeDistributed"), (False, False, False), rows, "verdict")
    foot = [
        line(span(f"[{number}] ") + span(error, "error"), hang=len(str(number)) + 3)
        for error, number in numbers.items()
    ]
    return Screen(spec, header(spec), grid, (*foot, *_whole_model(spec, numbers)))


def _number_errors(items: list[TreeRow]) -> dict[str, int]:
    """Each different error text once, numbered in the order of the rows."""
    numbers: dict[str, int] = {}
    for item in items:
        for comparison in _modes(item.row.comparison):
            for outcome in (comparison.bare, comparison.wrapped):
                if outcome.error is not None:
                    numbers.setdefault(outcome.error, len(numbers) + 1)
    return numbers


def _modes(comparison: Comparison | None) -> Iterator[Comparison]:
    if comparison is not None:
        yield comparison
        yield from _modes(comparison.train)


def _row(item: TreeRow, numbers: dict[str, int]) -> GridRow:
    row, comparison = item.row, item.row.comparison
    name = label(row, item.parent)
    if comparison is None:
        if row.error:
            return GridRow((name, (), ()), item.guide, item.rest, error=span(row.error, "error"), failed=True)
        nothing = () if row.container else span(NONE)
        return GridRow((name, nothing, nothing), item.guide, item.rest)
    cells = (name, _outcome(comparison.bare, numbers), _wrapped(comparison, numbers))
    return GridRow(cells, item.guide, item.rest, note=_verdict(comparison), failed=bool(row.error))


def _outcome(outcome: Outcome, numbers: dict[str, int]) -> Spans:
    if outcome.error is not None:
        kind = outcome.error.partition(":")[0]
        return span("✗ ", "error") + span(f"{kind} [{numbers[outcome.error]}]")
    if outcome.shape is None:
        return span(NONE)
    symbols = outcome.symbols or tuple(str(size) for size in outcome.shape)
    return shape_spans(Shape(outcome.shape, symbols, time=outcome.time))


def _wrapped(comparison: Comparison, numbers: dict[str, int]) -> Spans:
    if comparison.verdict == "same":
        return span("the same values")
    if comparison.verdict == "values_differ":
        return span(_difference(comparison))
    return _outcome(comparison.wrapped, numbers)


def _difference(comparison: Comparison) -> str:
    by = comparison.max_abs_diff
    return "other values" if by is None else f"other values, by {by:.2g}"


def _verdict(comparison: Comparison) -> Spans:
    words, style = _RIGHT[comparison.right], _style(comparison)
    if words in comparison.reason:
        verdict = span(comparison.reason, style)
    else:
        verdict = join([span(words, style), span(comparison.reason)], ": ")
    if comparison.train is None:
        return verdict
    return join([verdict, span("in train mode ") + _verdict(comparison.train)], "; ")


def _style(comparison: Comparison) -> Style:
    return "good" if comparison.right == "either" else "strong"


def _whole_model(spec: SpecReport, numbers: dict[str, int]) -> Iterator[Line]:
    start = "whole model without wrappers: "
    failure = spec.unwrapped_failure
    if failure is None:
        wrapped = any(row.container and row.type == "TimeDistributed" for row in spec.layers)
        if spec.ok:
            yield line(span(f"{start}runs" if wrapped else "whole model: no wrappers in it, runs as it is", "strong"))
        return
    words = span(start, "strong") + span(f"stops at {_place_of(spec, failure)}")
    if failure.error in numbers:  # the text stands above, once
        yield line(words + span(f" with [{numbers[failure.error]}]"))
    elif any(row.error == failure.error for row in spec.layers):
        yield line(words + span(", as above"))
    else:
        yield line(words + span(": ") + span(failure.error, "error"))


def _place_of(spec: SpecReport, failure: FirstFailure) -> str:
    row = next((row for row in spec.layers if row.path == render_path(failure.path)), None)
    return failure.type if row is None else place(row)

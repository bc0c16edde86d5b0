"""``axes``: what each layer does to time and the batch, and which output step of the model sees which input step."""

from __future__ import annotations

from collections.abc import Iterator

from tdinspect.domain.effect import ModelAxes, chart
from tdinspect.domain.report import SpecReport
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.rows import TreeRow, tree
from tdinspect.formats.screen.header import header
from tdinspect.formats.screen.model import Grid, GridRow, Screen
from tdinspect.formats.spans import Line, Spans, Style, line, span
from tdinspect.formats.words import NONE, label

_TALL = 64  # output steps up to which a chart can be read
_STYLES: dict[str, Style] = {"per_step": "", "independent": "", "mixes": "strong", "gone": "dim", "constant": "strong"}


def axes_screen(spec: SpecReport, options: RenderOptions) -> Screen:
    """The screen of one spec that has rows."""
    if spec.ok and spec.axes is None and all(row.axes is None for row in spec.layers):
        return Screen(spec, header(spec), None, (line(span("the model has no time axis and no batch axis")),))
    rows = tuple(map(_row, tree(spec.layers, options.depth, unfold=options.unfold)))
    if spec.axes is not None:
        rows = (*rows, GridRow((span("model", "strong"), *_words(spec.axes.time, spec.axes.batch))))
    grid = Grid(("layer", "time", "batch"), (False, False, False), rows)
    foot = () if spec.axes is None else (*_receptive_field(spec.axes), *_chart(spec.axes, options.width))
    return Screen(spec, header(spec), grid, tuple(foot))


def _row(item: TreeRow) -> GridRow:
    row, name = item.row, label(item.row, item.parent)
    if row.error:
        return GridRow((name, (), ()), item.guide, item.rest, error=span(row.error, "error"), failed=True)
    if row.container:
        return GridRow((name, (), ()), item.guide, item.rest)
    words = (span(NONE), span(NONE)) if row.axes is None else _words(row.axes.time, row.axes.batch)
    return GridRow((name, *words), item.guide, item.rest)


def _words(time: str | None, batch: str | None) -> tuple[Spans, Spans]:
    return _word(time), _word(batch)


def _word(word: str | None) -> Spans:
    return span(NONE) if word is None else span(word.replace("_", " "), _STYLES.get(word, ""))


def _receptive_field(axes: ModelAxes) -> Iterator[Line]:
    if axes.receptive_field is not None:
        steps = "1 step" if axes.receptive_field == 1 else f"{axes.receptive_field:,} steps"
        yield line(span(f"receptive field in time: {steps}"))


def _chart(axes: ModelAxes, width: int) -> Iterator[Line]:
    """The steps that go in from left to right, those that come out from top to bottom; cells close up to fit."""
    if not axes.rows:
        return
    label = len(f"out {len(axes.rows) - 1} ")
    cell = len(str(axes.steps - 1)) + 1
    if label + cell * axes.steps > width:
        cell = 1
    if label + cell * axes.steps > width or len(axes.rows) > _TALL:
        yield line(span(f"which output step sees which input step: {axes.steps} steps are too many to draw (see json)"))
        return
    yield line(span("which output step sees which input step"))
    yield line(span("in".ljust(label)) + span(_numbers(axes.steps, cell), "time"))
    for u, row in enumerate(chart(axes.rows, axes.steps)):
        number = str(u) if axes.time != "gone" else ""
        start = "out " if u == 0 else "    "
        marks = "".join(("■" if seen else "·").rjust(cell) for seen in row)
        yield line(span(start) + span(number.rjust(label - 5), "time") + span(f" {marks}"))


def _numbers(steps: int, cell: int) -> str:
    """Above every cell its step; above cells without room every tenth."""
    if cell > 1:
        return "".join(str(t).rjust(cell) for t in range(steps))
    return "".join(str(t).ljust(10) for t in range(0, steps, 10)).rstrip()

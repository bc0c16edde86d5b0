"""What ``import`` shows: each layer as the Keras file has it beside what the spec made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tdinspect.domain.report import SpecReport
from tdinspect.formats.frames import frame
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.screen.model import Grid, GridRow
from tdinspect.formats.spans import Line, Spans, Style, line, span
from tdinspect.formats.table import Paper
from tdinspect.formats.table.grid import grid_lines
from tdinspect.formats.words import counted, enumerated, grouped
from tdinspect.keras.compare import Compared, Side


def render_import(spec: SpecReport, seen: Compared | None, options: RenderOptions) -> str:
    """The two columns, the totals with the reasons why they differ, and the findings of ``spec``.

    ``seen`` is None where nothing could be carried over: the findings alone are shown then.
    """
    paper = Paper(options)
    blocks = []
    if seen is not None and not options.quiet:
        blocks.append(paper.wrapper.line(line(span(spec.name, "strong"), span(spec.file, "dim"), gap=2)))
        blocks.append(grid_lines(_grid(seen), paper.wrapper))
        blocks.append([text for part in _foot(seen) for text in paper.wrapper.line(part)])
    for finding in spec.findings:
        lines = frame(finding, spec, paper.wrapper.width, beside_rows=False)
        blocks.append([text for part in lines for text in paper.wrapper.line(part)])
    return paper.printed(blocks)


def _grid(seen: Compared) -> Grid:
    titles = ("keras layer", "keras output", "spec output", "keras params", "torch params")
    return Grid(titles, (False, False, False, True, True), tuple(_row(side) for side in seen.sides))


def _row(side: Side) -> GridRow:
    guide = "  " * side.depth
    name = span(side.name.rpartition("/")[2]) + span(f" ({side.type})", "dim")
    style: Style = "dim" if side.container else ""
    torch = "not a step of its own" if side.torch_shape is None else _shape(side.torch_shape)
    cells: tuple[Spans, ...] = (
        name,
        span(_shape(side.keras_shape)),
        span(torch, "" if side.torch_shape else "dim"),
        span(grouped(side.keras_params), style),
        span(grouped(side.torch_params), style),
    )
    return GridRow(cells, guide, guide, note=_note(side), failed=side.wrong is not None)


def _shape(sizes: Sequence[object]) -> str:
    return f"({', '.join(str(size) for size in sizes)}{',' * (len(sizes) == 1)})"


def _note(side: Side) -> Spans:
    if side.wrong is not None:
        return span(side.wrong, "error")
    return span("the same layer again") if side.shared and not side.container else span(side.why or "")


def _foot(seen: Compared) -> Iterator[Line]:
    rest = seen.keras_params - seen.keras_trainable
    keras = f"Keras counts {seen.keras_params:,}" + (f" ({rest:,} not trained)" if rest else "")
    yield line(span(keras), span(f"torch {seen.torch_params:,}" + _because(seen)))
    wrong = [side for side in seen.sides if side.wrong]
    if wrong:
        yield line(span(f"{counted(len(wrong), 'layer')} of {len(seen.sides)}: the two sides do not agree", "error"))
    else:
        yield line(span(f"{counted(len(seen.sides), 'layer')}: shapes and counts agree on both sides", "good"))


def _because(seen: Compared) -> str:
    """Why the totals differ, each reason once."""
    parts = [part for side in seen.sides for part in (side.why or "").split("; ") if part]
    reasons = list(dict.fromkeys(part.rpartition(" (")[0] for part in parts))
    return f": {enumerated(reasons)}" if reasons and seen.keras_params != seen.torch_params else ""

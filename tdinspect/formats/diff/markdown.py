"""A diff for a pull request: a table for each spec, and sentences."""

from __future__ import annotations

from tdinspect.analysis.diff import Diff
from tdinspect.formats.diff.screen import DiffScreen, diff_screens, summary
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.marks import code, escaped, table_row
from tdinspect.formats.screen.model import Grid, GridRow
from tdinspect.formats.spans import Line, Spans


def render(diff: Diff, options: RenderOptions) -> str:
    """The summary, then a heading, the new findings, the table and the sentences of each spec."""
    parts = [_screen(screen) for screen in diff_screens(diff, options.notes)]
    head = _spans(summary(diff))
    return "\n\n".join([*([f"{head}."] if head else []), *parts]) + "\n"


def _screen(screen: DiffScreen) -> str:
    blocks = [f"### {_spans(screen.title)}"]
    if screen.findings:
        blocks.append("\n".join(f"- {_line(text)}" for text in screen.findings))
    if screen.grid is not None:
        blocks.append(_table(screen.grid))
    blocks += [_line(text) for text in screen.foot]
    return "\n\n".join(blocks)


def _table(grid: Grid) -> str:
    rows = [table_row([escaped(title) for title in grid.titles]), table_row(["---" for _ in grid.titles])]
    return "\n".join(rows + [table_row(_cells(row)) for row in grid.rows])


def _cells(row: GridRow) -> list[str]:
    first, *others = [_spans(cell) for cell in row.cells]
    return [row.guide.lstrip() + first, *others]


def _line(text: Line) -> str:
    return ", ".join(_spans(piece) for piece in text.pieces)


def _spans(spans: Spans) -> str:
    """Names and error texts as code, so that no sign in them is read as Markdown; what is strong is bold."""
    written = ""
    for text, style in spans:
        if style == "code" or (style == "error" and ":" in text):
            written += code(text)
        else:
            written += f"**{escaped(text)}**" if style in ("strong", "error") else escaped(text)
    return written

"""The screens as Markdown tables, for a README or a pull request."""

from __future__ import annotations

from tdinspect.domain.report import Report
from tdinspect.formats.frames import frame
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.marks import code, escaped, fenced, table_row
from tdinspect.formats.screen import screens
from tdinspect.formats.screen.model import Grid, GridRow, Screen
from tdinspect.formats.spans import Line, Spans, plain_line
from tdinspect.formats.words import shown_findings, summary_text

_FRAME_WIDTH = 100


def render(report: Report, options: RenderOptions) -> str:
    """A heading, a table, the totals and the findings for each spec."""
    parts = ["\n\n".join(_screen(screen, options)) for screen in screens(report, options)]
    summary = summary_text(report, options.left_out, options.notes)
    blocks = [part for part in [*parts, escaped(summary)] if part]
    return "\n\n".join(blocks) + "\n" if blocks else ""


def _screen(screen: Screen, options: RenderOptions) -> list[str]:
    blocks: list[str] = []
    if screen.head:
        blocks.append(f"## {escaped(screen.spec.name)}\n\n{code(screen.spec.file)}")
        blocks += [_line(text) for text in screen.head[1:]]
    if screen.grid is not None:
        blocks.append(_table(screen.grid))
    blocks += [_line(text) for text in screen.foot]
    return blocks + _findings(screen, options)


def _table(grid: Grid) -> str:
    noted = any(row.note or row.error for row in grid.rows)
    titles = [*grid.titles, *([grid.note_title or "notes"] if noted else [])]
    numbers = [*grid.numbers, *([False] if noted else [])]
    lines = [table_row([escaped(title) for title in titles]), table_row(["---:" if n else "---" for n in numbers])]
    return "\n".join(lines + [table_row(_cells(row, noted)) for row in grid.rows])


def _cells(row: GridRow, noted: bool) -> list[str]:
    first, *others = [_spans(cell) for cell in row.cells]
    mark = "✗ " if row.failed else ""
    guide = row.guide.replace(" ", "\u00a0")  # Markdown drops plain spaces at the start of a cell
    cells = [mark + guide + first, *others]
    return cells + ([_spans(row.error or row.note)] if noted else [])


def _line(text: Line) -> str:
    return " · ".join(_spans(piece) for piece in text.pieces)


def _spans(spans: Spans) -> str:
    """Formulas and error texts as code, so that no sign in them is read as Markdown."""
    written = ""
    for text, style in spans:
        literal = style == "code" or (style == "error" and ":" in text)
        written += code(text) if literal and text.strip() else escaped(text)
    return written


def _findings(screen: Screen, options: RenderOptions) -> list[str]:
    blocks = []
    beside_rows = screen.grid is not None or options.quiet
    for finding in shown_findings(screen.spec, options.notes):
        body = "\n".join(plain_line(text) for text in frame(finding, screen.spec, _FRAME_WIDTH, beside_rows))
        blocks.append(fenced(body))
    return blocks

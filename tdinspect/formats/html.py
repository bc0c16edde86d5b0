"""The screens as HTML tables, for a notebook: no script, no style sheet, nothing fetched."""

from __future__ import annotations

from html import escape

from tdinspect.domain.report import Report, SpecReport
from tdinspect.formats.frames import frame
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.screen import screens
from tdinspect.formats.screen.model import Grid, GridRow, Screen
from tdinspect.formats.spans import Line, Spans, plain_line, visible
from tdinspect.formats.words import shown_findings, summary_text

_STYLES = {
    "strong": "font-weight:bold",
    "dim": "opacity:.65",
    "time": "color:#0b7285;font-weight:bold",
    "error": "color:#c92a2a",
    "good": "color:#2b8a3e",
    "code": "font-family:monospace",
}
_FRAME_WIDTH = 100


def page(report: Report, options: RenderOptions) -> str:
    """A table, the totals and the findings for each spec."""
    parts = [_screen(screen, options) for screen in screens(report, options)]
    summary = summary_text(report, options.left_out, options.notes)
    return "\n".join([*parts, *([f"<p>{_text(summary)}</p>"] if summary else [])]) + "\n"


def _screen(screen: Screen, options: RenderOptions) -> str:
    blocks = [_line(part) for part in screen.head]
    if screen.grid is not None:
        blocks.append(_table(screen.grid))
    blocks += [_line(part) for part in screen.foot]
    return "\n".join(["<div>", *blocks, *_findings(screen.spec, options), "</div>"])


def _table(grid: Grid) -> str:
    noted = any(row.note or row.error for row in grid.rows)
    titles = [*grid.titles, *([grid.note_title or "notes"] if noted else [])]
    numbers = [*grid.numbers, *([False] if noted else [])]
    head = "".join(_cell("th", _text(title), number) for title, number in zip(titles, numbers, strict=True))
    return "\n".join(["<table>", f"<tr>{head}</tr>", *(_row(row, numbers, noted) for row in grid.rows), "</table>"])


def _row(row: GridRow, numbers: list[bool], noted: bool) -> str:
    first, *others = [_spans(cell) for cell in row.cells]
    mark = "✗ " if row.failed else ""
    cells = [f"{_text(mark + row.guide)}{first}", *others, *([_spans(row.error or row.note)] if noted else [])]
    return f"<tr>{''.join(_cell('td', cell, number) for cell, number in zip(cells, numbers, strict=True))}</tr>"


def _cell(tag: str, content: str, number: bool) -> str:
    return f'<{tag} style="text-align:{"right" if number else "left"};white-space:pre-wrap">{content}</{tag}>'


def _line(text: Line) -> str:
    between = _text(" " * text.gap)
    return f'<div style="white-space:pre-wrap">{between.join(_spans(piece) for piece in text.pieces)}</div>'


def _spans(spans: Spans) -> str:
    return "".join(
        f'<span style="{_STYLES[style]}">{_text(text)}</span>' if style else _text(text) for text, style in spans
    )


def _text(text: str) -> str:
    return escape(visible(text))


def _findings(spec: SpecReport, options: RenderOptions) -> list[str]:
    shown = []
    for finding in shown_findings(spec, options.notes):
        lines = "\n".join(plain_line(text) for text in frame(finding, spec, _FRAME_WIDTH))
        shown.append(f"<pre>{_text(lines)}</pre>")
    return shown

"""One row per layer of every spec, one table (RFC 4180). Numbers are bare, so that other programs can add them up."""

from __future__ import annotations

import csv
import io

from tdinspect.domain.report import Report, Shape, SpecReport
from tdinspect.formats.columns import Column, Value, known_columns
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.rows import tree
from tdinspect.formats.spans import plain
from tdinspect.formats.words import shape_spans, shown_findings, sizes_text


def render(report: Report, options: RenderOptions) -> str:
    """The header and the rows. A spec that has no rows gets one for each of its findings, with its text as the error.

    ``input`` and ``output`` hold symbols; ``output_sizes``, the last column of the full table, whole numbers.
    """
    known = known_columns(report.command)
    full = options.columns is None
    # `layer` is the full name here, so `name` would repeat it.
    columns = [known[name] for name in options.columns or [name for name in known if name != "name"]]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["file", *(column.name for column in columns), *(["output_sizes"] if full else [])])
    for spec in report.specs:
        for item in tree(spec.layers, options.depth):
            row = item.row
            sizes = [sizes_text(row.output.sizes) if row.output else ""] if full else []
            writer.writerow([spec.file, *(_text(column.value(row, spec)) for column in columns), *sizes])
        if not spec.layers:
            writer.writerows(_finding_rows(spec, columns, options, full))
    return text.getvalue()


def _finding_rows(spec: SpecReport, columns: list[Column], options: RenderOptions, full: bool) -> list[list[str]]:
    rows = []
    for finding in shown_findings(spec, options.notes):
        position = finding.position
        said = {"error": f"{finding.code} {finding.message}", "line": str(position.line) if position else ""}
        rows.append([spec.file, *(said.get(column.name, "") for column in columns), *([""] if full else [])])
    return rows


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, Shape):
        return plain(shape_spans(value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)

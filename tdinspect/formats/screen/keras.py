"""``params --keras``: the table that Keras's own ``model.summary()`` prints, for any spec.

An axis that follows a symbol is None, as Keras writes an axis that may be of any size. Counts are Keras's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tdinspect.domain.report import LayerRow, Report, Shape, SpecReport
from tdinspect.formats.frames import frame
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.spans import cell_width, plain_line, visible
from tdinspect.formats.words import shown_findings

_TITLES = ("Layer (type)", "Output Shape", "Param #")
_LEAST = 8  # characters of a column that must wrap
_UNITS = ("B", "KB", "MB", "GB", "TB")

Row = tuple[str, str, str]


def render(report: Report, options: RenderOptions) -> str:
    """One table after another, with the findings of each spec below it."""
    return "\n".join("\n".join(_spec(spec, options)) + "\n" for spec in report.specs)


def _spec(spec: SpecReport, options: RenderOptions) -> Iterator[str]:
    yield f'Model: "{visible(spec.name)}"'
    if spec.layers and not options.quiet:
        depth = 0 if options.depth is None else options.depth
        yield from _table(list(_rows(spec, depth)), options.width)
    yield from _totals(spec)
    for finding in shown_findings(spec, options.notes):
        yield ""
        yield from (plain_line(line) for line in frame(finding, spec, options.width, beside_rows=False))


def _rows(spec: SpecReport, depth: int) -> Iterator[Row]:
    """The layers down to ``depth``; inputs too where there are several, as Keras does for a functional model."""
    if len(spec.inputs) > 1:
        for name, shape in spec.inputs.items():
            yield f"{name} (InputLayer)", _shape(shape), "0"
    for row in spec.layers:
        if row.depth <= depth:
            name = row.name if depth == 0 else "  " * row.depth + row.name.rpartition(".")[2]
            yield f"{name} ({row.type})", "?" if row.output is None else _shape(row.output), f"{row.keras_params:,}"


def _shape(shape: Shape) -> str:
    parts = [
        "None" if index == shape.batch or re.search(r"[^\W\d]", symbol) else str(size)
        for index, (symbol, size) in enumerate(zip(shape.symbols, shape.sizes, strict=True))
    ]
    return f"({', '.join(parts)}{',' * (len(parts) == 1)})"


def _table(rows: Sequence[Row], width: int) -> Iterator[str]:
    """Keras's frame around the rows; what is too long wraps inside its cell."""
    widths = [max(cell_width(line) for line in (title, *(row[i] for row in rows))) for i, title in enumerate(_TITLES)]
    while sum(widths) + 10 > width and max(widths[:2]) > _LEAST:
        widest = 0 if widths[0] >= widths[1] else 1
        widths[widest] -= 1
    yield _rule("┏┳┓", "━", widths)
    yield from _cells(_TITLES, widths, "┃")
    yield _rule("┡╇┩", "━", widths)
    for index, row in enumerate(rows):
        if index:
            yield _rule("├┼┤", "─", widths)
        yield from _cells(row, widths, "│")
    yield _rule("└┴┘", "─", widths)


def _rule(corners: str, dash: str, widths: Sequence[int]) -> str:
    left, middle, right = [*corners]
    return left + middle.join(dash * (width + 2) for width in widths) + right


def _cells(row: Row, widths: Sequence[int], bar: str) -> Iterator[str]:
    columns = [_wrapped(visible(text), width) for text, width in zip(row, widths, strict=True)]
    for line in range(max(map(len, columns))):
        texts = [column[line] if line < len(column) else "" for column in columns]
        padded = [text + " " * (width - cell_width(text)) for text, width in zip(texts[:2], widths[:2], strict=True)]
        number = " " * (widths[2] - cell_width(texts[2])) + texts[2]
        yield f"{bar} {padded[0]} {bar} {padded[1]} {bar} {number} {bar}"


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines of this width, at a space where there is one; what indents it stays."""
    lines = []
    while cell_width(text) > width:
        cut = len(text)
        while cell_width(text[:cut]) > width:
            cut -= 1
        space = text.rfind(" ", len(text) - len(text.lstrip()) + 1, cut + 1)
        cut = space if space > 0 else max(cut, 1)
        lines.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*lines, text]


def _totals(spec: SpecReport) -> Iterator[str]:
    leaves = [row for row in spec.layers if not row.container]
    trained = sum(_trained(row) for row in leaves)
    total = spec.totals.keras_params
    each = spec.totals.param_bytes / spec.totals.params if spec.totals.params else 4
    for words, count in (("Total", total), ("Trainable", trained), ("Non-trainable", total - trained)):
        yield f" {words} params: {count:,} ({_size(count * each)})"


def _trained(row: LayerRow) -> int:
    """Keras's count of what is trained: its one bias of a recurrence, and no running statistics."""
    frozen = row.params - row.trainable_params
    return max(min(row.keras_params, row.params) - frozen, 0)


def _size(size: float) -> str:
    """Bytes as Keras writes them, ``11.02 KB``."""
    unit = 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.2f} {_UNITS[unit]}"

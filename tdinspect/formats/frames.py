"""Findings as code frames: the code and the sentence, the place, the line with a caret, the fix."""

from __future__ import annotations

import re
from functools import lru_cache

from tdinspect.domain.finding import Finding
from tdinspect.domain.location import Position, render_path
from tdinspect.domain.report import SpecReport
from tdinspect.formats.spans import Line, Spans, Style, cell_width, line, span, visible

SEVERITY_STYLE: dict[str, Style] = {"error": "error", "warning": "strong", "note": "dim"}
# The line ends of YAML; str.splitlines knows others, and lines would be counted differently.
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_MIN_CODE_WIDTH = 12
_WIDE = 60


def frame(finding: Finding, spec: SpecReport, width: int, beside_rows: bool = True) -> list[Line]:
    """The lines that show one finding; only the source line is fitted to ``width``, the others may be wrapped.

    Beside the rows of layers the error text stands in its row already: a message that ends with it is shown without it.
    """
    file, message = spec.file, finding.message
    for row in spec.layers if beside_rows else ():
        message = message.removesuffix(f": {row.error}")
    head = span(f"{finding.severity}[{finding.code}]", SEVERITY_STYLE[finding.severity])
    lines = [line(head + span(f": {message}", "strong"))]
    position = finding.position
    if position is None:
        where = f" at {render_path(finding.path)}" if finding.path else ""
        lines.append(line(span("  --> ", "dim") + span(file + where), hang=6))
    else:
        lines += _code(position, file, spec.source, width)
        margin = " " * len(str(position.line))
        for use in reversed(finding.use_positions):  # out of the block, the innermost use first
            where = f"{file}:{use.line}:{use.column}"
            lines.append(line(span(f"{margin} = ", "dim") + span(f"in the block that is used at {where}"), hang=6))
    return lines + _help(finding.help, len(str(position.line)) if position else 1, width)


def _code(position: Position, file: str, source: str, width: int) -> list[Line]:
    number = str(position.line)
    margin = " " * len(number)
    code, before, marked = _window(position, source, max(_MIN_CODE_WIDTH, width - len(number) - 3))
    caret = " " * before + "^" * marked
    return [
        line(span(f"{margin} --> ", "dim") + span(f"{file}:{position.line}:{position.column}"), hang=6),
        line(span(f"{margin} |", "dim")),
        line(span(f"{number} | ", "dim") + span(code)),
        line(span(f"{margin} | ", "dim") + span(caret, "error")),
    ]


def _window(position: Position, source: str, width: int) -> tuple[str, int, int]:
    """The source line, the cells before the caret and those under it; of a long line, the part about the caret."""
    lines = source_lines(source)
    text = lines[position.line - 1] if position.line <= len(lines) else ""
    start = min(position.column - 1, len(text))
    end = max(min(position.end_column - 1, len(text)), start) if position.end_line == position.line else len(text)
    low, high = max(start - width, 0), min(start + 2 * width, len(text))  # a line may have a million characters
    end = min(end, high)
    before, marked = visible(text[low:start]), visible(text[start:end])
    code = before + marked + visible(text[end:high])
    first, last = 0, len(code)
    if low or high < len(text) or cell_width(code) > width:
        first = max(len(before) - width // 3, 0)
        last = min(first + width, len(code))
        while cell_width(code[first:last]) > width - 2:  # an ellipsis at either end
            last -= 1
    left, right = "…" if first else "", "…" if last < len(code) else ""
    under = code[len(before) : min(len(before + marked), last)]
    return left + code[first:last] + right, cell_width(left + code[first : len(before)]), max(cell_width(under), 1)


@lru_cache(maxsize=2)  # a long file has many findings
def source_lines(source: str) -> list[str]:
    """The lines of a file as YAML counts them."""
    return _LINE_END.split(source.removeprefix("\ufeff"))


def _help(text: str | None, margin: int, width: int) -> list[Line]:
    """The fix: a sentence, then lines to paste. What wraps is indented further, which YAML reads as the same line."""
    if not text:
        return []
    first, *rest = text.split("\n")
    indent = margin + len(" = help: ") if width >= _WIDE else 4
    lines = [line(span(" " * margin + " = help: ", "dim") + span(first, "good"), hang=indent)]
    for more in rest:
        own = len(more) - len(more.lstrip(" "))
        pasted: Spans = span(" " * indent + more, "good")
        lines.append(line(pasted, hang=indent + own + 4))
    return lines

"""Code frames: the code and the sentence, the place, the line with a caret, the fix. The default."""

from __future__ import annotations

from tdinspect.domain.report import Report
from tdinspect.formats.check import concise
from tdinspect.formats.check.paint import MIN_WIDTH, wrapped
from tdinspect.formats.check.told import last_line, of_all
from tdinspect.formats.frames import frame
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.spans import line


def render(report: Report, options: RenderOptions) -> str:
    """A frame for each finding and the summary; ``quiet``: a line for each finding alone."""
    if options.quiet:
        return concise.render(report, options)
    last = wrapped(line(last_line(report, options)), max(options.width, MIN_WIDTH), options.color)
    return frames(report, options) + _text(last)


def frames(report: Report, options: RenderOptions) -> str:
    """A frame for each finding, an empty line after each."""
    width = max(options.width, MIN_WIDTH)
    lines: list[str] = []
    for spec, finding in of_all(report, options.notes):
        for part in frame(finding, spec, width, beside_rows=False):
            lines += wrapped(part, width, options.color)
        lines.append("")
    return _text(lines)


def _text(lines: list[str]) -> str:
    return "".join(text.rstrip(" ") + "\n" for text in lines)

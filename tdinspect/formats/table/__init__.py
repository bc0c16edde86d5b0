"""The table a person reads in a terminal. The one format that needs rich, for styles, cell widths and wrapping."""

from __future__ import annotations

import io

from rich.console import Console
from rich.text import Text

from tdinspect.domain.report import Report
from tdinspect.formats.frames import frame
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.screen import screens
from tdinspect.formats.screen.model import Screen
from tdinspect.formats.spans import line, span
from tdinspect.formats.table.grid import grid_lines
from tdinspect.formats.table.wrap import Wrapper
from tdinspect.formats.words import shown_findings, summary_text

_MIN_WIDTH = 24


def render(report: Report, options: RenderOptions) -> str:
    """The screens one after another, and a summary line when there are several."""
    paper = Paper(options)
    wrapper = paper.wrapper
    blocks = [block for screen in screens(report, options) if (block := _block(screen, options, wrapper))]
    summary = summary_text(report, options.left_out, options.notes)
    if summary:
        blocks.append(wrapper.line(line(span(summary, "strong" if report.ok else "error"))))
    return paper.printed(blocks, tight=options.quiet)


class Paper:
    """What lines are written on: ``wrapper`` fits them to the width."""

    def __init__(self, options: RenderOptions) -> None:
        """As wide and as colourful as the reader wishes."""
        self._buffer = io.StringIO()
        width = max(options.width, _MIN_WIDTH)
        self._console = Console(
            file=self._buffer,
            width=width,
            color_system="standard" if options.color else None,
            force_terminal=options.color,
            force_jupyter=False,
            no_color=not options.color,
            legacy_windows=False,
            _environ={},  # what the terminal can show was decided by the caller
        )
        self.wrapper = Wrapper(self._console, width)

    def printed(self, blocks: list[list[Text]], tight: bool = False) -> str:
        """The blocks as one text, with an empty line between them; ``tight``: not between blocks of one line."""
        for text in _separated(blocks, tight):
            text.rstrip()
            self._console.print(text, soft_wrap=True, highlight=False)
        return self._buffer.getvalue()


def _block(screen: Screen, options: RenderOptions, wrapper: Wrapper) -> list[Text]:
    groups = [
        [text for part in screen.head for text in wrapper.line(part)],
        grid_lines(screen.grid, wrapper) if screen.grid is not None else [],
        [text for part in screen.foot for text in wrapper.line(part)],
    ]
    for finding in shown_findings(screen.spec, options.notes):
        lines = frame(finding, screen.spec, wrapper.width, beside_rows=screen.grid is not None or options.quiet)
        groups.append([text for part in lines for text in wrapper.line(part)])
    return _separated([group for group in groups if group])


def _separated(blocks: list[list[Text]], tight: bool = False) -> list[Text]:
    """The blocks with an empty line between them; ``tight`` leaves it out between blocks of one line."""
    lines: list[Text] = []
    for index, block in enumerate(blocks):
        if index and not (tight and len(block) == len(blocks[index - 1]) == 1):
            lines.append(Text())
        lines += block
    return lines

"""A diff for a terminal."""

from __future__ import annotations

from rich.text import Text

from tdinspect.analysis.diff import Diff
from tdinspect.formats.diff.screen import DiffScreen, diff_screens, summary
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.spans import line
from tdinspect.formats.table import Paper
from tdinspect.formats.table.grid import grid_lines
from tdinspect.formats.table.wrap import Wrapper


def render(diff: Diff, options: RenderOptions) -> str:
    """The new findings, the table and the sentences of each spec, and a line for all."""
    paper = Paper(options)
    blocks = [group for screen in diff_screens(diff, options.notes) for group in _groups(screen, paper.wrapper)]
    last = line(summary(diff))
    return paper.printed(blocks + ([paper.wrapper.line(last)] if last.pieces else []))


def _groups(screen: DiffScreen, wrapper: Wrapper) -> list[list[Text]]:
    groups = [
        [text for part in (line(screen.title), *screen.findings) for text in wrapper.line(part)],
        grid_lines(screen.grid, wrapper) if screen.grid is not None else [],
        [text for part in screen.foot for text in wrapper.line(part)],
    ]
    return [group for group in groups if group]

"""What each command shows, before it is a table or Markdown. ``SCREENS`` has one builder per command."""

from __future__ import annotations

from collections.abc import Callable

from tdinspect.domain.report import Report, SpecReport
from tdinspect.formats.interface import RenderOptions
from tdinspect.formats.screen.axes import axes_screen
from tdinspect.formats.screen.chosen import chosen_grid
from tdinspect.formats.screen.compare import compare_screen
from tdinspect.formats.screen.header import title, total_lines
from tdinspect.formats.screen.model import Screen
from tdinspect.formats.screen.params import params_screen
from tdinspect.formats.screen.shape import shape_screen
from tdinspect.formats.spans import join, line, span
from tdinspect.formats.words import failing_row, place

SCREENS: dict[str, Callable[[SpecReport, RenderOptions], Screen]] = {
    "shape": shape_screen,
    "params": params_screen,
    "compare": compare_screen,
    "axes": axes_screen,
}


def screens(report: Report, options: RenderOptions) -> list[Screen]:
    """One screen per spec."""
    if options.quiet:
        return [_quiet(spec) for spec in report.specs]
    built = []
    for spec in report.specs:
        screen = SCREENS[report.command](spec, options) if spec.layers else Screen(spec, title(spec))
        if options.columns is not None and screen.grid is not None:
            screen = Screen(spec, screen.head, chosen_grid(spec, report.command, options), screen.foot)
        built.append(screen)
    return built


def _quiet(spec: SpecReport) -> Screen:
    """Only what went wrong, and the total."""
    lines = []
    failing = failing_row(spec)
    if failing is not None:
        words = span("✗ ", "error") + span(f"{place(failing)}: ")
        lines.append(line(words + span(failing.error or "", "error")))
    if spec.layers:
        first, *others = total_lines(spec, brief=True)
        start = join([span(spec.file, "dim"), first.pieces[0]], "  ")
        lines += [line(start, *first.pieces[1:]), *others]
    return Screen(spec, (), None, tuple(lines))

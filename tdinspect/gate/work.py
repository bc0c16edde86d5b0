"""The inspection of many specs: in the order they were asked for."""

from __future__ import annotations

from collections.abc import Callable

from tdinspect.domain.report import SpecReport
from tdinspect.pipeline import Request, inspect_source


def inspect_all(request: Request, progress: Callable[[int, int, str], None] | None = None) -> tuple[SpecReport, ...]:
    """A report for every source of the request, in their order."""
    reports = []
    for index, source in enumerate(request.sources):
        if progress is not None:
            progress(index, len(request.sources), source.file)
        reports.append(inspect_source(source, request))
    return tuple(reports)

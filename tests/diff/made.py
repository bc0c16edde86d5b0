"""Diffs of texts, without files."""

from __future__ import annotations

from tdinspect.analysis.diff import Diff, SpecDiff, diff_of
from tdinspect.domain.report import SpecReport
from tdinspect.domain.source import Source
from tdinspect.pipeline import Request, inspect_source


def report(text: str, file: str = "specs/model.yaml") -> SpecReport:
    """What `check` says of a spec."""
    return inspect_source(Source(file, text), Request("check", ()))


def spec_diff(before: str | None, after: str | None) -> SpecDiff:
    """What changed from one text to another."""
    return diff_of(*(None if text is None else report(text) for text in (before, after)))


def diff(before: str | None, after: str | None) -> Diff:
    """The same as the whole answer to one command."""
    return Diff(("HEAD", "the working tree"), (spec_diff(before, after),))

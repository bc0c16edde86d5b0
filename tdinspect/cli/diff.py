"""``diff`` from its options to its exit code."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tdinspect.cli import output
from tdinspect.cli.progress import Progress
from tdinspect.cli.run import Options, UsageError, check_output, deliver, render_options
from tdinspect.domain.report import SpecReport
from tdinspect.domain.source import Source
from tdinspect.formats.diff import DIFF_FORMATS, load_diff_format
from tdinspect.git import GitError, Revised, Sides, changed_specs, is_revision, sides_of
from tdinspect.sources import DEFAULT_FOLDER, SourceError, gather


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """What was asked: the texts before ``--`` and those after it (None without it)."""

    common: Options
    texts: tuple[str, ...] = ()
    paths: tuple[str, ...] | None = None


def run_diff(options: DiffOptions) -> bool:
    """Compare, render and write; True when nothing new is an error. Raises UsageError."""
    common = options.common
    if common.format not in DIFF_FORMATS:
        raise UsageError(f"unknown format {common.format!r}: one of {', '.join(DIFF_FORMATS)}")
    check_output(common.output)
    names, pairs = _sides(options)
    from tdinspect.analysis.diff import Diff, diff_of

    sides = [source for pair in pairs for source in (pair.before, pair.after) if source is not None]
    with Progress(output.is_terminal(sys.stderr)) as progress:
        reports = iter(_reports(common, sides, common.overrides, progress))
    specs = []
    for pair in pairs:
        before = next(reports) if pair.before is not None else None
        after = next(reports) if pair.after is not None else None
        if pair.before is not None and before is not None and after is not None:
            before = _at_the_same_sizes(common, pair.before, before, after)
        specs.append(diff_of(before, after))
    diff = Diff(names, tuple(specs))
    deliver(load_diff_format(common.format).render(diff, render_options(common, 0)), common.output)
    return common.exit_zero or diff.ok


def _reports(
    options: Options, sources: Sequence[Source], overrides: Mapping[str, str], progress: Progress | None = None
) -> list[SpecReport]:
    """What `check` says of each; the rules that the settings ignore are not told."""
    from tdinspect.gate.policy import judged, policy_of
    from tdinspect.pipeline import Request, execute

    settings = options.settings
    request = Request("check", tuple(sources), overrides, options.allow_import, limits=settings.limits)
    policy = policy_of(settings.select, settings.ignore, settings.severity)
    return [judged(report, policy) for report in execute(request, progress).specs]


def _at_the_same_sizes(options: Options, source: Source, before: SpecReport, after: SpecReport) -> SpecReport:
    """The report of before at the sizes of after, where neither spec says a size.

    A size that nobody gave keeps out of the way of all others in its spec: a new layer can move it, and every cost.
    """
    moved = {
        name: after.sizes[name] for name, size in before.defaults.items() if after.defaults.get(name, size) != size
    }
    if not moved:
        return before
    [again] = _reports(options, [source], {**options.overrides, **{name: str(size) for name, size in moved.items()}})
    return again if again.ok or not before.ok else before


def _sides(options: DiffOptions) -> tuple[tuple[str, str], list[Revised]]:
    """What the sides are called, and the specs on them. Raises UsageError."""
    texts, paths = options.texts, options.paths
    try:
        if paths is None and len(texts) == 2 and all(_is_there(text) for text in texts):
            return _two_files(*texts)
        revision, paths = _meaning(texts, paths)
        wanted = paths or options.common.settings.specs or ((DEFAULT_FOLDER,) if Path(DEFAULT_FOLDER).is_dir() else ())
        sides = _revisions(revision, texts)
        return sides.names, changed_specs(sides, wanted or (".",))
    except (GitError, SourceError) as error:
        raise UsageError(str(error)) from None


def _revisions(revision: str, texts: Sequence[str]) -> Sides:
    """What git says of the revision; what looks like a file and is none is told, too. Raises GitError."""
    try:
        return sides_of(revision)
    except GitError as error:
        missing = [text for text in texts if text.endswith((".yaml", ".yml")) and not _is_there(text)]
        raise GitError(f"{error}; there is no file {missing[0]}" if missing else str(error)) from None


def _meaning(texts: tuple[str, ...], paths: tuple[str, ...] | None) -> tuple[str, tuple[str, ...]]:
    """The revision and the paths that were given; without a revision HEAD. Raises UsageError."""
    if paths is not None:
        if len(texts) > 1:
            raise UsageError("before -- stands one revision: REV, A..B or A...B")
        return (texts[0] if texts else "HEAD"), paths
    if not texts:
        return "HEAD", ()
    if not _is_there(texts[0]):
        return texts[0], texts[1:]
    if is_revision(texts[0]):
        name = texts[0]
        raise UsageError(f"{name} is a revision and a path: say `diff {name} --`, or `diff -- {name}`")
    return "HEAD", texts


def _is_there(text: str) -> bool:
    return text == "-" or (text != "" and Path(text).exists())


def _two_files(before: str, after: str) -> tuple[tuple[str, str], list[Revised]]:
    for text in (before, after):
        if Path(text).is_dir():
            raise UsageError(f"{text} is a folder: give two spec files, or a revision and folders")
    if (before, after) == ("-", "-"):
        raise UsageError("standard input can be one side only")
    old, new = (gather([text], sys.stdin.buffer.read, "<stdin>").texts[0] for text in (before, after))
    return (old.file, new.file), [Revised(old, new)]

"""The pytest plugin: each spec is a test of its own, held to what ``tdinspect check`` holds it to.

It does nothing unless it is asked: ``pytest --tdinspect [PATH...]``, or pytest's setting ``tdinspect_specs``. More than
pytest itself is imported when a spec is read (yaml) or run (torch), not before.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest._code.code import TerminalRepr, TracebackStyle

    from tdinspect.domain.report import SpecReport
    from tdinspect.domain.source import Source
    from tdinspect.gate.cache import Cache
    from tdinspect.gate.settings import Settings

_WIDTH = 100  # of a text that no terminal shows


@dataclass(frozen=True)
class _Gate:
    """Where specs are wanted, and what they are held to. The cache lasts for the session."""

    places: tuple[Path, ...]
    settings: Settings
    cache: Cache | None


_GATE = pytest.StashKey[_Gate]()


class SpecWarning(UserWarning):
    """A finding of severity warning; pytest lists it in its summary of warnings."""


class SpecFailure(Exception):
    """A spec with findings that count as errors."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option and the setting that ask for specs."""
    parser.getgroup("tdinspect").addoption(
        "--tdinspect",
        action="store_true",
        help="check model specs, too: those in the given paths, else those of tdinspect_specs, else the project's",
    )
    parser.addini("tdinspect_specs", "model specs to check: files, folders and globs", type="paths", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Settle where specs are wanted, and let pytest look there. Raises pytest.UsageError for a place without files."""
    config.addinivalue_line("markers", "tdinspect: a model spec (-m 'not tdinspect' leaves them out).")
    asked, named = bool(config.getoption("--tdinspect")), config.getini("tdinspect_specs")
    if asked or named:
        settings = _settings(config)
        config.stash[_GATE] = _Gate(_places(config, settings, asked, named), settings, _cache(settings))


def _settings(config: pytest.Config) -> Settings:
    """The project's, as ``tdinspect check`` finds them."""
    from tdinspect.gate.settings import SettingsError, find_settings

    try:
        return find_settings(config.invocation_params.dir)
    except SettingsError as error:
        raise pytest.UsageError(str(error)) from None


def _cache(settings: Settings) -> Cache | None:
    """That of ``tdinspect check``; none where specs rest on the project's own code, which a test may have changed."""
    from tdinspect.gate.cache import cache_folder, cache_in

    if settings.allow_import:
        return None
    folder = cache_folder(None, settings.cache_dir, Path(settings.file).parent if settings.file else Path())
    return cache_in(folder.absolute(), lambda message: None)


def _places(config: pytest.Config, settings: Settings, asked: bool, named: list[Path]) -> tuple[Path, ...]:
    here = config.invocation_params.dir
    given = tuple(_plain(here / arg.split("::")[0]) for arg in config.args)
    explicit = config.args_source is config.ArgsSource.ARGS
    if explicit and asked:
        return given
    if named:
        places = _matches(named, "tdinspect_specs")
    else:
        from tdinspect.sources import DEFAULT_FOLDER

        places = _matches([here / spec for spec in settings.specs or (DEFAULT_FOLDER,)], "--tdinspect")
    if not explicit and here == config.rootpath:
        config.args += [str(path) for path in places if not any(path.is_relative_to(folder) for folder in given)]
    return places


def _matches(patterns: Iterable[Path], asked_by: str) -> tuple[Path, ...]:
    found: list[Path] = []
    for pattern in patterns:
        root = Path(pattern.anchor)
        matching = [pattern] if pattern.exists() else sorted(root.glob(str(pattern.relative_to(root))))
        if not matching:
            raise pytest.UsageError(f"{asked_by}: no such file or folder: {pattern}")
        found += map(_plain, matching)
    return tuple(found)


def _plain(path: Path) -> Path:
    """Without ``..``; a link stays a link, as it does for pytest."""
    return Path(os.path.normpath(path))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SpecFile | None:
    """A YAML file that lies where specs are wanted."""
    gate = parent.config.stash.get(_GATE, None)
    if gate is None or file_path.suffix not in (".yaml", ".yml"):
        return None
    if any(file_path.is_relative_to(place) for place in gate.places):
        return SpecFile.from_parent(parent, path=file_path)
    return None


class SpecFile(pytest.File):
    """A YAML file: one test when it is a spec or cannot be read, else none."""

    def collect(self) -> Iterator[SpecItem]:
        """The test. Raises CollectError for a file that cannot be opened."""
        from tdinspect.sources import SourceError, gather

        try:
            gathered = gather([_shown(self.path)], bytes, "-", only_specs=True, memory=self.config.stash[_GATE].cache)
        except SourceError as error:
            raise self.CollectError(str(error)) from None
        for source in gathered.texts:
            yield SpecItem.from_parent(self, name="tdinspect", source=source)


def _shown(path: Path) -> str:
    """The path as a person in this folder would type it."""
    try:
        return os.path.relpath(path)
    except ValueError:  # on another drive
        return str(path)


class SpecItem(pytest.Item):
    """One spec."""

    def __init__(self, *, source: Source, name: str, parent: SpecFile) -> None:
        super().__init__(name, parent)
        self.source = source
        self.checked: SpecReport | None = None
        self.add_marker("tdinspect")

    def runtest(self) -> None:
        """Check the spec; its warnings become warnings of pytest. Raises SpecFailure for an error."""
        gate = self.config.stash[_GATE]
        self.checked = _checked(self.source, gate)
        mild = [finding for finding in self.checked.findings if finding.severity == "warning"]
        if not self.checked.ok or (mild and gate.settings.error_on_warning):
            raise SpecFailure
        for finding in mild:
            line = finding.position.line if finding.position else 1
            message = SpecWarning(f"{finding.code} {finding.message}")
            warnings.warn_explicit(message, SpecWarning, str(self.path), line)

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: TracebackStyle | None = None
    ) -> str | TerminalRepr:
        """The findings with their code frames, in place of a traceback that would show this file."""
        if self.checked is None or not isinstance(excinfo.value, (SpecFailure, SpecWarning)):
            return super().repr_failure(excinfo, style)
        return _failure(self.checked)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the spec stands, and what its failure is headed with."""
        return self.path, None, self.nodeid.rpartition("::")[0]


def _checked(source: Source, gate: _Gate) -> SpecReport:
    from tdinspect.gate.check import Plan, check
    from tdinspect.gate.policy import policy_of
    from tdinspect.gate.work import Manner

    settings = gate.settings
    plan = Plan(
        (source,),
        allow_import=settings.allow_import,
        policy=policy_of(settings.select, settings.ignore, settings.severity),
        limits=settings.limits,
        manner=Manner(gate.cache),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what torch says of a layer is no warning of the project's tests
        return check(plan).report.specs[0]


def _failure(spec: SpecReport) -> TerminalRepr:
    """The frames of the format ``full``, placed at the first error, else the first warning.

    The classes are pytest's own and not public, but only they keep the place on the way from a worker of pytest-xdist.
    """
    from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback

    from tdinspect.domain.report import Report
    from tdinspect.formats.check.full import frames
    from tdinspect.formats.interface import RenderOptions

    width = shutil.get_terminal_size((_WIDTH, 24)).columns
    text = frames(Report("check", (spec,)), RenderOptions(width=width))
    first = min(spec.findings, key=lambda finding: ("error", "warning", "note").index(finding.severity))
    line = first.position.line if first.position else 1
    return ReprExceptionInfo(
        reprtraceback=ReprTraceback([ReprEntryNative([text])], None, style="native"),
        reprcrash=ReprFileLocation(spec.file, line, f"{first.code} {first.message}"),
    )

"""How a check does its work: its cache, its workers, its part of the specs, and whether it goes on."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tdinspect.cli.run import UsageError
from tdinspect.gate.settings import Settings
from tdinspect.gate.shard import Shard, read_shard

if TYPE_CHECKING:  # imported when a check begins: no other command waits for it
    from tdinspect.gate.cache import Cache
    from tdinspect.gate.work import Manner

Jobs = Annotated[
    str | None, typer.Option("--jobs", "-j", metavar="N", help="Worker processes (default: as many as pay).")
]
ShardText = Annotated[
    str | None, typer.Option("--shard", metavar="I/N", help="Only part I of N, for a matrix of machines.")
]
Backend = Annotated[str | None, typer.Option("--backend", metavar="NAME", help="Work through joblib: loky, dask, ray.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Run every spec, and keep nothing.")]
CacheDir = Annotated[
    str | None,
    typer.Option("--cache-dir", metavar="FOLDER", help="Where results are kept (default: .tdinspect_cache)."),
]
Watch = Annotated[bool, typer.Option("--watch", help="Check again when a file is saved, until Ctrl-C.")]


@dataclass(frozen=True, slots=True)
class Effort:
    """What was asked for, as it stands on the command line."""

    jobs: str | None = None
    shard: str | None = None
    backend: str | None = None
    no_cache: bool = False
    cache_dir: str | None = None
    watch: bool = False

    def part(self) -> Shard:
        """The part of the specs that is to be checked. Raises UsageError."""
        try:
            return Shard() if self.shard is None else read_shard(self.shard)
        except ValueError as problem:
            raise UsageError(f"--shard: {problem}") from None

    def manner(self, settings: Settings) -> Manner:
        """How the work is to be done. Raises UsageError."""
        from tdinspect.gate.work import Manner

        jobs = settings.jobs if self.jobs is None else _whole(self.jobs)
        return Manner(self._cache(settings), jobs, self.backend, apart=self.watch, warn=warn)

    def _cache(self, settings: Settings) -> Cache | None:
        from tdinspect.gate.cache import Cache, cache_in
        from tdinspect.gate.store import MemoryStore

        if self.no_cache:
            # Whoever watches wants only what has changed to be run again.
            return Cache(MemoryStore()) if self.watch else None
        return cache_in(place_of_cache(self.cache_dir, settings), warn)


def place_of_cache(option: str | None, settings: Settings) -> Path:
    """The folder of the cache: the option's, the environment's, the settings', else beside them. Raises UsageError."""
    from tdinspect.gate.cache import cache_folder

    if option == "":
        raise UsageError("--cache-dir needs a folder")
    return cache_folder(option, settings.cache_dir, Path(settings.file).parent if settings.file else Path())


def warn(message: str) -> None:
    """One line on standard error; the check goes on."""
    if sys.stderr is not None:
        sys.stderr.write(f"tdinspect: warning: {message}\n")


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text[:6]) >= 1 and len(text) <= 4):
        raise UsageError(f"--jobs needs a whole number from 1 to 9999, not {text!r}")
    return int(text)

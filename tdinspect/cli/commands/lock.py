"""``tdinspect lock``: what the specs are now, in a file that `check --locked` holds them to."""

from __future__ import annotations

from typing import Annotated

import typer

from tdinspect.cli import FINDINGS
from tdinspect.cli.app import app
from tdinspect.cli.effort import CacheDir, Effort, Jobs, NoCache
from tdinspect.cli.options import AllowImport, ConfigFile, Isolated, LockFile, Quiet, usage_errors
from tdinspect.cli.plain import PlainCommand
from tdinspect.cli.run import Options, with_settings

SpecFiles = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SPEC",
        help="A file, or a folder of *.yaml and *.yml (default: all, those of the settings' `specs`, else specs/).",
    ),
]


@app.command("lock", cls=PlainCommand)
def _lock(
    specs: SpecFiles = None,
    lock_file: LockFile = None,
    allow_import: AllowImport = None,
    config: ConfigFile = None,
    isolated: Isolated = False,
    jobs: Jobs = None,
    no_cache: NoCache = False,
    cache_dir: CacheDir = None,
    quiet: Quiet = False,
) -> None:
    """Write the lock file: the shapes, parameters and costs that `check --locked` holds specs to."""
    from tdinspect.cli.lock import run_lock

    with usage_errors("lock"):
        options = Options(
            command="check", specs=tuple(specs or ()), allow_import=tuple(allow_import or ()), quiet=quiet
        )
        effort = Effort(jobs, no_cache=no_cache, cache_dir=cache_dir)
        clean = run_lock(with_settings(options, config, isolated), effort, lock_file)
    if not clean:
        raise typer.Exit(FINDINGS)

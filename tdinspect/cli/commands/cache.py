"""``tdinspect cache``: what is kept from run to run."""

from __future__ import annotations

import typer

from tdinspect.cli.app import app
from tdinspect.cli.effort import CacheDir, place_of_cache
from tdinspect.cli.options import ConfigFile, Isolated, usage_errors
from tdinspect.cli.plain import PlainCommand, PlainGroup
from tdinspect.cli.run import Options, UsageError, with_settings

cache = typer.Typer(cls=PlainGroup, help="The cache of `check`.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(cache, name="cache")


@cache.command("clear", cls=PlainCommand)
def _clear(cache_dir: CacheDir = None, config: ConfigFile = None, isolated: Isolated = False) -> None:
    """Remove what `check` has kept."""
    from tdinspect.cli.output import print_text
    from tdinspect.gate.store import FolderStore, NotOurs

    with usage_errors("cache clear"):
        options = with_settings(Options("check"), config, isolated)
        folder = place_of_cache(cache_dir, options.settings)
        try:
            removed = FolderStore(folder).clear()
        except NotOurs as problem:
            raise UsageError(str(problem)) from None
        except OSError as problem:
            raise UsageError(f"cannot clear {folder}: {problem.strerror or problem}") from None
        print_text(f"{folder}: {removed} {'file' if removed == 1 else 'files'} removed\n")

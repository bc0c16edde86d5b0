"""One file per command, or per few that are alike: importing it registers them. Nothing heavy is imported here."""

from __future__ import annotations

from tdinspect.cli.app import app
from tdinspect.cli.commands import cache, check, diff, export, import_model, lock, others, reports

__all__ = ["app", "cache", "check", "diff", "export", "import_model", "lock", "others", "reports"]

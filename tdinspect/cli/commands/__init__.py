"""One file per command, or per few that are alike: importing it registers them. Nothing heavy is imported here."""

from __future__ import annotations

from tdinspect.cli.app import app
from tdinspect.cli.commands import check, others, reports

__all__ = ["app", "check", "others", "reports"]

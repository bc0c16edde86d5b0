"""One format per file. ``FORMATS`` names them all; a format is imported when it is asked for, not before."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from tdinspect.formats.interface import Format

# json must never pay for rich, so the registry holds module paths.
FORMATS: dict[str, str] = {
    "table": "tdinspect.formats.table",
    "json": "tdinspect.formats.json",
    "markdown": "tdinspect.formats.markdown",
    "csv": "tdinspect.formats.csv",
}

# What `check` writes: findings, not rows.
CHECK_FORMATS: dict[str, str] = {
    "full": "tdinspect.formats.check.full",
    "concise": "tdinspect.formats.check.concise",
    "json": "tdinspect.formats.json",
    "github": "tdinspect.formats.check.github",
    "gitlab": "tdinspect.formats.check.gitlab",
    "junit": "tdinspect.formats.check.junit",
    "sarif": "tdinspect.formats.check.sarif",
    "markdown": "tdinspect.formats.check.markdown",
}


def load_format(name: str) -> Format:
    """The format of that name. Raises KeyError for a name that is not in ``FORMATS``."""
    return cast("Format", import_module(FORMATS[name]))


def load_check_format(name: str) -> Format:
    """The format of that name. Raises KeyError for a name that is not in ``CHECK_FORMATS``."""
    return cast("Format", import_module(CHECK_FORMATS[name]))

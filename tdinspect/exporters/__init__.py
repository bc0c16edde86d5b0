"""A spec as code. One target per file: ``TARGETS`` names them all, and one is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from tdinspect.exporters.interface import Target

TARGETS: dict[str, str] = {
    "python": "tdinspect.exporters.python",
    "keras": "tdinspect.exporters.keras",
}


def load_target(name: str) -> Target:
    """The target of that name. Raises KeyError for a name that is not in ``TARGETS``."""
    return cast("Target", import_module(TARGETS[name]))

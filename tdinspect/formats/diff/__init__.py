"""What `diff` writes: one format per file, named in ``DIFF_FORMATS`` and imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from tdinspect.analysis.diff import Diff
from tdinspect.formats.interface import RenderOptions

DIFF_FORMATS: dict[str, str] = {
    "text": "tdinspect.formats.table.diff",
    "markdown": "tdinspect.formats.diff.markdown",
    "json": "tdinspect.formats.diff.json",
}


class DiffFormat(Protocol):
    """A module with one function."""

    def render(self, diff: Diff, options: RenderOptions) -> str:
        """The whole text, ending with a newline."""
        ...


def load_diff_format(name: str) -> DiffFormat:
    """The format of that name. Raises KeyError for a name that is not in ``DIFF_FORMATS``."""
    return cast("DiffFormat", import_module(DIFF_FORMATS[name]))

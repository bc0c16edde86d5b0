"""The contract of a format: a report and the wishes of the reader in, one text out. A format never prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tdinspect.domain.report import Report


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What the reader asked for, and what the place the text goes to can show.

    ``depth`` hides rows deeper than it (0 keeps the outermost). ``columns`` replaces the command's own columns.
    ``unfold`` gives equal copies of a ``repeat`` rows of their own, where a person reads; programs always get them.
    ``left_out`` is the number of YAML files in the given folders that are no specs.

    Of a check: ``seconds`` is what it took where somebody is watching, and ``cached`` how many of its specs were not
    run again. ``error_on_warning``: a warning fails it. ``here`` is the folder that the file names start from, ``root``
    the one that the reader of the text counts from, as a CI does from the repository's. ``version`` is tdinspect's.
    ``shard`` is the part that was checked, ``1/4``; empty for all.
    """

    width: int = 100
    color: bool = False
    depth: int | None = None
    columns: tuple[str, ...] | None = None
    unfold: bool = False
    quiet: bool = False
    notes: bool = False
    left_out: int = 0
    seconds: float | None = None
    cached: int = 0
    error_on_warning: bool = False
    here: str = ""
    root: str = ""
    version: str = ""
    shard: str = ""


class Format(Protocol):
    """A module of this package with one function."""

    def render(self, report: Report, options: RenderOptions) -> str:
        """The whole text, ending with a newline when it is not empty."""
        ...

"""A spec's text as it came in."""

from __future__ import annotations

from dataclasses import dataclass

from tdinspect.domain.finding import Finding


@dataclass(frozen=True, slots=True)
class Source:
    """The text, and the name that the user knows it by. ``fault`` is what kept it from being read, where it was not."""

    file: str
    text: str | bytes
    fault: Finding | None = None

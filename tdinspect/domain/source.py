"""A spec's text as it came in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """The text, and the name that the user knows it by."""

    file: str
    text: str | bytes

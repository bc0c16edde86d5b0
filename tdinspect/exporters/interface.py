"""What a target of ``export`` is, and how it says that something has no code."""

from __future__ import annotations

from typing import Protocol

from tdinspect.domain.finding import Finding
from tdinspect.exporters.seen import Seen


class CannotExport(Exception):
    """A step that cannot be written as code; carries the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


class Target(Protocol):
    """A module with this function."""

    def render(self, seen: Seen, class_name: str, *, with_tdinspect: bool = False) -> str:
        """The text of a Python file. Raises CannotExport, with a finding that names the step."""

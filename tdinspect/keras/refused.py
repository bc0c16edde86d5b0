"""What stops one layer of a Keras file from being carried over."""

from __future__ import annotations

from tdinspect.domain.finding import Finding


class Refused(Exception):
    """Carries the finding, which lacks the layer's place until the walk knows it."""

    def __init__(self, message: str, code: str = "TD003", help: str | None = None) -> None:
        super().__init__(message)
        self.finding = Finding(code, message, help=help)

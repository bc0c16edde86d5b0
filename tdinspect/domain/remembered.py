"""What single layers do, remembered from spec to spec: the specs of one repository repeat each other's layers."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Results of a pure function by key; all are forgotten where they become too many."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._known: dict[Hashable, T] = {}

    def get(self, key: Hashable) -> T | None:
        """What was put there; None for nothing."""
        return self._known.get(key)

    def put(self, key: Hashable, value: T) -> T:
        """Remember it, and give it back."""
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[key] = value
        return value

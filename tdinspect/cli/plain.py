"""typer commands whose options are texts and flags, taken as they are.

typer 0.27 and later loads pydantic (60 ms and 9 MB) to turn texts into texts. Where typer has no such step, older or
newer, nothing is done here and the options come out the same.
"""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup


class PlainCommand(TyperCommand):
    """A command without the conversion step."""

    def get_params(self, ctx: Any) -> Any:
        """As typer's."""
        return _as_they_are(super().get_params(ctx))


class PlainGroup(TyperGroup):
    """A group without the conversion step."""

    def get_params(self, ctx: Any) -> Any:
        """As typer's."""
        return _as_they_are(super().get_params(ctx))


def _as_they_are(params: list[Any]) -> list[Any]:
    for param in params:
        if getattr(param, "_runtime_param", param) is None:  # typer's own cache, filled early
            param._runtime_param = _AsItIs()
    return params


class _AsItIs:
    def coerce(self, value: Any, param: Any, ctx: object) -> Any:
        if param.multiple or param.nargs == -1:
            return list(value or ())
        return value

"""Places in a file: a key path while the program works, a line and a column at the end."""

from __future__ import annotations

from dataclasses import dataclass

Path = tuple[str | int, ...]


def render_path(path: Path) -> str:
    """Write a path as the JSON does: ``layers[0].TimeDistributed[1]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


@dataclass(frozen=True, slots=True)
class Position:
    """Where a key or a value stands; lines and columns count from 1, the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int

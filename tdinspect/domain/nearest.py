"""Which known name a wrong one was meant to be: only one that is near, never merely the least unlike."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """The choice that differs least from ``name``, whatever its case; None when none is near.

    Near is one slip in four letters (three at least; two letters swapped are one slip). Where nothing is, the first
    choice that goes on after the whole name: ``batch_axis`` for ``batch``.
    """
    written = name.lower()
    best: tuple[int, int, str] | None = None
    longer: str | None = None
    for choice in choices:
        known = choice.lower()
        slips = _slips(written, known, best[0] if best else (max(len(written), len(known)) + 1) // 4)
        if slips is not None:
            found = (slips, len(set(written) ^ set(known)), choice)
            best = found if best is None or found[:2] < best[:2] else best
        elif longer is None and len(written) > 2 and known.startswith(f"{written}_"):
            longer = choice
    return best[2] if best else longer


def _slips(a: str, b: str, most: int) -> int | None:
    """How many letters are added, left out, changed or swapped between two words; None when more than ``most``."""
    if a == b:
        return 0
    if abs(len(a) - len(b)) > most or len(set(a) - set(b)) > most or len(set(b) - set(a)) > most:
        return None
    above: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        before, above, row = above, row, [i]
        for j, other in enumerate(b, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
    return row[-1] if row[-1] <= most else None

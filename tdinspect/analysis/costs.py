"""What rows and the whole model cost: of a container the sum over what is in it."""

from __future__ import annotations

from collections.abc import Sequence

from tdinspect.domain.cost import UNKNOWN, Cost, added
from tdinspect.domain.trace import LayerRecord


def cost_rows(records: Sequence[LayerRecord]) -> list[Cost]:
    """The cost of every record, in order."""
    costs: list[Cost] = []
    below: list[tuple[int, Cost]] = []  # going up: the rows that no container has taken in yet, and their depths
    for record in reversed(records):
        cost = _own(record)
        if record.container:
            parts = [cost]
            while below and below[-1][0] > record.depth:
                parts.append(below.pop()[1])
            cost = added(parts)
        below.append((record.depth, cost))
        costs.append(cost)
    return costs[::-1]


def _own(record: LayerRecord) -> Cost:
    """Without what is inside; of a row that raised nothing is known."""
    if record.failure is not None:
        return UNKNOWN
    if record.container:
        return record.cost or Cost()
    return record.cost or UNKNOWN

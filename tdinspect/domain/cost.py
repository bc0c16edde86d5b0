"""What a call costs: multiply-adds, and the bytes that it gives. Whole numbers at the spec's own sizes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

CostStatus = Literal["complete", "partial", "unavailable"]


@dataclass(frozen=True, slots=True)
class Cost:
    """``macs`` counts the multiply-adds of matrix products and convolutions.

    ``partial``: at least so many. ``unavailable``: ``macs`` is None, and nobody knows.
    ``activation_bytes`` are those of all tensors that come out, over all calls in one pass, each at its dtype; None
    where nobody knows.
    """

    macs: int | None = 0
    macs_status: CostStatus = "complete"
    activation_bytes: int | None = 0


UNKNOWN = Cost(None, "unavailable", None)
# Products of matrices in code that holds layers: what comes out of the layers is known.
UNKNOWN_PRODUCTS = Cost(None, "unavailable", 0)


def added(costs: Iterable[Cost]) -> Cost:
    """The sum: a lower bound where a part is not known, and not known where such a bound would be 0."""
    parts = list(costs)
    macs = sum(cost.macs or 0 for cost in parts)
    sizes = [cost.activation_bytes for cost in parts]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    if all(cost.macs_status == "complete" for cost in parts):
        return Cost(macs, "complete", total)
    return Cost(macs, "partial", total) if macs else Cost(None, "unavailable", total)


def cut_off(cost: Cost) -> Cost:
    """The last call that was seen of several more."""
    if cost.macs:
        return Cost(cost.macs, "partial", None)
    return Cost(cost.macs, cost.macs_status, None)

"""What a layer does to the time axis and the batch: which steps of an output depend on which steps of an input.

A row is a whole number read as a set: bit ``t`` is set where the output step depends on input step ``t``. A tensor
without a time axis has one row, and counts as one step (bit 0).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache, reduce
from math import ceil, floor
from operator import or_
from typing import Literal

TimeEffect = Literal["per_step", "causal", "anticausal", "constant", "mixes", "gone"]
BatchEffect = Literal["independent", "mixes"]
Rows = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """One layer at small sizes.

    ``links[output, input]`` has the rows of that output tensor over the steps of that input tensor (both counted from
    left to right among the tensors that go in and come out). ``mixes_batch`` says of each output whether one sample
    follows another (None: no input has a batch axis). ``alike`` is False where the steps stay apart and are treated
    unlike each other. ``known`` is False where runs told it, not the layer's family. ``why`` is how a layer that takes
    time for something else takes it: ``channels``, ``features``, ``normalised``, ``reduced``.

    ``samples`` are rows as in ``links``, over the samples of the batch. An axis that batch and time share outside any
    TimeDistributed has every position for a step, and for a sample.
    """

    links: Mapping[tuple[int, int], Rows]
    mixes_batch: tuple[bool, ...] | None = None
    alike: bool = True
    known: bool = True
    why: str | None = None
    samples: Mapping[tuple[int, int], Rows] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AxisEffect:
    """The two words of a report for one layer or a whole model; None where no time (no batch) arrives."""

    time: TimeEffect | None
    batch: BatchEffect | None


@dataclass(frozen=True, slots=True)
class ModelAxes(AxisEffect):
    """A whole model. ``rows`` are those of its first output with a time axis (one row where none has) over the
    ``steps`` of the first input that it follows; ``receptive_field`` is how many input steps one output step can
    follow at most, None where more steps in make it more.
    """

    rows: Rows = ()
    steps: int = 0
    receptive_field: int | None = None


@lru_cache(maxsize=64)
def each(steps: int) -> Rows:
    """Every output step depends on the input step of the same number."""
    return tuple(1 << t for t in range(steps))


def composed(outer: Rows, inner: Rows) -> Rows:
    """The rows of one relation after another: ``outer`` over the steps that have the rows ``inner``."""
    if outer == each(len(inner)):
        return inner
    return tuple(union(inner[t] for t in _steps(row)) for row in outer)


def united(one: Rows, other: Rows) -> Rows:
    """Both relations of one output together."""
    return tuple(a | b for a, b in zip(one, other, strict=True))


@lru_cache(maxsize=1024)  # most layers of a model do the same
def time_effect(rows: Rows, steps: int, rate: Fraction = Fraction(1)) -> TimeEffect:
    """The word for an output with a time axis, over an input of ``steps`` steps.

    ``rate`` is how many input steps come on one output step for long inputs: 2 for a stride of 2, 1/2 for an
    upsampling by 2. With a stride s output step u stands for the inputs ``s*u .. s*u+s-1``. A shorter output (a valid
    convolution) is aligned at its end, a longer one at its start; the other way where that alone keeps the steps apart.
    """
    if not any(rows):
        return "constant"
    shift = steps - ceil(len(rows) * rate)
    words = [_word(rows, [_stands_for(u, rate, by) for u in range(len(rows))]) for by in (max(shift, 0), min(shift, 0))]
    return "per_step" if "per_step" in words else words[0]


def _stands_for(u: int, rate: Fraction, shift: int) -> tuple[int, int]:
    first = floor(u * rate) + shift
    return first, max(first, ceil((u + 1) * rate) - 1 + shift)


def _word(rows: Rows, windows: Sequence[tuple[int, int]]) -> TimeEffect:
    below = any(row & ((1 << max(low, 0)) - 1) for row, (low, _) in zip(rows, windows, strict=True))
    above = any(row >> (max(high, -1) + 1) for row, (_, high) in zip(rows, windows, strict=True))
    if below and above:
        return "mixes"
    return "causal" if below else "anticausal" if above else "per_step"


def joined(words: Iterable[TimeEffect]) -> TimeEffect:
    """The word for what has several inputs: that of all of them together."""
    found = set(words) - {"constant"}
    if "mixes" in found or {"causal", "anticausal"} <= found:
        return "mixes"
    order: tuple[TimeEffect, ...] = ("causal", "anticausal", "per_step", "gone")
    return next((word for word in order if word in found), "constant")


def model_effect(words: Iterable[TimeEffect | None]) -> TimeEffect | None:
    """The word for a model of several outputs: of those that have time, else ``gone``."""
    found = [word for word in words if word is not None]
    return (joined(word for word in found if word != "gone" or set(found) == {"gone"})) if found else None


def mixes_samples(rows: Rows, has_batch: bool) -> bool:
    """True where an output follows other samples than its own, or has no axis of samples and follows several."""
    return any(row & ~(1 << u) if has_batch else row.bit_count() > 1 for u, row in enumerate(rows))


def chart(rows: Rows, steps: int) -> tuple[tuple[bool, ...], ...]:
    """The rows as a table: output step by input step."""
    return tuple(tuple(bool(row >> t & 1) for t in range(steps)) for row in rows)


def receptive_field(rows: Rows) -> int | None:
    """The longest span of input steps that one output step depends on; None where none depends on any."""
    spans = [row.bit_length() - (row & -row).bit_length() + 1 for row in rows if row]
    return max(spans, default=None)


def _steps(row: int) -> Iterator[int]:
    while row:
        lowest = row & -row
        yield lowest.bit_length() - 1
        row ^= lowest


def union(masks: Iterable[int]) -> int:
    """One row for all of them."""
    return reduce(or_, masks, 0)

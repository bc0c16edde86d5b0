"""Parameter counts of rows and of the whole model: a tensor is counted where it is first used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tdinspect.domain.trace import LayerRecord, ParameterInfo


@dataclass(frozen=True, slots=True)
class Counts:
    """What a row adds to the totals; bytes at the dtype of each tensor."""

    params: int = 0
    trainable: int = 0
    keras: int = 0
    bytes: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.params + other.params,
            self.trainable + other.trainable,
            self.keras + other.keras,
            self.bytes + other.bytes,
        )


def count_rows(records: Sequence[LayerRecord]) -> list[Counts]:
    """The counts of every record: of a leaf what it adds to the total, of a container the sum over its leaves."""
    seen: set[int] = set()
    own = [_leaf_counts(record, seen) for record in records]
    return [
        _sum(own[j] for j in _inside(records, i)) if record.container else own[i] for i, record in enumerate(records)
    ]


def fixed_in(records: Iterable[LayerRecord], symbols: Iterable[str]) -> tuple[str, ...]:
    """Those of ``symbols`` that no layer's size follows: the parameter count is the same whatever their sizes."""
    follows: frozenset[str] = frozenset().union(*(record.depends_on for record in records))
    return tuple(symbol for symbol in symbols if symbol not in follows)


def _leaf_counts(record: LayerRecord, seen: set[int]) -> Counts:
    new: list[ParameterInfo] = []
    for parameter in record.parameters:
        if parameter.key not in seen:
            seen.add(parameter.key)
            new.append(parameter)
    return Counts(
        params=sum(parameter.count for parameter in new),
        trainable=sum(parameter.count for parameter in new if parameter.trainable),
        keras=0 if record.shared_with else record.keras_params,
        bytes=sum(parameter.bytes for parameter in new),
    )


def _inside(records: Sequence[LayerRecord], index: int) -> Iterable[int]:
    for j in range(index + 1, len(records)):
        if records[j].depth <= records[index].depth:
            return
        if not records[j].container:
            yield j


def _sum(counts: Iterable[Counts]) -> Counts:
    result = Counts()
    for count in counts:
        result = result + count
    return result

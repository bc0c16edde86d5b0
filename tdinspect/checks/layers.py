"""What the rules about layers that ran share."""

from __future__ import annotations

from collections.abc import Iterator

from tdinspect.domain.finding import Finding
from tdinspect.domain.trace import LayerRecord, Trace


def judged(trace: Trace) -> Iterator[LayerRecord]:
    """The rows that ran, each use of a block in its place."""
    return (record for record in trace.layers if record.failure is None)


def found_at(record: LayerRecord, code: str, message: str, help: str | None) -> Finding:
    """A finding at the step's operation."""
    return Finding(code, message, record.op_path, on_key=True, uses=record.uses, help=help)


def is_meant(record: LayerRecord, trace: Trace) -> bool:
    """Whether the step, or a container that it stands in, says what it does to time."""
    around = record.name.split(".")
    names = {".".join(around[:i]) for i in range(1, len(around) + 1)}
    return any(row.time is not None for row in trace.layers if row.name in names)

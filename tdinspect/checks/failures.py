"""What the rules about failing layers share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.domain.location import Path
from tdinspect.domain.size import readable
from tdinspect.domain.spec import show
from tdinspect.domain.trace import Failure, LayerRecord, TensorInfo, Trace


def failed(trace: Trace) -> Iterator[tuple[LayerRecord, Failure]]:
    """The rows whose layer raised."""
    for record in trace.layers:
        if record.failure is not None and not record.failure.reported:
            yield record, record.failure


def shape_text(info: TensorInfo, sizes: Mapping[str, int]) -> str:
    """A shape as reports write it."""
    return f"({', '.join(readable(axis.size, sizes) for axis in info.axes)})"


def place(record: LayerRecord) -> Path:
    """The operation's key; where a step is a bare name, positions fall back on the step."""
    return (*record.path, record.type)


def step_text(record: LayerRecord) -> str:
    """The step as a spec writes it."""
    return f"{record.type}: {show(record.given)}" if record.given else record.type

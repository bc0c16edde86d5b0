"""TD102: a layer takes one step at a time and was given a time axis; under TimeDistributed it works (it was tried)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.failures import failed, wrapped_text
from tdinspect.domain.finding import Finding
from tdinspect.domain.trace import Trace


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """PyTorch's own text, and the wrapped layer ready to paste."""
    for record, failure in failed(trace):
        if failure.other_side is not None and not failure.in_time_distributed:
            message = f"{record.type} takes one step at a time, and this input has a time axis: {failure.error}"
            tried = failure.other_side.text(sizes)
            text = f"run it on every time step (tried: gives {tried})\n{wrapped_text(record)}"
            yield Finding("TD102", message, record.op_path, on_key=True, help=text)

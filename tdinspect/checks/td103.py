"""TD103: a layer under TimeDistributed raised, and without the wrapper it works (it was tried)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.failures import failed, step_text
from tdinspect.domain.finding import Finding
from tdinspect.domain.trace import Trace


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """PyTorch's own text, and the layer without the wrapper."""
    for record, failure in failed(trace):
        if failure.other_side is not None and failure.in_time_distributed:
            message = f"{record.type} fails on single steps: {failure.error}"
            tried = failure.other_side.text(sizes)
            text = f"take it out of TimeDistributed (tried: gives {tried})\n{step_text(record)}"
            yield Finding("TD103", message, record.op_path, on_key=True, help=text)

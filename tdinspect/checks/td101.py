"""TD101: a layer raised in the forward pass, and neither with nor without TimeDistributed does it work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.failures import failed
from tdinspect.domain.finding import Finding
from tdinspect.domain.trace import Trace


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """The layer's own words, and the shape that reached it."""
    for record, failure in failed(trace):
        if failure.other_side is None:
            got = f" on {record.inputs[0].text(sizes)}" if record.inputs else ""
            yield Finding("TD101", f"{record.type} fails{got}: {failure.error}", record.op_path, on_key=True)

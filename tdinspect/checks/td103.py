"""TD103: a layer under TimeDistributed raised, and without the wrapper it works (it was tried)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.failures import failed, step_text
from tdinspect.checks.page import Page
from tdinspect.domain.finding import Finding
from tdinspect.domain.trace import Trace

PAGE = Page(
    "TD103",
    why=(
        "Under TimeDistributed a layer gets single time steps, without a time axis. This one raised on them, and "
        "without the wrapper it works. Layers that work along time themselves, such as a convolution over time, a"
        " recurrence or attention, need the whole sequence and must not be wrapped."
    ),
    bad="""\
input: [B, 3, T]
time_axis: T
layers:
  - TimeDistributed:
      - Conv1d: {in_channels: 3, out_channels: 16, kernel_size: 3}
""",
    good="""\
input: [B, 3, T]
time_axis: T
layers:
  - Conv1d: {in_channels: 3, out_channels: 16, kernel_size: 3}
""",
    fix="Take the layer out of TimeDistributed; the finding shows the step ready to paste.",
)


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """PyTorch's own text, and the layer without the wrapper."""
    for record, failure in failed(trace):
        if failure.other_side is not None and failure.in_time_distributed:
            message = f"{record.type} fails on single steps: {failure.error}"
            tried = failure.other_side.text(sizes)
            text = f"take it out of TimeDistributed (tried: gives {tried})\n{step_text(record)}"
            yield Finding("TD103", message, record.op_path, on_key=True, uses=record.uses, help=text)

"""TD102: a layer takes one step at a time and was given a time axis; under TimeDistributed it works (it was tried)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.failures import failed, wrapped_text
from tdinspect.checks.page import Page
from tdinspect.domain.finding import Finding
from tdinspect.domain.trace import Trace

PAGE = Page(
    "TD102",
    why=(
        "The layer takes one sample per entry of the batch, and here each entry is a sequence of samples: PyTorch"
        " sees an axis too many and raises. The same layer was tried under TimeDistributed, which folds batch and"
        " time into one axis, runs the layer and unfolds again, and that works. The weights are the same at every"
        " step, so the number of parameters does not change."
    ),
    bad="""\
input: [B, T, 3, 64, 64]
time_axis: T
layers:
  - Conv2d: {out_channels: 16, kernel_size: 3}
""",
    good="""\
input: [B, T, 3, 64, 64]
time_axis: T
layers:
  - TimeDistributed:
      - Conv2d: {out_channels: 16, kernel_size: 3}
""",
    fix="Put the layer under TimeDistributed; the finding shows the step ready to paste.",
)


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """PyTorch's own text, and the wrapped layer ready to paste."""
    for record, failure in failed(trace):
        if failure.other_side is not None and not failure.in_time_distributed:
            message = f"{record.type} takes one step at a time, and this input has a time axis: {failure.error}"
            tried = failure.other_side.text(sizes)
            text = f"run it on every time step (tried: gives {tried})\n{wrapped_text(record)}"
            yield Finding("TD102", message, record.op_path, on_key=True, uses=record.uses, help=text)

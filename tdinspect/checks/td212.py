"""TD212: a step that does not do to time what its `time` says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.layers import found_at, judged
from tdinspect.checks.page import Page
from tdinspect.domain.finding import Finding
from tdinspect.domain.trace import LayerRecord, Trace

PAGE = Page(
    "TD212",
    why=(
        "`time:` beside a step states what the step is meant to do to the time axis: `per_step`, `causal`, "
        "`anticausal`, `constant`, `mixes` or `gone`. It is an assertion like one in a test. A convolution with "
        "the same padding on both sides looks one step ahead, for example, so it is not causal, and a model that "
        "answers while the data still comes cannot be built on it."
    ),
    bad="""\
input: [B, 8, T]
time_axis: T
layers:
  - Conv1d: {out_channels: 8, kernel_size: 3, padding: 1}
    time: causal
""",
    good="""\
input: [B, 8, T]
time_axis: T
layers:
  - pad: {pad: [2, 0]}
  - Conv1d: {out_channels: 8, kernel_size: 3}
    time: causal
""",
    fix=(
        "Change the step so that it does what `time` says (pad on the left only for `causal`), or correct what "
        "`time` says."
    ),
)


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """Steps whose `time` was held against what they do; one that says `time` where none arrives, too."""
    for record in judged(trace):
        found = record.facts.time if record.container else record.axes.time if record.axes is not None else None
        if record.time is None or record.time == found or (record.container or record.axes is None) and found is None:
            continue
        if found is None and _has_time_twice(record):
            continue  # the scores of attention, (B, T, T): nobody knows which of the two is meant
        does = f"{record.name} is `{found}`" if found is not None else f"no time arrives at {record.name}"
        help = f"change the step, or write what it does: `time: {found}`" if found is not None else None
        yield found_at(record, "TD212", f"`time: {record.time}` does not hold: {does}", help)


def _has_time_twice(record: LayerRecord) -> bool:
    """Whether two axes of an input carry the same symbol."""
    carried = [[axis.carries for axis in info.axes if len(axis.carries) == 1] for info in record.inputs]
    return any(len(found) > len({*found}) for found in carried)

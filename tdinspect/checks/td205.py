"""TD205: a recurrence or attention under TimeDistributed no longer sees time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.fixes import ways_out
from tdinspect.checks.layers import found_at, judged
from tdinspect.checks.page import Page
from tdinspect.domain.finding import Finding
from tdinspect.domain.sequence import CELLS, SEQUENCE
from tdinspect.domain.size import Size
from tdinspect.domain.trace import LayerRecord, TensorInfo, Trace

PAGE = Page(
    "TD205",
    why=(
        "A recurrence or attention carries information from step to step. Under TimeDistributed every time step "
        "is a sample of its own, so there is nothing to carry: an LSTM starts from zero at each step and "
        "remembers nothing. Recurrences and attention are for the whole sequence; TimeDistributed is for layers "
        "that know one step only."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - TimeDistributed:
      - unsqueeze: 1
      - LSTM: {hidden_size: 16, batch_first: true}
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - LSTM: {hidden_size: 16, batch_first: true}
""",
    fix="Take the recurrence or attention out of TimeDistributed.",
)


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """Recurrences and attention over sequences of one step, and cells that no state comes into."""
    for record in judged(trace):
        if not record.time_distributed or record.axes is None or record.axes.time != "per_step" or record.time:
            continue
        if record.mixes_slices or not _has_nothing_to_carry(record):
            continue
        message = f"{record.type} under TimeDistributed sees one step at a time, so nothing goes from step to step"
        yield found_at(record, "TD205", message, ways_out(record, sizes, "bare"))


def _has_nothing_to_carry(record: LayerRecord) -> bool:
    """Nothing but single steps comes in: no sequence of its own (words of a sentence), no state."""
    if record.type in CELLS:
        return len(record.inputs) == 1
    # Outside the wrapper an input is (B, T, L, F), or (T, L, F) without a batch; without a sequence L is 1.
    return record.type in SEQUENCE and all(_one_step(info) for info in record.inputs)


def _one_step(info: TensorInfo) -> bool:
    return len(info.axes) > 2 and info.axes[-2].size == Size.number(1)

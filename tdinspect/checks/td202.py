"""TD202: a recurrence or an attention that runs along the batch axis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.fixes import ways_out
from tdinspect.checks.layers import found_at, judged
from tdinspect.checks.page import Page
from tdinspect.domain.finding import Finding
from tdinspect.domain.sequence import SEQUENCE
from tdinspect.domain.trace import Trace

PAGE = Page(
    "TD202",
    why=(
        "The recurrences and attention layers of `torch.nn` take (time, batch, features) unless `batch_first` is "
        "true. With (batch, time, features) and no `batch_first` every shape still fits, but the layer takes the "
        "batch for the sequence: one sample's state flows into the next sample, and time steps are treated as "
        "unrelated. Nothing raises, and the model trains badly."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - LSTM: {hidden_size: 16}
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - LSTM: {hidden_size: 16, batch_first: true}
""",
    fix="Add `batch_first: true`, or give the layer its input with time first.",
)


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """Where it runs, and `batch_first` where that was tried and helps."""
    for record in judged(trace):
        if record.type not in SEQUENCE or not record.mixes_samples:
            continue
        help = ways_out(record, sizes, "changed")
        if record.time_distributed and help is None:
            continue  # it takes the folded axis for one sequence: TD204
        shape = record.inputs[0].text(sizes)
        message = f"{record.type} runs along the batch axis of {shape}: what it knows of one sample flows into another"
        yield found_at(record, "TD202", message, help)

"""TD204: folded batch and time are read as one unbatched sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.fixes import ways_out
from tdinspect.checks.layers import found_at, judged
from tdinspect.checks.page import Page
from tdinspect.domain.finding import Finding
from tdinspect.domain.sequence import SEQUENCE
from tdinspect.domain.trace import Trace

PAGE = Page(
    "TD204",
    why=(
        "TimeDistributed folds batch and time into the first axis, and the layer inside sees (batch * time, ...)."
        " Many layers of `torch.nn` take an unbatched sample, too, one axis less. When the fold leaves just that "
        "many axes, the layer takes all samples and steps for one sample and mixes them: the fold becomes its "
        "channels or its sequence. The shape may still look right."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - TimeDistributed:
      - Conv1d: {out_channels: 16, kernel_size: 3}
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - TimeDistributed:
      - unsqueeze: 1
      - Conv1d: {out_channels: 16, kernel_size: 3}
""",
    fix=(
        "Give every step the axes that the layer wants (`unsqueeze` a channel axis inside the wrapper), or take "
        "the layer out of TimeDistributed when it is meant to work along time."
    ),
)


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """Layers of a TimeDistributed that do not keep its slices apart."""
    for record in judged(trace):
        if not record.mixes_slices or record.function:
            continue
        if record.type in SEQUENCE and record.facts.fix("changed") is not None:
            continue  # along the batch for want of `batch_first`: TD202
        shape = record.inputs[0].text(sizes)
        message = f"{record.type} under TimeDistributed takes all samples and steps of {shape} for one, and mixes them"
        yield found_at(record, "TD204", message, ways_out(record, sizes, "bare", "unsqueezed", "changed"))

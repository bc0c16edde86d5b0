"""TD210: an effect of train mode that crosses time or batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.fixes import ways_out
from tdinspect.checks.layers import found_at, judged
from tdinspect.checks.page import Page
from tdinspect.domain.finding import Finding
from tdinspect.domain.trace import Trace

PAGE = Page(
    "TD210",
    why=(
        "Some layers do in train mode what eval mode does not show. Dropout1d, Dropout2d and Dropout3d drop whole"
        " channels, and where time stands in the place of the channels they drop whole steps or frames. BatchNorm"
        " takes its statistics over every axis except the channels, so over time, too. Shapes and eval mode are "
        "the same with and without the wrapper; training is not."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - Dropout1d: 0.5
  - Linear: 10
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - Dropout: 0.5
  - Linear: 10
""",
    fix=(
        "Use the layer that drops single numbers, move the channels to where PyTorch reads them, or wrap the "
        "layer; `tdinspect compare` shows both sides in train mode."
    ),
)


_DOES = {
    "whole frames": "drops whole steps or frames in train mode",
    "batch statistics": "takes its statistics over time in train mode, for each sample its own",
    "own statistics": "takes its statistics over time in train mode, and none in eval mode",
}
_INSTEAD = {
    "whole frames": "`Dropout` drops single numbers",
    "batch statistics": "it takes axis 1 for its channels: bring the channels there",
    "own statistics": "without `track_running_stats` it does the same in both modes",
}


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """What train mode does that eval mode does not show. Where eval mode shows it too, TD201 says it."""
    for record in judged(trace):
        does = _DOES.get(record.facts.train or "")
        if does is None or record.facts.takes_time_for_channels or record.time not in (None, "per_step"):
            continue
        message = f"{record.type} on {record.inputs[0].text(sizes)} {does}"
        help = ways_out(record, sizes, "wrapped", "moved", "framed")
        yield found_at(record, "TD210", message, help or _INSTEAD.get(record.facts.train or ""))

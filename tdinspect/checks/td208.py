"""TD208: a bias right before a normalisation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.fixes import ways_out
from tdinspect.checks.layers import found_at, judged
from tdinspect.checks.page import Page
from tdinspect.domain.finding import Finding
from tdinspect.domain.trace import Trace

PAGE = Page(
    "TD208",
    why=(
        "BatchNorm and InstanceNorm subtract the mean of each channel, and with it any constant that the layer "
        "before has added. So the bias of that layer has no effect in training; the normalisation has a bias of "
        "its own. The bias only costs parameters, memory and optimiser state."
    ),
    bad="""\
input: [B, 3, 64, 64]
layers:
  - Conv2d: {out_channels: 16, kernel_size: 3}
  - BatchNorm2d
""",
    good="""\
input: [B, 3, 64, 64]
layers:
  - Conv2d: {out_channels: 16, kernel_size: 3, bias: false}
  - BatchNorm2d
""",
    fix="Add `bias: false` to the layer before the normalisation.",
)


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """Layers whose result a normalisation alone takes."""
    for record in judged(trace):
        if record.facts.norm is not None and (help := ways_out(record, sizes, "changed")) is not None:
            message = f"{record.facts.norm} takes the mean of every channel away, and with it the bias of {record.type}"
            yield found_at(record, "TD208", message, help)

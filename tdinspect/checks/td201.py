"""TD201: the time axis stands where the layer reads channels or features."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD201",
    why=(
        "PyTorch reads channels or features at a fixed place of the shape, and here the time axis stands there. "
        "The result may have a plausible shape, but the layer has one weight per time step: it mixes steps as if "
        "they were channels, and it works for this one length only. For the same reason a size that was left out "
        "is never read off the time or batch axis: it would be right at one size by chance."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - Conv1d: {out_channels: 16, kernel_size: 3}
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - transpose: {dim0: 1, dim1: 2}
  - Conv1d: {out_channels: 16, kernel_size: 3}
""",
    fix=(
        "Move the axes so that channels are where PyTorch reads them (`transpose`, `permute`), or put a layer "
        "that is meant for single steps under TimeDistributed."
    ),
)

"""TD210: an effect of train mode that crosses time or batch."""

from __future__ import annotations

from tdinspect.checks.page import Page

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

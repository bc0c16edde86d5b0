"""TD208: a bias right before a normalisation."""

from __future__ import annotations

from tdinspect.checks.page import Page

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

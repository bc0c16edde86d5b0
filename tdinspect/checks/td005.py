"""TD005: an argument that does not suit the layer's or function's signature."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD005",
    why=(
        "The arguments are held against the signature of the installed PyTorch before anything is built. One is "
        "unknown, one that has no default is missing, or one has a value of the wrong type. Sizes that the "
        "incoming shape tells (`in_channels`, `in_features`, `input_size`, `num_features` and their like) may be "
        "left out; all others that PyTorch demands must be given."
    ),
    bad="""\
input: [B, 3, 64, 64]
layers:
  - Conv2d: {out_channels: 16, kernel: 3}
""",
    good="""\
input: [B, 3, 64, 64]
layers:
  - Conv2d: {out_channels: 16, kernel_size: 3}
""",
    fix="Use the argument's name in PyTorch, give the missing one, or a value of the type that the message names.",
)

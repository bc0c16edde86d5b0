"""TD204: folded batch and time are read as one unbatched sample."""

from __future__ import annotations

from tdinspect.checks.page import Page

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

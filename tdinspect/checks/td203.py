"""TD203: samples of a batch mix in eval mode."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD203",
    why=(
        "In eval mode the answer for one sample must not depend on which other samples are in the batch. Here a "
        "step works along the batch axis (a softmax, a mean, a reshape that runs samples into each other), so it "
        "does. The shapes look right, and results change with the batch size."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 10
  - softmax: 0
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 10
  - softmax: -1
""",
    fix="Work along another axis (`dim`), and keep the batch axis whole in `reshape` and `flatten`.",
)

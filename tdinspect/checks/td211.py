"""TD211: a layer that normalises or reduces over time."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD211",
    why=(
        "The step works along the time axis: a softmax whose weights sum to one over the steps, a mean or a "
        "pooling over them. For attention that is right. For class scores it is wrong: they should sum to one "
        "over the classes, at each step. The numbers look like probabilities in both cases, so only the intention"
        " tells."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 10
  - softmax: 1
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 10
  - softmax: -1
""",
    fix=(
        "Work along the features (`softmax: -1`), or say that time is meant: `time: mixes` (`time: gone` for a "
        "mean over time) beside the step."
    ),
)

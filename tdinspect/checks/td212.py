"""TD212: a step that does not do to time what its `time` says."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD212",
    why=(
        "`time:` beside a step states what the step is meant to do to the time axis: `per_step`, `causal`, "
        "`anticausal`, `constant`, `mixes` or `gone`. It is an assertion like one in a test. A convolution with "
        "the same padding on both sides looks one step ahead, for example, so it is not causal, and a model that "
        "answers while the data still comes cannot be built on it."
    ),
    bad="""\
input: [B, 8, T]
time_axis: T
layers:
  - Conv1d: {out_channels: 8, kernel_size: 3, padding: 1}
    time: causal
""",
    good="""\
input: [B, 8, T]
time_axis: T
layers:
  - pad: {pad: [2, 0]}
  - Conv1d: {out_channels: 8, kernel_size: 3}
    time: causal
""",
    fix=(
        "Change the step so that it does what `time` says (pad on the left only for `causal`), or correct what "
        "`time` says."
    ),
)

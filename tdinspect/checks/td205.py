"""TD205: a recurrence or attention under TimeDistributed no longer sees time."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD205",
    why=(
        "A recurrence or attention carries information from step to step. Under TimeDistributed every time step "
        "is a sample of its own, so there is nothing to carry: an LSTM starts from zero at each step and "
        "remembers nothing. Recurrences and attention are for the whole sequence; TimeDistributed is for layers "
        "that know one step only."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - TimeDistributed:
      - unsqueeze: 1
      - LSTM: {hidden_size: 16, batch_first: true}
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - LSTM: {hidden_size: 16, batch_first: true}
""",
    fix="Take the recurrence or attention out of TimeDistributed.",
)

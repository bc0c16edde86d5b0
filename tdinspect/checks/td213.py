"""TD213: the last step of a bidirectional recurrence."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD213",
    why=(
        "The output of a bidirectional recurrence at the last step joins two halves. The forward half has seen "
        "the whole sequence; the backward half reads from the end and has seen this one step only. What stands "
        "for the whole sequence is the last state of each direction, which the recurrence gives as the second "
        "part of its result."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - LSTM: {hidden_size: 16, batch_first: true, bidirectional: true}
  - select: {dim: 1, index: -1}
  - Linear: 10
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - LSTM: {hidden_size: 16, batch_first: true, bidirectional: true}
    as: [_, [state, _]]
  - transpose: {dim0: 0, dim1: 1}
    from: state
  - flatten: 1
  - Linear: 10
""",
    fix="Take the final states as in the good example, or reduce the whole sequence (a mean over time).",
)

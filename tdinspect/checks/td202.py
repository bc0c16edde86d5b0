"""TD202: a recurrence or an attention that runs along the batch axis."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD202",
    why=(
        "The recurrences and attention layers of `torch.nn` take (time, batch, features) unless `batch_first` is "
        "true. With (batch, time, features) and no `batch_first` every shape still fits, but the layer takes the "
        "batch for the sequence: one sample's state flows into the next sample, and time steps are treated as "
        "unrelated. Nothing raises, and the model trains badly."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - LSTM: {hidden_size: 16}
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - LSTM: {hidden_size: 16, batch_first: true}
""",
    fix="Add `batch_first: true`, or give the layer its input with time first.",
)

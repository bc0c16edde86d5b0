"""TD302: the model is not the one that the lock file holds."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD302",
    why=(
        "The lock file keeps the shapes and parameters of every spec as they were when it was written. A spec "
        "that now gives others has changed its meaning, on purpose or not: an edit, a var, another version of "
        "PyTorch. Saved weights of the locked model may no longer fit. The spec alone cannot show this; its lock "
        "entry belongs to it."
    ),
    bad="""\
# The lock file was written when the last line was `- Linear: 10`.
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 12
""",
    good="""\
# The lock file was written when the last line was `- Linear: 10`.
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 10
""",
    fix="Take the change back, or write the lock file anew and look at the difference before committing it.",
)

"""TD302: the model is not the one that the lock file holds."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD302",
    why=(
        "`tdinspect lock` writes the shapes, parameters and costs of every spec into a lock file; "
        "`tdinspect check --locked` holds the specs to it. A spec that now gives others has changed its meaning, "
        "on purpose or not: an edit, a var, another version of PyTorch. Saved weights of the locked model may no "
        "longer fit. A spec that has no entry is unguarded, and told too."
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
    fix="Take the change back, or run `tdinspect lock` and look at the difference before committing it.",
)

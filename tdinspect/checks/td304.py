"""TD304: a comment is there to silence a finding, and there is none."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD304",
    why=(
        "An ignore stands for a finding that somebody has looked at and accepted. One that silences nothing was left "
        "behind when the spec changed, names another rule, or stands on another line; it would hide the next finding "
        "of that kind unseen. Ignores of rules that are not selected are left alone, and so are those of a spec that "
        "does not run, as nothing is known of its later rules. A comment does not silence this rule; settings do."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 16 # tdinspect: ignore[TD208]
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - softmax: 1 # tdinspect: ignore[TD211] attention weights
""",
    fix="Remove the comment or the code that is not needed, or move it to the line that the finding points at.",
)

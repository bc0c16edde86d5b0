"""TD301: an `expect` entry that does not hold."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD301",
    why=(
        "`expect` is a test inside the spec: shapes, numbers of parameters, what must stay free, whether the "
        "model is causal. An entry that does not hold means that the model changed, or that it never was what its"
        " author believed. An axis given as a symbol must be that symbol and not merely equal its size."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 10
expect:
  output: [B, T, 12]
  params: 90
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 10
expect:
  output: [B, T, 10]
  params: 90
""",
    fix="Correct the model, or the entry where the change is meant.",
)

"""TD207: a layer whose parameters take no part in the result."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD207",
    why=(
        "The layer is built and run, but nothing of it reaches an output: a later step takes its input from "
        "elsewhere. Its parameters count and take memory, they get no gradient, and `DistributedDataParallel` "
        "refuses them by default. Usually a `from` names the wrong step."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 16
    name: hidden
  - Linear: 10
    from: input
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 16
    name: hidden
  - Linear: 10
    from: hidden
""",
    fix="Let a later step take the value, name it in `outputs`, or remove the layer.",
)

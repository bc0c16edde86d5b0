"""TD003: a value of the wrong type, or one that cannot be."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD003",
    why=(
        "The key is known, but what stands there cannot be its value: a text where a number belongs, a size of "
        "zero, an axis that the input does not have, a list of steps that is empty. A step written as a Python "
        "call, `Conv2d(3, 16, 3)`, is one of these: YAML reads it as a text. Tags (`!!python/object`) and merge "
        "keys (`<<`) are refused with this code, too."
    ),
    bad="""\
input: [B, 3, 64, 64]
layers:
  - Conv2d(3, 16, 3)
""",
    good="""\
input: [B, 3, 64, 64]
layers:
  - Conv2d: {in_channels: 3, out_channels: 16, kernel_size: 3}
""",
    fix="Write a value of the kind that the message names; arguments are a mapping, as in the good example.",
)

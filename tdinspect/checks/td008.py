"""TD008: a limit that protects the machine was passed."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD008",
    why=(
        "A spec may come from anywhere, so everything in it is bounded: the size of the file, the depth of "
        "nesting, values behind aliases, the number of steps and copies, sizes and the numbers in an expression. "
        "A few bytes of YAML can otherwise ask for more memory than there is. Real models stay far below these "
        "limits, so this is nearly always a slip, such as an alias inside itself or a digit too many."
    ),
    bad="""\
input: [B, T, 8]
layers:
  - Linear: $(2 ** 10 ** 9)
""",
    good="""\
input: [B, T, 8]
layers:
  - Linear: $(2 ** 10)
""",
    fix="Make the number smaller, or split the file; the message names the limit, and settings may raise some of them.",
)

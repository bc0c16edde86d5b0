"""TD002: a key that the spec language does not have."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD002",
    why=(
        "A spec, a step, a container and each of their parts have a fixed set of keys. A key outside of it is "
        "never ignored, because a misspelt `trainable` or `from` that nobody reads would give a different model "
        "without a word. Arguments of a layer are not keys of the step: they stand below the layer's name."
    ),
    bad="""\
input: [B, T, 8]
layers:
  - Linear: 10
    nmae: head
""",
    good="""\
input: [B, T, 8]
layers:
  - Linear: 10
    name: head
""",
    fix="Write the nearest known key, which the message names, or indent a layer's arguments below the layer.",
)

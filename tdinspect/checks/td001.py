"""TD001: the text is not YAML."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD001",
    why=(
        "The file could not be read as YAML 1.2, so nothing about the model is known yet. Most often a bracket or"
        " a quote is not closed, a line is indented unlike its siblings, or a colon is missing after a step that "
        "has other keys below it. The position is where the reader stopped; the mistake is there or on the line "
        "before."
    ),
    bad="""\
input: [B, T, 8
layers:
  - Linear: 10
""",
    good="""\
input: [B, T, 8]
layers:
  - Linear: 10
""",
    fix=(
        "Close the bracket or quote, indent the line like its siblings, or write the colon: `- ReLU:` when keys "
        "follow below it."
    ),
)

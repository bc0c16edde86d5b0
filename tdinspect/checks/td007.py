"""TD007: a name or a key that is there twice."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD007",
    why=(
        "A second definition would silently replace the first. A YAML key may stand once in its mapping, a step's"
        " name once in its scope, and a var may not have the name of a size. A block may not be named like a "
        "class of `torch.nn` or a container either, because a reader could not tell which of them a step means."
    ),
    bad="""\
input: [B, T, 8]
layers:
  - Linear: 10
    name: head
  - Linear: 5
    name: head
""",
    good="""\
input: [B, T, 8]
layers:
  - Linear: 10
    name: hidden
  - Linear: 5
    name: head
""",
    fix="Rename one of the two, or remove the one that is not meant.",
)

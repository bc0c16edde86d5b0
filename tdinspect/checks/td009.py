"""TD009: a dotted path whose package is not allowed."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD009",
    why=(
        "A step with a dot in its name (`mylayers.Gate`) is a module class, or a function that returns a module, "
        "from a Python package. Importing a package runs its code, and a spec alone must not be able to do that. "
        "So nothing is imported unless you name the package yourself: the permission is on the command line, "
        "never in the spec."
    ),
    bad="""\
input: [B, T, 8]
layers:
  - mylayers.Gate: {features: 8}
""",
    good="""\
# With mylayers.py in the current folder:
#   tdinspect shape model.yaml --allow-import mylayers
input: [B, T, 8]
layers:
  - mylayers.Gate: {features: 8}
""",
    fix="If you trust the package, add `--allow-import mylayers`; else use a layer of `torch.nn`.",
    allow=("mylayers",),
)

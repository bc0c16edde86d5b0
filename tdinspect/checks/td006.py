"""TD006: a name that nothing defines."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD006",
    why=(
        "Something is asked for by name, and nothing before it has that name: a step or input in `from` or "
        "`share`, a var or size in `$name`, a symbol in `time_axis` or `sizes`, a block. A step sees the inputs, "
        "earlier steps and the names in their `as`, never later ones. Into a TimeDistributed or a Recurrent, "
        "values come only through the container's own `from`."
    ),
    bad="""\
input: [B, T, 8]
layers:
  - Linear: 10
    name: encoded
  - ReLU:
    from: encodd
""",
    good="""\
input: [B, T, 8]
layers:
  - Linear: 10
    name: encoded
  - ReLU:
    from: encoded
""",
    fix=(
        "Correct the name (the message lists those that are known here), or define it earlier with `name`, `as`, "
        "`vars` or `blocks`."
    ),
)

"""TD209: only part 0 of a tuple result flows on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.layers import found_at, judged
from tdinspect.checks.page import Page
from tdinspect.domain.finding import Finding
from tdinspect.domain.trace import Trace

PAGE = Page(
    "TD209",
    why=(
        "The step gives a tuple, and without `as` the next step takes its part 0; the other parts are dropped "
        "without a word. That is the rule of the language, but a reader may not know it. It is not said for the "
        "recurrences of `torch.nn` and MultiheadAttention, where part 0 is the output that everybody means."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - topk: 3
  - Linear: 10
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - topk: 3
    as: [best, _]
  - Linear: 10
""",
    fix="Name the parts with `as`; `_` says that a part is dropped on purpose.",
)


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """Steps with a tuple of which nothing but part 0 is taken, and no `as` that says so."""
    for record in judged(trace):
        dropped = record.facts.dropped
        if dropped:
            message = f"{record.type} gives {dropped + 1} parts, and only part 0 flows on"
            names = ", ".join(["a", *["_"] * dropped])
            yield found_at(record, "TD209", message, f"say so, or name the parts: `as: [{names}]`")

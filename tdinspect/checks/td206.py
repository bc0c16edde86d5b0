"""TD206: a whole TimeDistributed that changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.layers import found_at, judged
from tdinspect.checks.page import Page
from tdinspect.domain.finding import Finding
from tdinspect.domain.trace import Trace

PAGE = Page(
    "TD206",
    why=(
        "Linear, LayerNorm, ReLU and other layers work on the last axis or on each number alone, whatever stands "
        "before it. On such layers TimeDistributed gives the same shapes and the same values with the same "
        "parameters. It is no mistake, only a wrapper that a reader has to think about; in Keras, where it came "
        "from, it may be needed."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - TimeDistributed:
      - Linear: 10
      - ReLU
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 10
  - ReLU
""",
    fix="Leave the wrapper out, or keep it where it tells the reader something.",
)


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """Wrappers whose steps were held, one by one, against the same step without the wrapper."""
    for record in judged(trace):
        if record.facts.needless:
            message = "every step in this TimeDistributed gives the same without it"
            yield found_at(record, "TD206", message, "it can go; it may stay for the reader's sake")

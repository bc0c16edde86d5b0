"""TD203: samples of a batch mix in eval mode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.fixes import ways_out
from tdinspect.checks.layers import found_at, judged
from tdinspect.checks.page import Page
from tdinspect.domain.finding import Finding
from tdinspect.domain.sequence import SEQUENCE
from tdinspect.domain.trace import Trace

PAGE = Page(
    "TD203",
    why=(
        "In eval mode the answer for one sample must not depend on which other samples are in the batch. Here a "
        "step works along the batch axis (a softmax, a mean, a reshape that runs samples into each other), so it "
        "does. The shapes look right, and results change with the batch size."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 10
  - softmax: 0
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 10
  - softmax: -1
""",
    fix="Work along another axis (`dim`), and keep the batch axis whole in `reshape` and `flatten`.",
)


_VIEWS = ("reshape", "view", "flatten", "unflatten", "Flatten", "Unflatten")
_ORDER = "axes are cut and joined in the order in which they stand: `transpose` or `permute` them first"


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """Layers and functions; what TD202 and TD204 say of recurrences, attention and folded layers is not said again."""
    for record in judged(trace):
        shape = record.inputs[0].text(sizes) if record.inputs else "nothing"
        if record.facts.samples_meet:
            message = f"{record.type} on {shape} lets samples meet: an earlier step has joined them in another order"
            yield found_at(record, "TD203", message, _ORDER)
        if record.facts.joins_samples:
            continue
        if not record.mixes_samples or record.type in SEQUENCE or (record.mixes_slices and not record.function):
            continue
        message = f"{record.type} on {shape} lets one sample of the batch follow another, in eval mode too"
        help = ways_out(record, sizes, "changed", "permuted", "unsqueezed") or (
            _ORDER if record.type in _VIEWS else None
        )
        yield found_at(record, "TD203", message, help)

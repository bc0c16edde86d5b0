"""TD211: a layer that normalises or reduces over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.fixes import ways_out
from tdinspect.checks.layers import found_at, is_meant, judged
from tdinspect.checks.page import Page
from tdinspect.domain.finding import Finding
from tdinspect.domain.trace import LayerRecord, Trace

PAGE = Page(
    "TD211",
    why=(
        "The step works along the time axis: a softmax whose weights sum to one over the steps, a mean or a "
        "pooling over them. For attention that is right. For class scores it is wrong: they should sum to one "
        "over the classes, at each step. The numbers look like probabilities in both cases, so only the intention"
        " tells."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 10
  - softmax: 1
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 10
  - softmax: -1
""",
    fix=(
        "Work along the features (`softmax: -1`), or say that time is meant: `time: mixes` (`time: gone` for a "
        "mean over time) beside the step."
    ),
)


_PRODUCTS = ("bmm", "matmul", "baddbmm", "einsum")  # weighted sums, with weights that an earlier step gave
_POOLS = ("MaxPool", "AvgPool", "LPPool", "FractionalMaxPool", "AdaptiveAvgPool", "AdaptiveMaxPool")
_POOL_FUNCTIONS = ("max_pool", "avg_pool", "lp_pool", "adaptive_avg_pool", "adaptive_max_pool")


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """Softmaxes, norms, reductions and pools along time, where no `time` says that they are meant."""
    for record in judged(trace):
        does = _does(record)
        if does is None or record.mixes_samples or record.mixes_slices or is_meant(record, trace):
            continue
        time = record.axes.time if record.axes is not None else None
        message = f"{record.type} on {record.inputs[0].text(sizes)} {does} over time"
        meant = f"write `time: {time}` beside the step if that is meant"
        other = ways_out(record, sizes, "changed")
        yield found_at(record, "TD211", message, meant if other is None else f"{meant}; else {other}")


def _does(record: LayerRecord) -> str | None:
    """What a step that takes several steps of time at once does with them."""
    effect, axes = record.effect, record.axes
    if effect is None or axes is None or axes.time in (None, "constant"):
        return None
    if effect.why in ("normalised", "reduced") and record.type not in _PRODUCTS:
        return "normalises" if effect.why == "normalised" else "reduces"
    several = any(row.bit_count() > 1 for rows in effect.links.values() for row in rows)
    pools = record.type.startswith(_POOL_FUNCTIONS if record.function else _POOLS)
    return "pools" if pools and several else None

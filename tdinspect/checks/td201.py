"""TD201: the time axis stands where the layer reads channels or features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.fixes import ways_out
from tdinspect.checks.layers import found_at, judged
from tdinspect.checks.page import Page
from tdinspect.domain.finding import Finding
from tdinspect.domain.trace import LayerRecord, Trace

PAGE = Page(
    "TD201",
    why=(
        "PyTorch reads channels or features at a fixed place of the shape, and here the time axis stands there. "
        "The result may have a plausible shape, but the layer has one weight per time step: it mixes steps as if "
        "they were channels, and it works for this one length only. For the same reason a size that was left out "
        "is never read off the time or batch axis: it would be right at one size by chance."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - Conv1d: {out_channels: 16, kernel_size: 3}
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - transpose: {dim0: 1, dim1: 2}
  - Conv1d: {out_channels: 16, kernel_size: 3}
""",
    fix=(
        "Move the axes so that channels are where PyTorch reads them (`transpose`, `permute`), or put a layer "
        "that is meant for single steps under TimeDistributed. Where it is meant, say so: `time: gone` beside a "
        "Flatten of a whole window, `time: mixes` beside a layer that mixes steps on purpose."
    ),
)


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """What the layer takes the time axis for, and the way out that was tried."""
    for record in judged(trace):
        if record.facts.steps_meet and record.time in (None, "per_step"):
            shape = record.inputs[0].text(sizes)
            message = f"{record.type} of {shape} runs steps into each other, as if they were channels"
            yield found_at(record, "TD201", message, ways_out(record, sizes, "permuted"))
        if not record.facts.takes_time_for_channels or record.time not in (None, "per_step"):
            continue
        effect = record.effect
        why = "features" if effect is not None and effect.why == "features" else "channels"
        shape = record.inputs[0].text(sizes)
        message = f"{record.type} takes the time axis of {shape} for its {why}{_and_so(record)}"
        yield found_at(record, "TD201", message, ways_out(record, sizes, "wrapped", "moved", "framed"))


def _and_so(record: LayerRecord) -> str:
    time = None if record.axes is None else record.axes.time
    if time == "gone":
        return ": the steps are no longer apart"
    if time == "per_step":
        if record.effect is not None and not record.effect.alike:
            return ": every step has weights of its own"
        upsampling = record.type.startswith("Upsampl")
        return ": its own channels are taken for space" if upsampling else ": the number of steps changes"
    return ": it mixes steps"

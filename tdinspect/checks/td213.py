"""TD213: the last step of a bidirectional recurrence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.layers import found_at, is_meant, judged
from tdinspect.checks.page import Page
from tdinspect.domain.finding import Finding
from tdinspect.domain.trace import LayerRecord, Trace

PAGE = Page(
    "TD213",
    why=(
        "The output of a bidirectional recurrence at the last step joins two halves. The forward half has seen "
        "the whole sequence; the backward half reads from the end and has seen this one step only. What stands "
        "for the whole sequence is the last state of each direction, which the recurrence gives as the second "
        "part of its result."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - LSTM: {hidden_size: 16, batch_first: true, bidirectional: true}
  - select: {dim: 1, index: -1}
  - Linear: 10
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - LSTM: {hidden_size: 16, batch_first: true, bidirectional: true}
    as: [_, [state, _]]
  - transpose: {dim0: 0, dim1: 1}
    from: state
  - flatten: 1
  - Linear: 10
""",
    fix=(
        "Take the final states as in the good example, or reduce the whole sequence (a mean over time). Where the last "
        "step is meant, say so beside it: `time: gone`."
    ),
)


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """Steps that take the last step of the sequence that a bidirectional recurrence gave."""
    rows = {record.name: record for record in trace.layers}
    for record in judged(trace):
        source = record.facts.last_step_of
        if source is None or is_meant(record, trace):
            continue
        message = f"at the last step the backward half of {source} has seen that step only"
        yield found_at(record, "TD213", message, _help(rows[source]))


def _help(source: LayerRecord) -> str | None:
    """The states, where they follow every step."""
    effect = source.effect
    rows = () if effect is None else effect.links.get((1, 0), ())
    if not rows or any(row.bit_count() < 2 or row & (row + 1) for row in rows):
        return None
    name = source.name.rpartition(".")[2]
    parts = "[_, [state, _]]" if source.type == "LSTM" else "[_, state]"
    return (
        f"take the last state of each direction (`as: {parts}` beside {name}; its last two are the directions of the"
        " last layer), or reduce the whole sequence"
    )

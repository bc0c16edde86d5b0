"""TD207: a layer whose parameters take no part in the result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.layers import found_at, judged
from tdinspect.checks.page import Page
from tdinspect.domain.finding import Finding
from tdinspect.domain.trace import Trace

PAGE = Page(
    "TD207",
    why=(
        "The layer is built and run, but nothing of it reaches an output: a later step takes its input from "
        "elsewhere. Its parameters count and take memory, they get no gradient, and `DistributedDataParallel` "
        "refuses them by default. Usually a `from` names the wrong step."
    ),
    bad="""\
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 16
    name: hidden
  - Linear: 10
    from: input
""",
    good="""\
input: [B, T, 8]
time_axis: T
layers:
  - Linear: 16
    name: hidden
  - Linear: 10
    from: hidden
""",
    fix="Let a later step take the value, name it in `outputs`, or remove the layer.",
)


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """Layers with parameters of their own from which no way leads to an output."""
    for record in judged(trace):
        if record.facts.used or record.shared_with is not None:
            continue
        inside = [row for row in trace.layers if row.name == record.name or row.name.startswith(f"{record.name}.")]
        count = sum(parameter.count for row in inside for parameter in row.parameters)
        if count:
            parameters = "1 parameter takes" if count == 1 else f"{count:,} parameters take"
            message = f"nothing takes the result of {record.name}: its {parameters} no part in the outputs"
            help = f"read it in a later step (`from: {record.name}`), name it in `outputs`, or remove the step"
            yield found_at(record, "TD207", message, help)

"""TD101: a layer raised in the forward pass, and neither with nor without TimeDistributed does it work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdinspect.checks.failures import failed
from tdinspect.checks.page import Page
from tdinspect.domain.finding import Finding
from tdinspect.domain.trace import Trace

PAGE = Page(
    "TD101",
    why=(
        "The layer was built, and its forward pass raised on the shape that arrived. The message has PyTorch's "
        "own text and the shape. It was tried with and without TimeDistributed, and neither works, so the wrapper"
        " is not the question: usually an image is smaller than the kernel, or a size given in the spec is not "
        "the one that arrives. The steps after it are not run."
    ),
    bad="""\
input: [B, 3, 4, 4]
layers:
  - Conv2d: {out_channels: 16, kernel_size: 7}
""",
    good="""\
input: [B, 3, 4, 4]
layers:
  - Conv2d: {out_channels: 16, kernel_size: 7, padding: 3}
""",
    fix=(
        "Compare the shape in the message with what the layer takes, and change the layer or the step before it; "
        "`tdinspect shape` shows every shape up to it."
    ),
)


def check(trace: Trace, sizes: Mapping[str, int]) -> Iterator[Finding]:
    """The layer's own words, and the shape that reached it."""
    for record, failure in failed(trace):
        if failure.other_side is None:
            shapes = [info.text(sizes) for info in record.inputs]
            got = f" on {', '.join(shapes)}" if shapes else ""
            message = f"{record.type} fails{got}: {failure.error}"
            help = failure.contradiction
            yield Finding("TD101", message, record.op_path, on_key=True, help=help, uses=record.uses)

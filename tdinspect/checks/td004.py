"""TD004: an operation that is neither a layer nor a function that specs may use."""

from __future__ import annotations

from tdinspect.checks.page import Page

PAGE = Page(
    "TD004",
    why=(
        "A step in CamelCase is a class of `torch.nn`, a container or a block of the spec; a step in lower case "
        "is a tensor function from a closed list. Names are those of PyTorch, letter by letter, so `Conv2D` and "
        "`Dense` are unknown. Functions outside the list are refused even if PyTorch has them, because a spec "
        "must never be able to read, write or run anything."
    ),
    bad="""\
input: [B, 3, 64, 64]
layers:
  - Conv2D: {out_channels: 16, kernel_size: 3}
""",
    good="""\
input: [B, 3, 64, 64]
layers:
  - Conv2d: {out_channels: 16, kernel_size: 3}
""",
    fix="Use the name that the message suggests, or PyTorch's name of the layer (`Dense` of Keras is `Linear`).",
)

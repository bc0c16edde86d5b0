"""Any convolution, pool, padding or upsampling along time, at any length: known as runs show it."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tdinspect.running.dependence.effects import known_effect
from tdinspect.running.dependence.probe import probed_effect
from tdinspect.running.transfer import LayerError
from tests.running.effects.leaves import info_of, leaf_of, world_of

STEPS = st.integers(4, 9)
quick = settings(max_examples=40, deadline=None)


def holds(name: str, arguments: dict[str, Any], shape: list[int | str], steps: int) -> None:
    """What is known is what runs show; arguments that the layer refuses are left out."""
    sizes = {"B": 2, "T": steps}
    try:
        leaf = leaf_of(name, arguments, [info_of(shape)], sizes=sizes)
    except (LayerError, ValueError, RuntimeError):
        assume(False)
    assume(0 not in leaf.outputs[0].shape(sizes))
    world = world_of(sizes)
    known, shown = known_effect(leaf, world, sizes), probed_effect(leaf, world, sizes, {})
    if shown is None:  # no output of this length
        return
    assert known is not None
    assert (shown.links, shown.samples) == (known.links, known.samples)


@quick
@given(
    steps=STEPS,
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 2),
    padding=st.one_of(st.integers(0, 3), st.just("same")),
    mode=st.sampled_from(["zeros", "reflect", "replicate", "circular"]),
)
def test_any_convolution(steps: int, kernel: int, stride: int, dilation: int, padding: int | str, mode: str) -> None:
    settings = {"kernel_size": kernel, "stride": stride, "dilation": dilation, "padding": padding, "padding_mode": mode}
    holds("Conv1d", {"in_channels": 2, "out_channels": 3, **settings}, ["B", 2, "T"], steps)


@quick
@given(
    steps=STEPS,
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 2),
    padding=st.integers(0, 2),
    more=st.integers(0, 2),
)
def test_any_transposed_convolution(
    steps: int, kernel: int, stride: int, dilation: int, padding: int, more: int
) -> None:
    settings = {"kernel_size": kernel, "stride": stride, "dilation": dilation, "padding": padding}
    arguments = {"in_channels": 2, "out_channels": 3, "output_padding": min(more, stride - 1), **settings}
    holds("ConvTranspose1d", arguments, ["B", 2, "T"], steps)


@quick
@given(
    steps=STEPS,
    kernel=st.integers(1, 4),
    stride=st.one_of(st.none(), st.integers(1, 3)),
    cut=st.booleans(),
    name=st.sampled_from(["MaxPool2d", "AvgPool2d"]),
    padded=st.booleans(),
)
def test_any_pool(steps: int, kernel: int, stride: int | None, cut: bool, name: str, padded: bool) -> None:
    strides = {} if stride is None else {"stride": (stride, 1)}
    padding = (kernel // 2 if padded else 0, 0)
    holds(name, {"kernel_size": (kernel, 2), "ceil_mode": cut, "padding": padding, **strides}, ["B", 2, "T", 3], steps)


@quick
@given(
    steps=STEPS,
    before=st.integers(-2, 3),
    after=st.integers(-2, 3),
    name=st.sampled_from(["Zero", "Reflection", "Replication", "Circular"]),
)
def test_any_padding(steps: int, before: int, after: int, name: str) -> None:
    low = 0 if name != "Zero" else -2
    holds(f"{name}Pad1d", {"padding": (max(before, low), max(after, low))}, ["B", 2, "T"], steps)

"""The reported shapes are held against real passes of independently built PyTorch at real sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tdinspect.domain.report import SpecReport
from tdinspect.pipeline import Request, Source, execute
from tests.architectures import images, sequences

SPECS = Path(__file__).parent.parent.parent / "specs"

Step = dict[str, Any]


def report_of(shape: list[int | str], sizes: dict[str, int], steps: list[Step], time_axis: str | None) -> SpecReport:
    import json

    spec = {"input": shape, "sizes": sizes, "layers": steps}
    if time_axis:
        spec["time_axis"] = time_axis
    [report] = execute(Request("shape", (Source("generated.yaml", json.dumps(spec)),))).specs
    return report


# One frame at a time: the step for the spec, and the same layer built by hand for C channels and HxW frames.
FRAME_LAYERS = st.one_of(
    st.builds(
        lambda out, k, s, p: {"Conv2d": {"out_channels": out, "kernel_size": k, "stride": s, "padding": p}},
        st.integers(1, 5), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2),
    ),
    st.builds(
        lambda k, s, c: {"MaxPool2d": {"kernel_size": k, "stride": s, "ceil_mode": c}},
        st.integers(2, 3), st.integers(1, 3), st.booleans(),
    ),
    st.builds(lambda k: {"AvgPool2d": k}, st.integers(1, 4)),
    st.builds(lambda k: {"Upsample": {"scale_factor": k}}, st.integers(1, 3)),
    st.builds(
        lambda out, s: {"ConvTranspose2d": {"out_channels": out, "kernel_size": 3, "stride": s}},
        st.integers(1, 4), st.integers(1, 2),
    ),
    st.builds(lambda n: {"AdaptiveAvgPool2d": n}, st.integers(1, 5)),
    st.builds(lambda n: {"ZeroPad2d": n}, st.integers(0, 2)),
    st.sampled_from(["ReLU", "BatchNorm2d", "Dropout", {"Softmax": 1}, {"PixelShuffle": 1}, {"GroupNorm": 1}]),
)  # fmt: skip


def by_hand(step: Step | str, x: torch.Tensor) -> nn.Module:
    """The same layer from torch.nn itself, its channels read from ``x``."""
    name: str
    value: Any
    name, value = (step, None) if isinstance(step, str) else next(iter(step.items()))
    channels = x.shape[1]
    if name in ("Conv2d", "ConvTranspose2d"):
        return getattr(nn, name)(channels, **value)  # type: ignore[no-any-return]
    if name == "Upsample":
        return nn.Upsample(**value)
    if name == "BatchNorm2d":
        return nn.BatchNorm2d(channels)
    if name == "GroupNorm":
        return nn.GroupNorm(value, channels)
    if isinstance(value, dict):
        return getattr(nn, name)(**value)  # type: ignore[no-any-return]
    return getattr(nn, name)(*([] if value is None else [value]))  # type: ignore[no-any-return]


def real_shapes(steps: list[Step | str], x: torch.Tensor) -> list[tuple[int, ...]] | None:
    """What a real pass gives after each layer, or None where one raises."""
    shapes = []
    for step in steps:
        try:
            x = by_hand(step, x).eval()(x)
        except (RuntimeError, ValueError):
            return None
        shapes.append(tuple(x.shape))
    return shapes


@settings(max_examples=120, deadline=None)
@given(
    steps=st.lists(FRAME_LAYERS, min_size=1, max_size=6),
    batch=st.integers(1, 3),
    time=st.integers(1, 4),
    height=st.integers(4, 20),
    width=st.integers(4, 20),
    wrapped=st.booleans(),
)
def test_every_reported_shape_is_that_of_a_real_pass(
    steps: list[Step | str], batch: int, time: int, height: int, width: int, wrapped: bool
) -> None:
    sizes = {"B": batch, "H": height, "W": width} | ({"T": time} if wrapped else {})
    shape: list[int | str] = ["B", "T", 3, "H", "W"] if wrapped else ["B", 3, "H", "W"]
    layers: Any = [{"TimeDistributed": steps}] if wrapped else steps
    report = report_of(shape, sizes, layers, "T" if wrapped else None)
    real = real_shapes(steps, torch.randn(batch * (time if wrapped else 1), 3, height, width))
    if real is None:
        assert not report.ok
        return
    lead = (batch, time) if wrapped else (batch,)
    rows = [row for row in report.layers if not row.container]
    assert [(*lead, *found[1:]) for found in real] == [row.output.sizes for row in rows if row.output]
    assert report.ok


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(FRAME_LAYERS, min_size=1, max_size=5),
    height=st.integers(6, 24),
    width=st.integers(6, 24),
    other=st.tuples(st.integers(1, 4), st.integers(1, 40), st.integers(1, 40)),
)
def test_the_formulas_hold_at_sizes_that_were_not_used_to_find_them(
    steps: list[Step | str], height: int, width: int, other: tuple[int, int, int]
) -> None:
    report = report_of(["B", 3, "H", "W"], {"B": 2, "H": height, "W": width}, steps, None)  # type: ignore[arg-type]
    batch, more_height, more_width = other
    names = {"B": batch, "H": height + more_height, "W": width + more_width}
    real = real_shapes(steps, torch.randn(batch, 3, names["H"], names["W"]))
    here = real_shapes(steps, torch.randn(2, 3, height, width))
    assert report.ok == (here is not None), report.findings
    if here is None or real is None:
        return
    for row, shape in zip(report.layers, real, strict=True):
        assert row.output is not None
        assert shape == tuple(eval(symbol, {}, dict(names)) for symbol in row.output.symbols)


SEQUENCE_LAYERS = st.one_of(
    st.builds(
        lambda kind, h, n, two: {kind: {"hidden_size": h, "num_layers": n, "bidirectional": two, "batch_first": True}},
        st.sampled_from(["LSTM", "GRU", "RNN"]), st.integers(1, 6), st.integers(1, 2), st.booleans(),
    ),
    st.builds(lambda n: {"Linear": n}, st.integers(1, 7)),
    st.just({"TimeDistributed": [{"Linear": 6}, "Tanh"]}),
    st.just("LayerNorm"),
    st.just({"TransformerEncoderLayer": {"nhead": 1, "dim_feedforward": 8, "batch_first": True}}),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(SEQUENCE_LAYERS, min_size=1, max_size=5),
    batch=st.integers(1, 4),
    time=st.integers(1, 9),
    features=st.integers(1, 8),
)
def test_time_and_batch_survive_sequence_layers(steps: list[Any], batch: int, time: int, features: int) -> None:
    report = report_of(["B", "T", features], {"B": batch, "T": time}, steps, "T")
    assert report.ok, report.findings
    for row in report.layers:
        assert row.output is not None
        assert ("B", "T") == row.output.symbols[:2]
        assert (1, 0) == (row.output.time, row.output.batch)
        assert (batch, time) == row.output.sizes[:2]


@pytest.mark.parametrize("device", ["auto", "cpu", "meta"])
def test_the_engines_agree_on_every_spec(device: Any) -> None:
    large = {*images.ARCHITECTURES, *sequences.ARCHITECTURES}  # tests/architectures runs these for real, on values
    paths = sorted(path for path in SPECS.glob("*.yaml") if path.stem not in large - {"tcn", "attention_decoder"})
    assert paths
    for path in paths:
        source = Source(str(path), path.read_bytes())
        [other] = execute(Request("shape", (source,), device=device)).specs
        [usual] = execute(Request("shape", (source,))).specs
        assert usual.layers == other.layers
        assert usual.outputs == other.outputs

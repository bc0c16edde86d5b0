"""Literal reports: what the pipeline would hand to a format."""

from __future__ import annotations

from dataclasses import replace

from tdinspect.domain.finding import Finding
from tdinspect.domain.location import Position
from tdinspect.domain.report import LayerRow, Report, Shape, SpecReport, TensorRow, Totals
from tdinspect.domain.trace import Comparison, FirstFailure, Outcome

CONV_ERROR = (
    "RuntimeError: Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [5, 3, 3, 256, 256]"
)


def symbolic(*symbols: str, sizes: tuple[int, ...]) -> Shape:
    """A shape whose axes 0 and 1 are B and T."""
    return Shape(sizes, symbols, time=1, batch=0)


def numeric(*sizes: int, time: int | None = None, batch: int | None = None) -> Shape:
    """A shape of plain numbers."""
    return Shape(sizes, tuple(str(size) for size in sizes), time=time, batch=batch)


def tensor(name: str, *shape: int, trainable: bool = True) -> TensorRow:
    """A float32 parameter."""
    count = 1
    for size in shape:
        count *= size
    return TensorRow(name, shape, count, 4 * count, trainable)


def leaf(name: str, type_: str, summary: str, *tensors: TensorRow, **more: object) -> LayerRow:
    """A leaf layer; its counts are those of its tensors."""
    count = sum(item.params for item in tensors)
    row = LayerRow(
        name=name, type=type_, path=f"layers[{name}]", line=None, depth=0, container=False, function=False,
        time_distributed=False, summary=summary, inferred={}, input=None, output=None, params=count,
        trainable_params=sum(item.params for item in tensors if item.trainable), keras_params=count,
        param_bytes=4 * count, tensors=tensors,
    )  # fmt: skip
    return replace(row, **more)  # type: ignore[arg-type]


def container(name: str, type_: str, *children: LayerRow, **more: object) -> tuple[LayerRow, ...]:
    """A container's row and, after it, its children one level deeper."""
    deeper = tuple(
        replace(row, depth=row.depth + 1, name=f"{name}.{row.name}", time_distributed=type_ == "TimeDistributed")
        for row in children
    )
    leaves = [row for row in deeper if not row.container]
    entering = children[0].input
    clock = None if type_ != "TimeDistributed" or entering is None else entering.time
    row = replace(
        leaf(name, type_, type_), container=True,
        steps=None if clock is None or entering is None else entering.symbols[clock],
        input=children[0].input, output=children[-1].output,
        params=sum(row.params for row in leaves), trainable_params=sum(row.trainable_params for row in leaves),
        keras_params=sum(row.keras_params for row in leaves), param_bytes=sum(row.param_bytes for row in leaves),
    )  # fmt: skip
    return (replace(row, **more), *deeper)  # type: ignore[arg-type]


def spec(name: str, layers: tuple[LayerRow, ...], **more: object) -> SpecReport:
    """A spec whose totals are the sums over its leaves."""
    leaves = [row for row in layers if not row.container]
    totals = Totals(
        params=sum(row.params for row in leaves),
        trainable_params=sum(row.trainable_params for row in leaves),
        keras_params=sum(row.keras_params for row in leaves),
        param_bytes=sum(row.param_bytes for row in leaves),
    )
    report = SpecReport(file=f"specs/{name}.yaml", name=name.replace("_", "-"), layers=layers, totals=totals)
    return replace(report, **more)  # type: ignore[arg-type]


def _frames(*rest: int) -> Shape:
    return symbolic("B", "T", *(str(size) for size in rest), sizes=(2, 16, *rest))


CONV = leaf(
    "conv2d_1", "Conv2d", "Conv2d 3→16 k3 p1", tensor("weight", 16, 3, 3, 3), tensor("bias", 16), line=8,
    inferred={"in_channels": 3}, input=_frames(3, 64, 64), output=_frames(16, 64, 64), formula="16*3*3*3 + 16",
    comparison=Comparison(
        "bare_error", "wrapped", "Conv2d takes one frame at a time",
        Outcome(None, CONV_ERROR.replace("[5, 3, 3, 256, 256]", "[2, 16, 3, 64, 64]")),
        Outcome((2, 16, 16, 64, 64), None, ("B", "T", "16", "64", "64"), 1), None,
    ),
)  # fmt: skip
RELU = leaf(
    "relu_1", "ReLU", "ReLU", line=9, input=_frames(16, 64, 64), output=_frames(16, 64, 64),
    comparison=Comparison(
        "same", "either", "every number is worked on by itself",
        Outcome((2, 16, 16, 64, 64), None, ("B", "T", "16", "64", "64"), 1),
        Outcome((2, 16, 16, 64, 64), None, ("B", "T", "16", "64", "64"), 1), 0.0,
    ),
)  # fmt: skip
FLATTEN = leaf(
    "flatten_1", "Flatten", "Flatten", line=10, input=_frames(16, 64, 64), output=_frames(65536),
    comparison=Comparison(
        "shape_differs", "wrapped", "without it, time is swallowed",
        Outcome((2, 1048576), None, ("B", "65536*T")), Outcome((2, 16, 65536), None, ("B", "T", "65536"), 1), None,
    ),
)  # fmt: skip
LSTM = leaf(
    "lstm_1", "LSTM", "LSTM 65536→128", tensor("weight_ih_l0", 512, 65536), tensor("weight_hh_l0", 512, 128),
    tensor("bias_ih_l0", 512), tensor("bias_hh_l0", 512), line=11, inferred={"input_size": 65536},
    input=_frames(65536), output=_frames(128), formula="4 * (65536*128 + 128*128 + 2*128)", keras_params=33620480,
    comparison=Comparison(
        "values_differ", "bare", "wrapped, it reads all of B*T as one sequence",
        Outcome((2, 16, 128), None, ("B", "T", "128"), 1), Outcome((2, 16, 128), None, ("B", "T", "128"), 1), 0.4012,
    ),
)  # fmt: skip
HEAD = leaf(
    "scores", "Linear", "Linear 128→10", tensor("weight", 10, 128), tensor("bias", 10), line=12,
    inferred={"in_features": 128}, input=_frames(128), output=_frames(10), formula="128*10 + 10",
    comparison=Comparison(
        "same", "either", "Linear works on the last axis",
        Outcome((2, 16, 10), None, ("B", "T", "10"), 1), Outcome((2, 16, 10), None, ("B", "T", "10"), 1), 0.0,
    ),
)  # fmt: skip
VIDEO = spec(
    "video_classifier",
    (*container("timedistributed_1", "TimeDistributed", CONV, RELU, FLATTEN, line=7), LSTM, HEAD),
    sizes={"B": 2, "T": 16}, defaults={"T": 16}, time_axis="T", batch_axis="B",
    inputs={"input": _frames(3, 64, 64)}, outputs={"output": _frames(10)}, params_fixed_in=("B", "T"),
    unwrapped_failure=FirstFailure(
        "conv2d_1", "Conv2d", ("layers[conv2d_1]",), CONV_ERROR.replace("[5, 3, 3, 256, 256]", "[2, 16, 3, 64, 64]")
    ),
)  # fmt: skip

CONV_SOURCE = """input: [5, 3, 3, 256, 256]
time_axis: 0
layers:
  - Conv2d: {in_channels: 3, out_channels: 16, kernel_size: 3}
"""
CONV_BARE = spec(
    "conv2d_bare",
    (
        leaf(
            "conv2d_1", "Conv2d", "Conv2d 3→16 k3", tensor("weight", 16, 3, 3, 3), tensor("bias", 16), line=4,
            path="layers[0].Conv2d", input=numeric(5, 3, 3, 256, 256, time=0, batch=1), error=CONV_ERROR,
            comparison=None,
        ),
    ),
    source=CONV_SOURCE, time_axis=0, batch_axis=1, notes=("batch axis 1, because time is axis 0",),
    inputs={"input": numeric(5, 3, 3, 256, 256, time=0, batch=1)},
    unwrapped_failure=FirstFailure("conv2d_1", "Conv2d", ("layers", 0, "Conv2d"), CONV_ERROR),
    findings=(
        Finding(
            "TD102", "Conv2d takes one frame at a time, and this input has a time axis", ("layers", 0, "Conv2d"),
            on_key=True, position=Position(4, 5, 4, 11),
            help="run it on every time step (tried: gives (5, 3, 16, 254, 254))\n- TimeDistributed:\n"
            "    - Conv2d: {in_channels: 3, out_channels: 16, kernel_size: 3}",
        ),
    ),
)  # fmt: skip

_CONV_T = numeric(5, 3, 16, 254, 254, time=0, batch=1)
CONV_WRAPPED = spec(
    "conv2d_time_distributed",
    container(
        "timedistributed_1", "TimeDistributed",
        replace(
            CONV, name="conv2d_1", summary="Conv2d 3→16 k3", line=5, inferred={}, output=_CONV_T,
            input=numeric(5, 3, 3, 256, 256, time=0, batch=1),
            comparison=Comparison(
                "bare_error", "wrapped", "Conv2d takes one frame at a time", Outcome(None, CONV_ERROR),
                Outcome((5, 3, 16, 254, 254), None, ("5", "3", "16", "254", "254"), 0), None,
            ),
        ),
        line=4,
    ),
    time_axis=0, batch_axis=1, inputs={"input": numeric(5, 3, 3, 256, 256, time=0, batch=1)},
    outputs={"output": _CONV_T}, unwrapped_failure=FirstFailure("conv2d_1", "Conv2d", (), "RuntimeError: another"),
)  # fmt: skip

_BLOCK = container(
    "block", "Sequential",
    *container(
        "sequential_1", "Sequential",
        leaf("linear_1", "Linear", "Linear 8→8", tensor("weight", 8, 8, trainable=False),
             tensor("bias", 8), line=9, output=_frames(8), formula="8*8 + 8"),
        leaf("dropout_1", "Dropout", "Dropout 0.5", line=10, output=_frames(8)),
        line=8,
    ),
    leaf("linear_2", "Linear", "Linear 8→8", line=11, output=_frames(8), shared_with="block.sequential_1.linear_1"),
    leaf("batchnorm1d_1", "BatchNorm1d", "BatchNorm1d 16", tensor("weight", 16, trainable=False),
         tensor("bias", 16, trainable=False), keras_params=64, output=_frames(8), formula="2*16", line=12),
    line=7,
)  # fmt: skip
TWO_INPUTS = spec(
    "two_inputs",
    (
        *_BLOCK,
        leaf("cat_1", "cat", "cat dim=-1", function=True, line=13,
             output=symbolic("B", "(T-8)//3+1", "16", sizes=(2, 3, 16))),
    ),
    sizes={"B": 2, "T": 16, "S": 64}, defaults={"S": 64}, time_axis="T", batch_axis="B",
    inputs={"query": _frames(8), "token_ids": Shape((2, 64), ("B", "S"), dtype="int64", batch=0)},
    outputs={"scores": _frames(8), "state": symbolic("B", "(T-8)//3+1", "16", sizes=(2, 3, 16))},
    params_fixed_in=("B", "T", "S"),
)  # fmt: skip

UNREADABLE = SpecReport(
    file="specs/broken.yaml", name="broken", source="input: [B, T\n\tlayers: 日本 [bold]x[/bold]\n",
    findings=(
        Finding("TD001", "expected ',' or ']', found '[bold]'", position=Position(2, 13, 2, 19)),
        Finding("TD003", "layers is missing"),
    ),
)  # fmt: skip

SPECS = (VIDEO, CONV_BARE, CONV_WRAPPED, TWO_INPUTS, UNREADABLE)


def report(command: str, *specs: SpecReport) -> Report:
    """A report on those specs, or on all."""
    return Report(command, specs or SPECS)  # type: ignore[arg-type]

"""Convolutions: plain, depthwise, separable. Channels go behind the batch; `padding: same` becomes numbers."""

from __future__ import annotations

from collections.abc import Sequence

from tdinspect.keras.conf import Conf
from tdinspect.keras.kind import Kind, Use, Weight
from tdinspect.keras.layers.activation import activated
from tdinspect.keras.layers.training import TRAINING_ONLY
from tdinspect.keras.refused import Refused
from tdinspect.keras.shapes import Dim, Shape, window
from tdinspect.keras.steps import Carry, Value, channels_second


def axes_of(conf: Conf) -> int:
    """How many axes a layer works along, from the name of its class: ``Conv2D`` 2."""
    return next(int(char) for char in reversed(conf.class_name) if char.isdigit())


def split(conf: Conf, shape: Shape) -> tuple[Dim, Shape]:
    """The channels and the other axes without the batch. Raises Refused."""
    rank = axes_of(conf)
    if len(shape) != rank + 2:
        raise Refused(f"{conf.class_name} takes {rank + 2} axes, the batch too, and {len(shape)} come in")
    return (shape[1], shape[2:]) if conf.channels_first() else (shape[-1], shape[1:-1])


def joined(conf: Conf, batch: Dim, channels: int, space: Sequence[Dim]) -> Shape:
    """The shape with its channels where this layer has them."""
    return (batch, Dim(channels), *space) if conf.channels_first() else (batch, *space, Dim(channels))


def settings(conf: Conf) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], str]:
    """Kernel, strides, dilation and padding. Raises Refused."""
    rank = axes_of(conf)
    kernel, strides = conf.wholes("kernel_size", rank), conf.wholes("strides", rank, 1)
    dilation = conf.wholes("dilation_rate", rank, 1)
    choices = ("valid", "same", "causal") if rank == 1 else ("valid", "same")
    return kernel, strides, dilation, conf.word("padding", "valid", choices)


def space_of(conf: Conf, shape: Shape) -> list[Dim]:
    """The axes along which the layer works, behind it. Raises Refused."""
    kernel, strides, dilation, padding = settings(conf)
    _, space = split(conf, shape)
    each = zip(space, kernel, strides, dilation, strict=True)
    return [window(dim, size, stride, padding, step) for dim, size, stride, step in each]


def same_padding(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """What Keras adds before and after an axis: the larger half comes after."""
    total = max((-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return total // 2, total - total // 2


def pads(conf: Conf, space: Shape) -> list[tuple[int, int]]:
    """What is added before and after each axis. Raises Refused."""
    kernel, strides, dilation, padding = settings(conf)
    if padding == "valid":
        return [(0, 0)] * len(kernel)
    if padding == "causal":
        return [(dilation[0] * (kernel[0] - 1), 0)]
    return [same_padding(dim.size, k, s, d) for dim, k, s, d in zip(space, kernel, strides, dilation, strict=True)]


def short(values: Sequence[int]) -> int | list[int]:
    """One number where all are equal."""
    return values[0] if len(set(values)) == 1 else list(values)


def padded(use: Use, ref: str, amounts: Sequence[tuple[int, int]], value: float | None = None) -> str:
    """The tensor, channels behind the batch, with so much added around its other axes; torch counts from the last."""
    flat = [n for pair in reversed(amounts) for n in pair]
    args: dict[str, object] = {"pad": flat}
    if value is not None:
        args["value"] = value
    return use.step("pad", args, ref, "pad")


def note_open(use: Use, space: Shape, strides: Sequence[int], amounts: Sequence[tuple[int, int]]) -> None:
    """Say where `padding: same` follows a size that Keras leaves open."""
    padding = use.conf.data.get("padding")
    if padding == "same" and any(dim.open and s > 1 for dim, s in zip(space, strides, strict=True)):
        sizes = ", ".join(str(dim.size) for dim in space)
        use.walk.warn(
            f"`padding: same` with strides follows the size of the input, which is open: {[list(a) for a in amounts]} "
            f"is right at {sizes}, and wherever the remainder by the strides is the same", use.owner,
        )  # fmt: skip


def prepared(use: Use) -> tuple[str, dict[str, object]]:
    """The padded input, and the arguments of the window."""
    kernel, strides, dilation, _ = settings(use.conf)
    _, space = split(use.conf, use.value.shape)
    amounts = pads(use.conf, space)
    note_open(use, space, strides, amounts)
    ref = use.spatial().ref
    args: dict[str, object] = {"kernel_size": short(kernel)}
    if set(strides) != {1}:
        args["stride"] = short(strides)
    if any(before != after for before, after in amounts) or use.owner in use.walk.facts.split:
        ref = padded(use, ref, amounts)
    elif any(before for before, _ in amounts):
        args["padding"] = short([before for before, _ in amounts])
    if set(dilation) != {1}:
        args["dilation"] = short(dilation)
    return ref, args


def _done(use: Use, ref: str) -> Sequence[Value]:
    rank = len(use.outputs[0])
    layout = channels_second(rank, 1 if use.conf.channels_first() else -1)
    return [activated(use, use.give(ref, layout))]


def _clock(use: Use) -> None:
    use.features(split(use.conf, use.value.shape)[0])
    if axes_of(use.conf) == 1 and not use.scope.outer and not use.conf.channels_first():
        use.walk.learned.clock(use.value.shape[1], certain=False)


def bias_of(use: Use, args: dict[str, object], carries: dict[str, Carry]) -> None:
    """Put the bias among the tensors, or say that there is none."""
    if use.conf.flag("use_bias", True):
        carries["bias"] = Carry(("bias",))
    else:
        args["bias"] = False


def _conv_shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    return [joined(conf, shapes[0][0], conf.whole("filters", least=1), space_of(conf, shapes[0]))]


def _conv_weights(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    channels, _ = split(conf, shapes[0])
    filters, groups = conf.whole("filters", least=1), conf.whole("groups", 1, least=1)
    if channels.size % groups or filters % groups:
        raise Refused(f"{groups} groups do not divide {channels.size} channels into {filters} filters")
    kernel = Weight("kernel", (*conf.wholes("kernel_size", axes_of(conf)), channels.size // groups, filters))
    return (kernel, Weight("bias", (filters,))) if conf.flag("use_bias", True) else (kernel,)


def _conv(use: Use) -> Sequence[Value]:
    _clock(use)
    channels, _ = split(use.conf, use.value.shape)
    groups = use.conf.whole("groups", 1, least=1)
    ref, more = prepared(use)
    args: dict[str, object] = {"in_channels": channels.size, "out_channels": use.conf.whole("filters", least=1), **more}
    if groups > 1:
        args["groups"] = groups
    carries = {"weight": Carry(("kernel",), "conv")}
    bias_of(use, args, carries)
    return _done(use, use.step(f"Conv{axes_of(use.conf)}d", args, ref, carries=carries))


def _depth_shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    channels, _ = split(conf, shapes[0])
    return [joined(conf, shapes[0][0], channels.size * conf.whole("depth_multiplier", 1, 1), space_of(conf, shapes[0]))]


def _depth_weights(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    channels, _ = split(conf, shapes[0])
    times = conf.whole("depth_multiplier", 1, least=1)
    name = "kernel" if conf.keras >= 3 else "depthwise_kernel"
    kernel = Weight(name, (*conf.wholes("kernel_size", axes_of(conf)), channels.size, times))
    return (kernel, Weight("bias", (channels.size * times,))) if conf.flag("use_bias", True) else (kernel,)


def _depthwise(use: Use) -> Sequence[Value]:
    _clock(use)
    channels, _ = split(use.conf, use.value.shape)
    kernel = _depth_weights(use.conf, [use.value.shape])[0]
    ref, more = prepared(use)
    out = channels.size * use.conf.whole("depth_multiplier", 1, least=1)
    args: dict[str, object] = {"in_channels": channels.size, "out_channels": out, **more, "groups": channels.size}
    carries = {"weight": Carry((kernel.name,), "depthwise")}
    bias_of(use, args, carries)
    return _done(use, use.step(f"Conv{axes_of(use.conf)}d", args, ref, carries=carries))


def _separable_weights(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    channels, _ = split(conf, shapes[0])
    rank, times = axes_of(conf), conf.whole("depth_multiplier", 1, least=1)
    filters = conf.whole("filters", least=1)
    found = (
        Weight("depthwise_kernel", (*conf.wholes("kernel_size", rank), channels.size, times)),
        Weight("pointwise_kernel", (*(1,) * rank, channels.size * times, filters)),
    )
    return (*found, Weight("bias", (filters,))) if conf.flag("use_bias", True) else found


def _separable(use: Use) -> Sequence[Value]:
    _clock(use)
    channels, _ = split(use.conf, use.value.shape)
    wide = channels.size * use.conf.whole("depth_multiplier", 1, least=1)
    op = f"Conv{axes_of(use.conf)}d"
    ref, more = prepared(use)
    depth: dict[str, object] = {"in_channels": channels.size, "out_channels": wide, **more, "groups": channels.size}
    depth["bias"] = False
    ref = use.step(op, depth, ref, "depthwise", carries={"weight": Carry(("depthwise_kernel",), "depthwise")})
    args: dict[str, object] = {
        "in_channels": wide,
        "out_channels": use.conf.whole("filters", least=1),
        "kernel_size": 1,
    }
    carries = {"weight": Carry(("pointwise_kernel",), "conv")}
    bias_of(use, args, carries)
    return _done(use, use.step(op, args, ref, carries=carries))


def _names(*stems: str, ranks: Sequence[int] = (1, 2, 3)) -> tuple[str, ...]:
    return tuple(f"{stem}{rank}D" for stem in stems for rank in ranks)


KINDS = (
    Kind(_names("Conv", "Convolution"), _conv, _conv_shapes, _conv_weights, left_out=TRAINING_ONLY),
    Kind(_names("DepthwiseConv", ranks=(1, 2)), _depthwise, _depth_shapes, _depth_weights, left_out=TRAINING_ONLY),
    Kind(
        _names("SeparableConv", "SeparableConvolution", ranks=(1, 2)),
        _separable, _conv_shapes, _separable_weights, left_out=TRAINING_ONLY,
    ),
)  # fmt: skip

"""Transposed convolutions: torch's full output, cut or lengthened on each side as Keras's padding has it."""

from __future__ import annotations

from collections.abc import Sequence

from tdinspect.keras.conf import Conf
from tdinspect.keras.kind import Kind, Use, Weight
from tdinspect.keras.layers.activation import activated
from tdinspect.keras.layers.conv import axes_of, joined, padded, short, split
from tdinspect.keras.layers.training import TRAINING_ONLY
from tdinspect.keras.shapes import Shape, resized
from tdinspect.keras.steps import Carry, Value, channels_second


def _cuts(conf: Conf) -> list[tuple[int, int]]:
    """What is cut from the start and the end of the full output, ``(n - 1) * stride + kernel``; below zero is added.

    As in Keras: `same` gives n * stride, `valid` the full output and at least n * stride; the larger half of a
    cut comes at the end (as TensorFlow and JAX do it; Keras's torch backend cuts at the start where the kernel is odd).
    """
    rank = axes_of(conf)
    kernel, strides = conf.wholes("kernel_size", rank), conf.wholes("strides", rank, 1)
    dilation = conf.wholes("dilation_rate", rank, 1)
    given = conf.data.get("output_padding")
    more = [None] * rank if given is None else list(conf.wholes("output_padding", rank, least=0))
    same = conf.word("padding", "valid", ("valid", "same")) == "same"
    cuts = []
    for size, stride, step, extra in zip(kernel, strides, dilation, more, strict=True):
        full = (size - 1) * step + 1
        if not same:
            cuts.append((0, -(max(stride - full, 0) if extra is None else extra)))
            continue
        total = stride + full - 2 if extra is None else full + full % 2 - 2 + extra
        left = min(total // 2 + total % 2, full - 1)
        cuts.append((full - 1 - left, full - 1 - (total - left)))
    return cuts


def _shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    rank = axes_of(conf)
    _, space = split(conf, shapes[0])
    kernel, strides = conf.wholes("kernel_size", rank), conf.wholes("strides", rank, 1)
    dilation = conf.wholes("dilation_rate", rank, 1)
    sizes = [
        (dim.size - 1) * s + (k - 1) * d + 1 - start - end
        for dim, k, s, d, (start, end) in zip(space, kernel, strides, dilation, _cuts(conf), strict=True)
    ]
    grown = [resized(dim, size) for dim, size in zip(space, sizes, strict=True)]
    return [joined(conf, shapes[0][0], conf.whole("filters", least=1), grown)]


def _weights(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    channels, _ = split(conf, shapes[0])
    filters = conf.whole("filters", least=1)
    kernel = Weight("kernel", (*conf.wholes("kernel_size", axes_of(conf)), filters, channels.size))
    return (kernel, Weight("bias", (filters,))) if conf.flag("use_bias", True) else (kernel,)


def _transposed(use: Use) -> Sequence[Value]:
    conf, rank = use.conf, axes_of(use.conf)
    if rank == 1 and not use.scope.outer and not conf.channels_first():
        use.walk.learned.clock(use.value.shape[1], certain=False)
    channels, _ = split(conf, use.value.shape)
    strides, dilation = conf.wholes("strides", rank, 1), conf.wholes("dilation_rate", rank, 1)
    cuts = _cuts(conf)
    both = [max(min(cut), 0) for cut in cuts]  # torch cuts both sides alike; what is left follows
    rest = [(start - cut, end - cut) for (start, end), cut in zip(cuts, both, strict=True)]
    extra = [max(-end, 0) for _, end in rest]
    cut = [(start, max(end, 0)) for start, end in rest]
    args: dict[str, object] = {
        "in_channels": channels.size,
        "out_channels": conf.whole("filters", least=1),
        "kernel_size": short(conf.wholes("kernel_size", rank)),
    }
    for name, values, usual in (
        ("stride", strides, 1), ("padding", both, 0), ("output_padding", extra, 0), ("dilation", dilation, 1)
    ):  # fmt: skip
        if set(values) != {usual}:
            args[name] = short(values)
    carries = {"weight": Carry(("kernel",), "conv")}
    if conf.flag("use_bias", True):
        carries["bias"] = Carry(("bias",))
    else:
        args["bias"] = False
    ref = use.step(f"ConvTranspose{rank}d", args, use.spatial().ref, carries=carries)
    if any(pair != (0, 0) for pair in cut):
        ref = padded(use, ref, [(-start, -end) for start, end in cut])
        use.walk.warn(
            "the uneven cut of `padding: same` is at the end, as TensorFlow and JAX have it; Keras on torch moves the "
            "output by one", use.owner,
        )  # fmt: skip
    layout = channels_second(rank + 2, 1 if conf.channels_first() else -1)
    return [activated(use, use.give(ref, layout))]


KINDS = (Kind(tuple(f"Conv{n}DTranspose" for n in (1, 2, 3)), _transposed, _shapes, _weights, left_out=TRAINING_ONLY),)

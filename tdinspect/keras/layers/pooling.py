"""Pools, and pools over all of space."""

from __future__ import annotations

from collections.abc import Sequence

from tdinspect.keras.conf import Conf
from tdinspect.keras.kind import Kind, Use
from tdinspect.keras.layers.conv import axes_of, joined, note_open, padded, same_padding, short, split
from tdinspect.keras.shapes import Dim, Shape, window
from tdinspect.keras.steps import Layout, Value, channels_second


def _settings(conf: Conf) -> tuple[tuple[int, ...], tuple[int, ...], str]:
    rank = axes_of(conf)
    kernel = conf.wholes("pool_size", rank, 2)
    strides = kernel if conf.data.get("strides") is None else conf.wholes("strides", rank)
    return kernel, strides, conf.word("padding", "valid", ("valid", "same"))


def _shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    kernel, strides, padding = _settings(conf)
    channels, space = split(conf, shapes[0])
    made = [window(dim, k, s, padding) for dim, k, s in zip(space, kernel, strides, strict=True)]
    return [joined(conf, shapes[0][0], channels.size, made)]


def _pool(use: Use) -> Sequence[Value]:
    conf, rank = use.conf, axes_of(use.conf)
    kernel, strides, padding = _settings(conf)
    _, space = split(conf, use.value.shape)
    if rank == 1 and not use.scope.outer and not conf.channels_first():
        use.walk.learned.clock(use.value.shape[1], certain=False)
    average = conf.class_name.startswith("A")
    value = use.spatial()
    ref = value.ref
    args: dict[str, object] = {"kernel_size": short(kernel)}
    if strides != kernel:
        args["stride"] = short(strides)
    op = f"{'Avg' if average else 'Max'}Pool{rank}d"
    layout = channels_second(rank + 2, 1 if conf.channels_first() else -1)
    if padding == "valid":
        return [use.give(use.step(op, args, ref), layout)]
    amounts = [same_padding(dim.size, k, s) for dim, k, s in zip(space, kernel, strides, strict=True)]
    note_open(use, space, strides, amounts)
    if average and _repeated(kernel, amounts):
        use.walk.warn(
            "the padding of an average does not count, as TensorFlow and JAX have it; Keras on torch repeats the edge",
            use.owner,
        )
    if any(before != after and s == 1 for (before, after), s in zip(amounts, strides, strict=True)):
        return [use.give(_uneven(use, op, args, ref, amounts, average), layout)]
    # What comes after the axis more than before it, a last window that is not whole takes: it counts what is there.
    if any(before for before, _ in amounts):
        args["padding"] = short([before for before, _ in amounts])
    if any(before != after for before, after in amounts):
        args["ceil_mode"] = True
    if average and any(before for before, _ in amounts):
        args["count_include_pad"] = False
    return [use.give(use.step(op, args, ref), layout)]


def _repeated(kernel: Sequence[int], amounts: Sequence[tuple[int, int]]) -> bool:
    """Where Keras on torch gives other averages: it pads uneven windows itself. Of two numbers the mean is the same."""
    uneven = any(before != after for before, after in amounts)
    return uneven and any(size > 2 and (before or after) for size, (before, after) in zip(kernel, amounts, strict=True))


def _uneven(
    use: Use, op: str, args: dict[str, object], ref: str, amounts: Sequence[tuple[int, int]], average: bool
) -> str:
    """Windows at every place, with an even kernel: the padding is a step of its own, and does not count."""
    args = {**args, "stride": args.get("stride", args["kernel_size"])}
    if not average:
        return use.step(op, args, padded(use, ref, amounts, float("-inf")))
    ones = use.step("ones_like", None, ref, "ones")
    share = use.step(op, args, padded(use, ones, amounts), "share")
    mean = use.step(op, args, padded(use, ref, amounts), "mean")
    return use.step("div", None, [mean, share])


def _global_shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    channels, space = split(conf, shapes[0])
    if conf.flag("keepdims"):
        return [joined(conf, shapes[0][0], channels.size, [Dim(1)] * len(space))]
    return [(shapes[0][0], Dim(channels.size))]


def _global(use: Use) -> Sequence[Value]:
    """A mean or a maximum over the axes wherever they stand: nothing need be turned."""
    conf, value = use.conf, use.value
    if axes_of(conf) == 1 and not use.scope.outer and not conf.channels_first():
        use.walk.learned.clock(value.shape[1], certain=False)
    rank = len(value.shape)
    split(conf, value.shape)
    channel = 1 if conf.channels_first() else rank - 1
    dims = sorted(value.at(axis) for axis in range(1, rank) if axis != channel)
    op = "mean" if "Av" in conf.class_name else "amax"
    args: dict[str, object] = {"dim": dims[0] if len(dims) == 1 else dims}
    keep = conf.flag("keepdims")
    if keep:
        args["keepdim"] = True
    layout: Layout = value.layout if keep else (0, 1)
    if rank >= 4 and value.origin is not None:
        value = use.spatial()
        dims = list(range(2, rank))
        args["dim"] = dims
        layout = value.layout if keep else (0, 1)
    return [use.give(use.step(op, args, value.ref), layout)]


_RANKS = (1, 2, 3)
_STEMS = ("MaxPooling", "AveragePooling", "MaxPool", "AvgPool")
KINDS = (
    Kind(tuple(f"{stem}{n}D" for stem in _STEMS for n in _RANKS), _pool, _shapes),
    Kind(
        tuple(f"Global{stem}{n}D" for stem in _STEMS for n in _RANKS),
        _global, _global_shapes,
    ),
)  # fmt: skip

"""torch's layers as Keras's: each with what it needs around it, or a reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tdinspect.domain.tree import Tree
from tdinspect.exporters.axes import Held
from tdinspect.exporters.code import Group, Item, Text, call
from tdinspect.exporters.constants import literal
from tdinspect.exporters.keras_call import Call, applied, named, short, tuple_of
from tdinspect.exporters.keras_pointwise import POINTWISE
from tdinspect.exporters.layers import NoCode


def _dense(c: Call) -> Held:
    x = c.lines.features(c.x)
    code = call(
        "layers.Dense", Text(literal(c.get("out_features"))), **named(use_bias=None if c.get("bias") else False)
    )
    return c.apply(x, code, weights=True)


def _padded(c: Call, x: Held, rank: int) -> tuple[Held, str]:
    """What a convolution takes, and its ``padding``; zeros that Keras has no name for are a layer of their own."""
    padding = c.get("padding")
    if isinstance(padding, str):
        return x, padding
    sizes, kernel = tuple_of(padding, rank), tuple_of(c.get("kernel_size"), rank)
    strides, dilation = tuple_of(c.get("stride"), rank), tuple_of(c.get("dilation"), rank)
    if not any(sizes):
        return x, "valid"
    c.refuse_unless("padding_mode", "zeros")
    if set(strides) == {1} and all(2 * p == d * (k - 1) for p, d, k in zip(sizes, dilation, kernel, strict=True)):
        return x, "same"
    return c.between(x, call(f"layers.ZeroPadding{rank}D", short(sizes))), "valid"


def _conv(c: Call) -> Held:
    rank = int(c.type[-2])
    x, padding = _padded(c, c.lines.last(c.x, rank), rank)
    strides, dilation = tuple_of(c.get("stride"), rank), tuple_of(c.get("dilation"), rank)
    if max(strides) > 1 and max(dilation) > 1:
        raise NoCode("Keras has no strides together with dilation")
    more = {"strides": short(strides)} if max(strides) > 1 else {}
    more |= named(padding=None if padding == "valid" else padding)
    more |= {"dilation_rate": short(dilation)} if max(dilation) > 1 else {}
    more |= named(groups=None if c.get("groups") == 1 else c.get("groups"), use_bias=None if c.get("bias") else False)
    kernel = short(tuple_of(c.get("kernel_size"), rank))
    return c.apply(x, call(f"layers.Conv{rank}D", Text(literal(c.get("out_channels"))), kernel, **more), weights=True)


def _conv_transposed(c: Call) -> Held:
    rank = int(c.type[-2])
    kernel, strides = tuple_of(c.get("kernel_size"), rank), tuple_of(c.get("stride"), rank)
    padding, more_ = tuple_of(c.get("padding"), rank), tuple_of(c.get("output_padding"), rank)
    c.refuse_unless("groups", 1)
    if set(tuple_of(c.get("dilation"), rank)) != {1} or any(k < s for k, s in zip(kernel, strides, strict=True)):
        raise NoCode("Keras's transposed convolution has other sizes for this dilation, or a kernel below the stride")
    crop = tuple((p, p - o) for p, o in zip(padding, more_, strict=True))
    if any(end < 0 for _, end in crop):
        raise NoCode(f"output_padding: {c.get('output_padding')} has no twin in Keras")
    x = c.lines.last(c.x, rank)
    more = {"strides": short(strides)} if max(strides) > 1 else {}
    more |= named(use_bias=None if c.get("bias") else False)
    code = call(f"layers.Conv{rank}DTranspose", Text(literal(c.get("out_channels"))), short(kernel), **more)
    made = c.apply(x, code, weights=True)
    if not any(map(any, crop)):
        return made
    cropped: object = crop[0] if rank == 1 else crop
    return c.between(made, call(f"layers.Cropping{rank}D", Text(literal(cropped))))


def _pool(c: Call) -> Held:
    rank, kind = int(c.type[-2]), "Max" if c.type.startswith("Max") else "Average"
    x = c.lines.last(c.x, rank)
    kernel = tuple_of(c.get("kernel_size"), rank)
    stride = c.get("stride")
    strides, padding = kernel if stride is None else tuple_of(stride, rank), tuple_of(c.get("padding"), rank)
    c.refuse_unless("return_indices", False, None)
    c.refuse_unless("divisor_override", None)
    if kind == "Max" and set(tuple_of(c.get("dilation"), rank)) != {1}:
        raise NoCode("Keras's pooling has no dilation")
    if c.get("ceil_mode") and not _divides(x, kernel, strides, padding):
        raise NoCode("ceil_mode: true gives another size than Keras's pooling")
    if any(padding) and kind == "Average":
        c.refuse_unless("count_include_pad", True)
        x = c.between(x, call(f"layers.ZeroPadding{rank}D", short(padding)))
    elif any(padding):
        widths = ((0, 0),) * x.lead + tuple((p, p) for p in padding) + ((0, 0),)
        lowest = call("keras.ops.pad", x.ref(), Text(literal(widths)), constant_values=Text('float("-inf")'))
        made = Held("x", info=x.info, order=x.order, front=x.front)
        c.lines.let(made, lowest).shape = None
        x = made
    more = {"strides": short(strides)} if strides != kernel else {}
    return c.apply(x, call(f"layers.{kind}Pooling{rank}D", short(kernel), **more))


def _divides(x: Held, kernel: tuple[int, ...], strides: tuple[int, ...], padding: tuple[int, ...]) -> bool:
    sizes = [axis.size for axis in x.known.axes[2:]]
    numbers = [size.value({}) if size.is_number else None for size in sizes]
    return all(
        n is not None and (n + 2 * p - k) % s == 0 for n, k, s, p in zip(numbers, kernel, strides, padding, strict=True)
    )


def _adaptive(c: Call) -> Held:
    rank, kind = int(c.type[-2]), "Max" if "Max" in c.type else "Average"
    x = c.lines.last(c.x, rank)
    c.refuse_unless("return_indices", False, None)
    sizes = tuple_of(c.get("output_size"), rank)
    if set(sizes) == {1}:
        return c.apply(x, call(f"layers.Global{kind}Pooling{rank}D", keepdims=Text("True")))
    numbers = [axis.size.value({}) if axis.size.is_number else None for axis in x.known.axes[2:]]
    if any(n is None or n % size for n, size in zip(numbers, sizes, strict=True)):
        raise NoCode(
            f"its windows of unequal size, for output_size {c.get('output_size')}, have no twin in every Keras 3"
        )
    windows = tuple(n // size for n, size in zip(numbers, sizes, strict=True) if n is not None)
    return c.apply(x, call(f"layers.{kind}Pooling{rank}D", short(windows)))


def _batch_norm(c: Call) -> Held:
    x = c.x
    x = c.lines.last(x, x.ndim - 2) if x.ndim > 2 else c.lines.features(x)
    momentum = c.get("momentum")
    if not isinstance(momentum, float | int) or not c.get("track_running_stats"):
        raise NoCode("Keras's BatchNormalization always has a moving average")
    affine = None if c.get("affine") else False
    more = named(momentum=round(1 - momentum, 12), epsilon=c.get("eps"), center=affine, scale=affine)
    return c.apply(x, call("layers.BatchNormalization", **more), weights=True)


def _layer_norm(c: Call) -> Held:
    shape = c.get("normalized_shape")
    count = len(shape) if isinstance(shape, tuple | list) else 1
    x = c.x
    x = c.lines.features(x) if count == 1 else c.lines.natural(x)
    c.lines.fix(x, count)
    affine = bool(c.get("elementwise_affine"))
    axis = None if count == 1 else tuple(range(-count, 0))
    more = named(axis=axis, epsilon=c.get("eps"), center=None if affine and c.get("bias") else False)
    more |= named(scale=None if affine else False)
    return c.apply(x, call("layers.LayerNormalization", **more), weights=True)


def _group_norm(c: Call) -> Held:
    x = c.lines.last(c.x, c.x.ndim - 2)
    affine = None if c.get("affine") else False
    more = named(epsilon=c.get("eps"), center=affine, scale=affine)
    return c.apply(x, call("layers.GroupNormalization", Text(literal(c.get("num_groups"))), **more), weights=True)


def _embedding(c: Call) -> Held:
    for name in ("padding_idx", "max_norm"):
        c.refuse_unless(name, None)
    x = c.lines.read(c.x)
    made = c.fresh()
    made.order, made.front = (*x.order, x.ndim), x.front
    sizes = (Text(literal(c.get("num_embeddings"))), Text(literal(c.get("embedding_dim"))))
    return c.lines.let(made, applied(c.layer(call("layers.Embedding", *sizes), True), x, False))


def _upsample(c: Call) -> Held:
    x = c.x
    rank = x.ndim - 2
    factor = c.get("scale_factor")
    mode = {"nearest": "nearest", "bilinear": "bilinear"}.get(str(c.get("mode")))
    factors = factor if isinstance(factor, tuple | list) else (factor,) * rank
    if (
        c.get("size") is not None
        or mode is None
        or c.get("align_corners")
        or not all(isinstance(f, int | float) and int(f) == f for f in factors)
    ):
        raise NoCode("only whole factors, nearest or bilinear, have a twin in Keras")
    more = named(interpolation=None if mode == "nearest" else mode)
    numbers = tuple(int(f) for f in factors if isinstance(f, int | float))
    return c.apply(c.lines.last(x, rank), call(f"layers.UpSampling{rank}D", short(numbers), **more))


def _zero_pad(c: Call) -> Held:
    rank = int(c.type[-2])
    c.refuse_unless("value", 0, 0.0, None)
    given = c.get("padding")
    flat = tuple_of(given, 2 * rank)
    if min(flat) < 0:
        raise NoCode("a negative padding is a cropping in Keras")
    pairs: object = tuple((flat[2 * i], flat[2 * i + 1]) for i in reversed(range(rank)))
    if rank == 1:
        pairs = flat
    return c.apply(c.lines.last(c.x, rank), call(f"layers.ZeroPadding{rank}D", Text(literal(pairs))))


def _attention(c: Call) -> Tree:
    values = [*c.inputs, *c.others.values()]
    names = ("query", "key", "value")
    by_name = dict(zip(names, c.inputs, strict=False)) | dict(c.others)
    if set(by_name) != set(names) or len(values) != 3:
        raise NoCode("a mask of attention has no twin in Keras that fits every use")
    for option in ("add_bias_kv", "add_zero_attn"):
        c.refuse_unless(option, False)
    if set(c.call) - {"need_weights", "is_causal"} or c.call.get("is_causal"):
        raise NoCode("is_causal here, or a mask, has no twin in Keras that fits every use")
    wanted = (0, 1, 2) if c.get("batch_first") else (1, 0, 2)
    q, k, v = (c.lines.fix(c.lines.ordered(by_name[name], wanted)) for name in names)
    embed, heads = c.get("embed_dim"), c.get("num_heads")
    assert isinstance(embed, int) and isinstance(heads, int)
    more = named(use_bias=None if c.get("bias") else False, dropout=c.get("dropout") or None)
    code = call("layers.MultiHeadAttention", Text(str(heads)), **named(key_dim=embed // heads), **more)
    noted = c.layer(code, True)
    if q.lead > 1:
        raise NoCode("Keras's TimeDistributed takes one input, and attention three")
    made = c.fresh()
    made.order, made.front = wanted, q.front
    c.lines.let(made, Group(noted, (Item(q.ref()), Item(v.ref()), Item(k.ref(), "key"))))
    return (made, Held("weights", missing="the weights of its attention are read"))


TWINS: Mapping[str, Callable[[Call], Tree]] = {
    **POINTWISE,
    "Linear": _dense,
    **{f"Conv{rank}d": _conv for rank in (1, 2, 3)},
    **{f"ConvTranspose{rank}d": _conv_transposed for rank in (1, 2, 3)},
    **{f"{kind}Pool{rank}d": _pool for rank in (1, 2, 3) for kind in ("Max", "Avg")},
    **{f"Adaptive{kind}Pool{rank}d": _adaptive for rank in (1, 2, 3) for kind in ("Max", "Avg")},
    **{f"BatchNorm{rank}d": _batch_norm for rank in (1, 2, 3)},
    "LayerNorm": _layer_norm,
    "GroupNorm": _group_norm,
    "Embedding": _embedding,
    "Upsample": _upsample,
    **{f"{kind}Pad{rank}d": _zero_pad for rank in (1, 2, 3) for kind in ("Zero", "Constant")},
    "MultiheadAttention": _attention,
}

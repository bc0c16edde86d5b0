"""Padding, cropping and upsampling."""

from __future__ import annotations

from collections.abc import Sequence

from tdinspect.keras.conf import Conf
from tdinspect.keras.kind import Kind, Use
from tdinspect.keras.layers.conv import axes_of, joined, split
from tdinspect.keras.refused import Refused
from tdinspect.keras.shapes import Shape, resized
from tdinspect.keras.steps import Value


def _amounts(conf: Conf, key: str) -> list[tuple[int, int]]:
    """Before and after each axis: a number, one for each axis, or pairs. Raises Refused."""
    rank = axes_of(conf)
    value = conf.data.get(key, 1)
    if rank == 1 and isinstance(value, list) and len(value) == 2 and all(type(n) is int for n in value):
        value = [value]
    items = value if isinstance(value, list) else [value] * rank
    pairs = [item if isinstance(item, list) else [item, item] for item in items]
    good: list[tuple[int, int]] = []
    for pair in pairs:
        numbers = [n for n in pair if isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 2**20]
        if len(numbers) == len(pair) == 2:
            good.append((numbers[0], numbers[1]))
    if not len(good) == len(pairs) == rank:
        raise Refused(f"`{key}` of {conf.class_name} must be {rank} numbers or pairs, not {str(value)[:60]}")
    return good


def _changed(conf: Conf, shapes: Sequence[Shape], key: str, sign: int) -> list[Shape]:
    channels, space = split(conf, shapes[0])
    made = [resized(dim, dim.size + sign * sum(pair)) for dim, pair in zip(space, _amounts(conf, key), strict=True)]
    return [joined(conf, shapes[0][0], channels.size, made)]


def _pad(use: Use, key: str, sign: int) -> Sequence[Value]:
    """torch's `pad` counts from the last axis; below zero it crops."""
    rank = len(use.value.shape)
    value = use.spatial() if rank >= 4 else use.value
    first = 2 if use.conf.channels_first() else 1
    amounts = dict(enumerate(_amounts(use.conf, key), first))
    flat = [sign * n for axis in reversed(value.layout) for n in amounts.get(axis, (0, 0))]
    while len(flat) > 2 and flat[-2:] == [0, 0]:
        flat = flat[:-2]
    return [Value(use.step("pad", {"pad": flat}, value.ref), use.outputs[0], value.layout)]


def _factors(conf: Conf) -> tuple[int, ...]:
    return conf.wholes("size", axes_of(conf), 2)


def _up_shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    channels, space = split(conf, shapes[0])
    made = [resized(dim, dim.size * times) for dim, times in zip(space, _factors(conf), strict=True)]
    return [joined(conf, shapes[0][0], channels.size, made)]


def _up(use: Use) -> Sequence[Value]:
    factors = _factors(use.conf)
    if axes_of(use.conf) == 1:
        along = {"repeats": factors[0], "dim": use.value.at(1)}
        return [use.same(use.step("repeat_interleave", along, use.value.ref))]
    how = use.conf.word("interpolation", "nearest", ("nearest", "bilinear"))
    value = use.spatial()
    scale = factors[0] if len(set(factors)) == 1 else [float(factor) for factor in factors]
    args: dict[str, object] = {"scale_factor": scale, "mode": how}
    if how == "bilinear":
        args["align_corners"] = False
    return [Value(use.step("Upsample", args, value.ref), use.outputs[0], value.layout)]


_RANKS = (1, 2, 3)
KINDS = (
    Kind(
        tuple(f"ZeroPadding{n}D" for n in _RANKS),
        lambda use: _pad(use, "padding", 1),
        lambda conf, shapes: _changed(conf, shapes, "padding", 1),
    ),
    Kind(
        tuple(f"Cropping{n}D" for n in _RANKS),
        lambda use: _pad(use, "cropping", -1),
        lambda conf, shapes: _changed(conf, shapes, "cropping", -1),
    ),
    Kind(tuple(f"UpSampling{n}D" for n in _RANKS), _up, _up_shapes),
)

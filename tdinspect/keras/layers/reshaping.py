"""Layers that only move numbers: they count Keras's axes, so the tensor is turned back to them first."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tdinspect.keras.conf import Conf
from tdinspect.keras.kind import Kind, Use
from tdinspect.keras.refused import Refused
from tdinspect.keras.shapes import Dim, Shape
from tdinspect.keras.steps import Value, keras_layout


def _flatten_shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    batch, *rest = shapes[0]
    return [
        (batch, rest[0] if len(rest) == 1 else Dim(math.prod(dim.size for dim in rest), any(dim.open for dim in rest)))
    ]


def _flatten(use: Use) -> Sequence[Value]:
    value = use.plain()
    use.features(*(value.shape[1:] if len(value.shape) > 2 else ()))
    if use.conf.channels_first() and len(value.shape) > 2:  # Keras turns these to channels last, too
        rank = len(value.shape)
        value = use.take(value, (0, *range(2, rank), 1))
    if len(value.shape) == 2:
        return [Value(value.ref, use.outputs[0], value.layout)]
    if len(value.shape) == 1:
        return [use.give(use.step("unsqueeze", {"dim": 1}, value.ref))]
    return [use.give(use.step("Flatten", None, value.ref))]


def _target(conf: Conf, shape: Shape) -> tuple[Dim, ...]:
    """The axes behind the batch. Raises Refused."""
    target = conf.data.get("target_shape")
    if not isinstance(target, list) or not all(type(n) is int and (n > 0 or n == -1) for n in target):
        raise Refused("`target_shape` of Reshape must be a list of sizes, one -1 at most")
    total = math.prod(dim.size for dim in shape[1:])
    known = math.prod(n for n in target if n > 0)
    if target.count(-1) > 1 or total % known or (-1 not in target and total != known):
        raise Refused(f"Reshape of {total} numbers a sample into {target}")
    open_ = any(dim.open for dim in shape[1:])
    found = [Dim(total // known, open_) if n == -1 else Dim(n) for n in target]
    for place, dim in enumerate(found):  # leading axes that stay keep what they are
        old = shape[place + 1] if place + 1 < len(shape) else None
        if old is None or old.size != dim.size or (old.open and target[place] != -1):
            break
        found[place] = old
    return tuple(found)


def _reshape_shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    return [(shapes[0][0], *_target(conf, shapes[0]))]


def _reshape(use: Use) -> Sequence[Value]:
    """Flattened and split again behind the axes that stay, so that the batch is never named."""
    value = use.plain()
    old, new = value.shape, use.outputs[0]
    kept = 1
    while kept < min(len(old), len(new)) and old[kept] == new[kept]:
        kept += 1
    if kept == len(old) == len(new):
        return [Value(value.ref, new, value.layout)]
    ref = value.ref
    use.features(*old[kept:])
    before, after = len(old) - kept, len(new) - kept
    split = after > 1 or before == 0
    if before > 1:
        ref = use.step("flatten", {"start_dim": kept}, ref, "flat" if after > 1 else "")
    elif before == 0:
        ref = use.step("unsqueeze", {"dim": kept}, ref, "flat" if after > 1 else "")
    if after > 1:
        sizes = [-1 if dim.open else dim.size for dim in new[kept:]]
        ref = use.step("unflatten", {"dim": kept, "sizes": sizes}, ref)
    elif after == 0 and split:
        raise Refused("Reshape to no axes")
    return [use.give(ref)]


def _order(conf: Conf, rank: int) -> tuple[int, ...]:
    dims = conf.data.get("dims")
    if not isinstance(dims, list) or sorted(d for d in dims if type(d) is int) != list(range(1, rank)):
        raise Refused(f"`dims` of Permute must be the axes 1 to {rank - 1} in another order")
    return (0, *dims)


def _permute_shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    return [tuple(shapes[0][axis] for axis in _order(conf, len(shapes[0])))]


def _permute(use: Use) -> Sequence[Value]:
    order = _order(use.conf, len(use.value.shape))
    dims = [use.value.at(axis) for axis in order]
    if dims == list(range(len(dims))):  # the tensor stands so already
        return [use.give(use.value.ref)]
    return [use.give(use.step("permute", {"dims": dims}, use.value.ref))]


def _repeat_shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    if len(shapes[0]) != 2:
        raise Refused("RepeatVector takes a batch of vectors")
    return [(shapes[0][0], Dim(conf.whole("n", least=1)), shapes[0][1])]


def _repeat(use: Use) -> Sequence[Value]:
    times = use.conf.whole("n", least=1)
    one = use.step("unsqueeze", {"dim": 1}, use.plain().ref, "step")
    return [use.give(use.step("expand", {"shape": [-1, times, -1]}, one), keras_layout(3))]


KINDS = (
    Kind(("Flatten",), _flatten, _flatten_shapes),
    Kind(("Reshape",), _reshape, _reshape_shapes),
    Kind(("Permute",), _permute, _permute_shapes),
    Kind(("RepeatVector",), _repeat, _repeat_shapes),
)

"""Layers that put several tensors together."""

from __future__ import annotations

from collections.abc import Sequence

from tdinspect.keras.conf import Conf
from tdinspect.keras.kind import Kind, Use
from tdinspect.keras.refused import Refused
from tdinspect.keras.shapes import Dim, Shape
from tdinspect.keras.steps import Value, keras_layout

_OPS = {
    "Add": "add", "Average": "add", "Subtract": "sub", "Multiply": "mul", "Maximum": "maximum", "Minimum": "minimum",
    "Divide": "div", "TrueDivide": "div",
}  # fmt: skip
_OF_TWO = ("sub", "div")


def _wide(left: Dim, right: Dim) -> Dim:
    """One axis of two that meet: the longer, where the other is stretched."""
    if left.size == right.size:
        return left if left.source else right
    if 1 not in (left.size, right.size):
        raise Refused(f"axes of {left.size} and {right.size} cannot be put together")
    return right if left.size == 1 else left


def _together(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    """Keras puts missing axes behind the batch."""
    rank = max(len(shape) for shape in shapes)
    result: Shape = ()
    for shape in shapes:
        filled = (shape[0], *(Dim(1),) * (rank - len(shape)), *shape[1:])
        result = tuple(map(_wide, result, filled)) if result else filled
    return [result]


def _common(use: Use) -> list[Value]:
    """The values in one layout: the one that most of them have, the first where there are as many."""
    values = use.values
    rank = max(len(value.shape) for value in values)
    if any(len(value.shape) != rank for value in values):
        values = [_filled(use, value, rank) for value in values]
    layouts = [value.layout for value in values]
    layout = max(dict.fromkeys(layouts), key=layouts.count)
    return [use.take(value, layout) for value in values]


def _filled(use: Use, value: Value, rank: int) -> Value:
    """The value with axes of one behind the batch."""
    value, missing = use.plain(value), rank - len(value.shape)
    ref = value.ref
    for _ in range(missing):
        ref = use.step("unsqueeze", {"dim": 1}, ref, "wider")
    shape = (value.shape[0], *(Dim(1),) * missing, *value.shape[1:])
    return Value(ref, shape, keras_layout(rank)) if missing else value


def _merge(use: Use) -> Sequence[Value]:
    name = use.conf.class_name
    if use.keywords:
        return [_with_number(use)]
    if _OPS[name] in _OF_TWO and len(use.values) != 2:
        raise Refused(f"{name} takes 2 tensors")
    use.walk.learned.meet([value.shape for value in use.values])
    values = _common(use)
    ref = values[0].ref
    for place, value in enumerate(values[1:], 2):
        last = place == len(values) and name != "Average"
        suffix = "" if last else "sum" if name == "Average" else f"of_{place}"
        ref = use.step(_OPS[name], None, [ref, value.ref], suffix)
    if name == "Average":
        ref = use.step("div", {"other": len(values)}, ref)
    return [Value(ref, use.outputs[0], values[0].layout)]


def _with_number(use: Use) -> Value:
    """``x + 1`` in a functional model: an operation with a constant."""
    [number] = use.keywords.values()
    if len(use.values) != 1 or isinstance(number, bool) or not isinstance(number, int | float):
        raise Refused(f"{use.conf.class_name} with something that is neither a tensor nor a number")
    op = _OPS[use.conf.class_name]
    if op in ("maximum", "minimum"):
        return use.same(use.step("clamp", {"min" if op == "maximum" else "max": number}, use.value.ref))
    if op in _OF_TWO and "arg0" in use.keywords:
        if op == "div":
            raise Refused("a number divided by a tensor")
        op = "rsub"
    return use.same(use.step(op, {"other": number}, use.value.ref))


def _axis(conf: Conf, rank: int) -> int:
    axis = conf.data.get("axis", -1)
    if not isinstance(axis, int) or isinstance(axis, bool) or not -rank <= axis < rank or axis % rank == 0:
        raise Refused(
            f"`axis` of {conf.class_name} must be an axis of the input behind the batch, not {str(axis)[:60]}"
        )
    return axis % rank


def _cat_shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    rank = len(shapes[0])
    axis = _axis(conf, rank)
    if any(len(shape) != rank for shape in shapes):
        raise Refused("Concatenate of tensors with different numbers of axes")
    for place, sizes in enumerate(zip(*([dim.size for dim in shape] for shape in shapes), strict=True)):
        if place != axis and len(set(sizes)) > 1:
            told = " and ".join(str(size) for size in dict.fromkeys(sizes))
            raise Refused(f"Concatenate along axis {axis}: axis {place} is {told}")
    parts = [shape[axis] for shape in shapes]
    total = Dim(sum(part.size for part in parts), any(part.open for part in parts))
    return [tuple(total if place == axis else dim for place, dim in enumerate(shapes[0]))]


def _cat(use: Use) -> Sequence[Value]:
    if len(use.values) == 1:
        return [use.same(use.value.ref)]
    rank = len(use.value.shape)
    axis = _axis(use.conf, rank)
    use.walk.learned.meet([tuple(Dim(1) if i == axis else d for i, d in enumerate(v.shape)) for v in use.values])
    values = _common(use)
    place = values[0].at(axis)
    ref = use.step("cat", {"dim": -1 if place == rank - 1 else place}, [value.ref for value in values])
    return [Value(ref, use.outputs[0], values[0].layout)]


def _dot_axes(conf: Conf, shapes: Sequence[Shape]) -> tuple[int, int]:
    axes = conf.data.get("axes")
    pair = axes if isinstance(axes, list) else [axes, axes]
    ranks = [len(shape) for shape in shapes]
    good = [a % r for a, r in zip(pair, ranks, strict=False) if type(a) is int and -r <= a < r and a % r]
    if len(pair) != 2 or len(good) != 2:
        raise Refused("`axes` of Dot must be one axis of each input behind the batch")
    left, right = good
    if shapes[0][left].size != shapes[1][right].size:
        raise Refused(f"Dot of axes of {shapes[0][left].size} and {shapes[1][right].size}")
    return left, right


def _dot_shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    left, right = _dot_axes(conf, shapes)
    rest = [dim for i, dim in enumerate(shapes[0]) if i not in (0, left)]
    rest += [dim for i, dim in enumerate(shapes[1]) if i not in (0, right)]
    return [(shapes[0][0], *(rest or [Dim(1)]))]


def _dot(use: Use) -> Sequence[Value]:
    """A matmul of two sequences; anything else as an einsum, which reads its tensors in whatever layout they have."""
    axes = _dot_axes(use.conf, [value.shape for value in use.values])
    if all(len(value.shape) == 3 for value in use.values) and not use.conf.flag("normalize"):
        left, right = (use.plain(value).ref for value in use.values)
        left = left if axes[0] == 2 else use.step("transpose", {"dim0": 1, "dim1": 2}, left, "left")
        right = right if axes[1] == 1 else use.step("transpose", {"dim0": 1, "dim1": 2}, right, "right")
        return [use.give(use.step("matmul", None, [left, right]))]
    letters = iter("cdefghijklmnopqrstuvwxyz")
    terms, refs, rest = [], [], ""
    for value, axis in zip(use.values, axes, strict=True):
        names = ["b" if i == 0 else "a" if i == axis else next(letters) for i in range(len(value.shape))]
        rest += "".join(name for name in names if name not in "ab")
        terms.append("".join(names[place] for place in value.layout))
        ref = value.ref
        if use.conf.flag("normalize"):
            ref = use.step("normalize", {"dim": value.at(axis), "eps": 1e-6}, ref, "unit")
        refs.append(ref)
    ref = use.step("einsum", {"equation": f"{terms[0]},{terms[1]}->b{rest}"}, refs, "" if rest else "products")
    return [use.give(ref if rest else use.step("unsqueeze", {"dim": 1}, ref))]


KINDS = (
    Kind(tuple(_OPS), _merge, _together, inputs=(1, 1000), keywords=("arg0", "arg1", "x1", "x2")),
    Kind(("Concatenate",), _cat, _cat_shapes, inputs=(1, 1000)),
    Kind(("Dot",), _dot, _dot_shapes, inputs=(2, 2)),
)

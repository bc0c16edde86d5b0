"""What tensor functions do along the axes of their inputs, where the name and the constants say it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

from tdinspect.building.functions import FUNCTIONS
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.domain.spec import resolved
from tdinspect.layers.axis_use import AxisUse, Each, Edge, Mixed, Picked, Shape, Uses, Walk, Window

# Element by element, shorter inputs aligned at their last axis.
ELEMENTWISE = frozenset(
    ("add", "sub", "rsub", "mul", "div", "remainder", "pow", "maximum", "minimum", "lerp", "clamp", "abs", "neg")
    + ("sign", "floor", "ceil", "round", "square", "sqrt", "rsqrt", "reciprocal", "exp", "expm1", "log", "log1p")
    + ("log2", "erf", "sin", "cos", "tan", "atan", "atan2", "eq", "ne", "lt", "le", "gt", "ge", "logical_and")
    + ("logical_or", "logical_not", "where", "masked_fill", "to", "detach", "relu", "relu6", "leaky_relu", "elu")
    + ("selu", "celu", "gelu", "silu", "mish", "softplus", "softsign", "sigmoid", "logsigmoid", "tanh", "hardtanh")
    + ("hardsigmoid", "hardswish")
)
# Axes change their places, or come and go with one position.
_MOVES = frozenset(
    ("permute", "transpose", "swapaxes", "movedim", "moveaxis", "squeeze", "unsqueeze", "expand", "broadcast_to")
    + ("stack", "one_hot")
)
# Along `dim` (all axes, where there is none); element by element along the others.
_ALONG: Mapping[str, AxisUse | None] = {
    **dict.fromkeys(("mean", "sum", "prod", "std", "var", "norm", "logsumexp", "amax", "amin"), Mixed("reduced")),
    **dict.fromkeys(("max", "min", "median", "argmax", "argmin", "any", "all"), Mixed("reduced")),
    **dict.fromkeys(("softmax", "softmin", "log_softmax", "normalize"), Mixed("normalised")),
    **dict.fromkeys(("cumsum", "cumprod", "logcumsumexp"), Walk()),
    **dict.fromkeys(("sort", "argsort"), Mixed()),
    # What becomes of this axis itself is left to a run.
    **dict.fromkeys(("cat", "chunk", "split", "unbind", "topk", "diff", "glu", "unflatten", "flip", "roll")),
}
_EDGES: Mapping[str, Edge] = {
    "constant": "nothing",
    "reflect": "reflect",
    "replicate": "replicate",
    "circular": "circular",
}


def function_uses(
    function: TensorFunction, shapes: tuple[Shape, ...], sizes: Mapping[str, int]
) -> tuple[Uses, ...] | None:
    """For each tensor that goes in what becomes of its axes; None where a run has to tell.

    ``sizes`` are those of the symbols that the constants read.
    """
    name = function.name
    if name in ELEMENTWISE or name in _MOVES:
        return tuple((Each(),) * len(shape) for shape in shapes)
    if name in ("bmm", "matmul"):
        return _products(shapes)
    if name == "interpolate":
        return tuple((Each(), Each(), *(None,) * (len(shape) - 2)) for shape in shapes)
    if "_pool" in name:
        return tuple(_pooled(int(name[-2]), len(shape)) for shape in shapes)
    parameters = inspect.signature(FUNCTIONS[name]).parameters
    defaults = {p.name: p.default for p in parameters.values() if p.default is not p.empty}
    given: Mapping[str, object] = defaults | resolved(function.constants, sizes)
    if name == "scaled_dot_product_attention":
        return _attended(given, shapes)
    found = [_uses(name, given, shape) for shape in shapes]
    return None if None in found else tuple(uses for uses in found if uses is not None)


def _uses(name: str, given: Mapping[str, object], shape: Shape) -> Uses | None:
    ndim = len(shape)
    if name == "narrow":
        return _picked(given["dim"], given["start"], given["length"], shape)
    if name == "select":
        return _picked(given["dim"], given["index"], 1, shape)
    if name == "pad":
        return _padded(given, ndim)
    if name == "flatten":
        return _flattened(given, ndim)
    if name not in _ALONG:
        return None
    return _along(given.get("dims" if name in ("flip", "roll") else "dim"), ndim, lambda _: _ALONG[name])


def _along(dims: object, ndim: int, use: Callable[[int], AxisUse | None]) -> Uses | None:
    """``use(axis)`` along these axes: one number, several, or all where there are none."""
    wanted = list(dims) if isinstance(dims, tuple | list) else [dims]
    if dims is None or dims == ():
        wanted = list(range(ndim))
    axes = {dim % ndim for dim in wanted if isinstance(dim, int) and -ndim <= dim < ndim}
    if len(axes) != len(wanted):
        return None
    return tuple(use(axis) if axis in axes else Each() for axis in range(ndim))


def _products(shapes: tuple[Shape, ...]) -> tuple[Uses, ...] | None:
    """Matrices of equally many axes: rows of the first by columns of the second."""
    left, right = shapes
    if len(left) != len(right) or len(left) < 2:
        return None
    before = (Each(),) * (len(left) - 2)
    return (*before, Each(), Mixed("reduced")), (*before, Mixed("reduced"), Each())


def _attended(given: Mapping[str, object], shapes: tuple[Shape, ...]) -> tuple[Uses, ...] | None:
    """``(..., L, E)`` by ``(..., S, E)``: each query looks at all keys, or at those up to its own place."""
    ndim = len(shapes[0])
    if len(shapes) != 3 or ndim < 2 or {len(shape) for shape in shapes} != {ndim}:
        return None  # with a mask that comes at run time, or broadcast
    before = (Each(),) * (ndim - 2)
    seen = Walk() if given["is_causal"] else Mixed()
    reduced = Mixed("features")
    return (*before, Each(), reduced), (*before, seen, reduced), (*before, seen, Each())


def _pooled(space: int, ndim: int) -> Uses:
    return (*(Each(),) * (ndim - space), *(None,) * space)


def _picked(dim: object, first: object, count: object, shape: Shape) -> Uses | None:
    """Negative indices count from the end."""
    if not isinstance(first, int) or not isinstance(count, int):
        return None
    return _along(dim, len(shape), lambda axis: Picked(first if first >= 0 else first + shape[axis], count))


def _padded(given: Mapping[str, object], ndim: int) -> Uses | None:
    """Two numbers an axis, from the last."""
    widths, edge = given["pad"], _EDGES.get(str(given["mode"]))
    if not isinstance(widths, tuple | list) or edge is None or len(widths) // 2 > ndim:
        return None
    padded = [Window(before=widths[2 * i], edge=edge) for i in range(len(widths) // 2)]
    return (*(Each(),) * (ndim - len(padded)), *reversed(padded))


def _flattened(given: Mapping[str, object], ndim: int) -> Uses | None:
    start, end = given["start_dim"], given["end_dim"]
    if not isinstance(start, int) or not isinstance(end, int) or ndim == 0:
        return None
    first, last = start % ndim, end % ndim
    return tuple(None if first <= axis <= last and first < last else Each() for axis in range(ndim))

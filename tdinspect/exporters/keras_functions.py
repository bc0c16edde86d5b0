"""The tensor functions of a spec in Keras: layers where Keras has one, else ``keras.ops``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence

from tdinspect.building.functions import FUNCTIONS
from tdinspect.domain.spec import Expression
from tdinspect.domain.tree import Tree, leaves
from tdinspect.exporters.axes import Held, Lines
from tdinspect.exporters.code import Group, Item, Join, Text, call, sequence
from tdinspect.exporters.constants import literal
from tdinspect.exporters.keras_call import named
from tdinspect.exporters.keras_given import Given, like, without
from tdinspect.exporters.keras_rearranged import BY_RESULT, REARRANGED
from tdinspect.exporters.layers import NoCode

_ACTIVATIONS = {
    "relu": "relu", "relu6": "relu6", "sigmoid": "sigmoid", "tanh": "tanh", "silu": "silu", "mish": "mish",
    "selu": "selu", "softsign": "softsign", "hardsigmoid": "hard_sigmoid", "hardswish": "hard_silu",
    "logsigmoid": "log_sigmoid", "gelu": "gelu", "softplus": "softplus",
}  # fmt: skip
_ONE_BY_ONE = {
    "exp": "exp", "log": "log", "sqrt": "sqrt", "rsqrt": "rsqrt", "square": "square", "abs": "abs", "neg": "negative",
    "sin": "sin", "cos": "cos", "tan": "tan", "sign": "sign", "floor": "floor", "ceil": "ceil", "log1p": "log1p",
    "expm1": "expm1", "log2": "log2", "erf": "erf", "reciprocal": "reciprocal", "atan": "arctan",
}  # fmt: skip
_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**"}
_LAYERS = {"add": "Add", "sub": "Subtract", "mul": "Multiply", "maximum": "Maximum", "minimum": "Minimum"}
_REDUCED = {
    "mean": "mean", "sum": "sum", "amax": "max", "amin": "min", "max": "max", "min": "min", "prod": "prod",
    "logsumexp": "logsumexp", "argmax": "argmax", "argmin": "argmin",
}  # fmt: skip


def keras_function(name: str, inputs: Sequence[Tree], by_name: Mapping[str, Tree], constants: Mapping[str, object],
                   value: Tree, lines: Lines, results: Tree) -> Tree:  # fmt: skip
    """The values that a function gives, once it is said. Raises NoCode where Keras has no twin."""
    order = list(inspect.signature(FUNCTIONS[name]).parameters)
    given = Given(name, {**dict(zip(order, inputs, strict=False)), **by_name}, constants, value, lines, results)
    if any(isinstance(constant, Expression) for constant in leaves(dict(constants))) and name not in BY_RESULT:
        raise NoCode("it reads a size")
    if name not in _TWINS:
        raise NoCode(f"Keras has no twin of the function {name}")
    return _TWINS[name](given)


def _activation(g: Given) -> Held:
    if g.constants and g.constants != {"approximate": "none"}:
        raise NoCode("these constants have no twin in Keras")
    x = g.lines.read(g.x)
    return like(g, x, Group(call("layers.Activation", Text(literal(_ACTIVATIONS[g.name]))), (Item(x.ref()),)))


def _one_by_one(g: Given) -> Held:
    x = g.lines.read(g.x)
    return like(g, x, call(f"keras.ops.{_ONE_BY_ONE[g.name]}", x.ref()))


def _two(g: Given) -> Held:
    if "rounding_mode" in g.constants:
        raise NoCode("rounding_mode has no twin in Keras")
    values = [value for value in g.tensors.values() if isinstance(value, Held)]
    number = next((g.constants[key] for key in ("other", "exponent") if key in g.constants), None)
    if len(values) == 1:
        x = g.lines.read(values[0])
        sign = _SIGNS.get(g.name)
        if sign is None or number is None:
            raise NoCode("it needs a tensor and a number")
        text = literal(number)
        return like(g, x, Join((x.ref(), Text(f" {sign} {f'({text})' if text.startswith('-') else text}"))))
    one, other = g.lines.aligned(values)
    same = [axis.size for axis in one.known.axes] == [axis.size for axis in other.known.axes]
    if same and g.name in _LAYERS:
        return like(g, one, Group(call(f"layers.{_LAYERS[g.name]}"), (Item(sequence([one.ref(), other.ref()], "[]")),)))
    if g.name in _SIGNS:
        return like(g, one, Join((one.ref(), Text(f" {_SIGNS[g.name]} "), other.ref())))
    return like(g, one, call(f"keras.ops.{g.name}", one.ref(), other.ref()))


def _softmax(g: Given) -> Held:
    x = g.lines.read(g.x)
    axis = x.axis(g.whole("dim"))
    more = named(axis=None if axis == -1 else axis)
    if g.name == "log_softmax":
        return like(g, x, call("keras.ops.log_softmax", x.ref(), **more))
    return like(g, x, Group(call("layers.Softmax", **more), (Item(x.ref()),)))


def _reduced(g: Given) -> Tree:
    dims = g.constants.get("dim")
    if dims is None or dims == ():
        raise NoCode("it reduces over the batch, too")
    x = g.lines.read(g.x)
    gone = [d % x.ndim for d in (dims if isinstance(dims, tuple) else (dims,)) if isinstance(d, int)]
    axes = [x.axis(d) for d in gone]
    keep = bool(g.constants.get("keepdim"))
    made = g.made
    made.order, made.front = (x.order if keep else without(x.order, gone)), x.front
    axis = literal(axes[0] if len(axes) == 1 else tuple(axes))
    g.lines.let(made, call(f"keras.ops.{_REDUCED[g.name]}", x.ref(), axis=Text(axis), **named(keepdims=keep or None)))
    if not isinstance(g.results, tuple):
        return made
    return (made, *(Held("index", missing="its indices are read") for _ in g.results[1:]))


def _matmul(g: Given) -> Held:
    values = [value for value in g.tensors.values() if isinstance(value, Held)]
    if len({value.ndim for value in values}) > 1 or values[0].ndim < 3:
        raise NoCode("Keras's batch must be the first axis of both")
    one, other = (g.lines.natural(value) for value in values)
    if one.order[0] != 0 or other.order[0] != 0:
        raise NoCode("Keras's batch must be the first axis of both")
    return like(g, one, call("keras.ops.matmul", one.ref(), other.ref()))


def _clamp(g: Given) -> Held:
    x = g.lines.read(g.x)
    limits = [g.constants.get("min"), g.constants.get("max")]
    ends = ('float("-inf")', 'float("inf")')
    written = [end if limit is None else literal(limit) for limit, end in zip(limits, ends, strict=True)]
    return like(g, x, call("keras.ops.clip", x.ref(), *map(Text, written)))


_TWINS: Mapping[str, Callable[[Given], Tree]] = {
    **REARRANGED,
    **dict.fromkeys(_ACTIVATIONS, _activation),
    **dict.fromkeys(_ONE_BY_ONE, _one_by_one),
    **dict.fromkeys((*_SIGNS, "maximum", "minimum"), _two),
    "softmax": _softmax,
    "log_softmax": _softmax,
    **dict.fromkeys(_REDUCED, _reduced),
    "matmul": _matmul,
    "bmm": _matmul,
    "clamp": _clamp,
}

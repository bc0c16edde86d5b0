"""The tensor functions of a spec in Keras: layers where Keras has one, else ``keras.ops``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tdinspect.building.functions import FUNCTIONS
from tdinspect.domain.spec import Expression
from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import Tree, first, leaves
from tdinspect.exporters.axes import Held, Lines
from tdinspect.exporters.code import Code, Group, Item, Join, Text, call, sequence
from tdinspect.exporters.constants import literal
from tdinspect.exporters.keras_call import applied, named, short
from tdinspect.exporters.keras_sequences import reshaped
from tdinspect.exporters.layers import NoCode
from tdinspect.exporters.statements import Assign

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


@dataclass(slots=True)
class Given:
    """One function: what comes in by the names of its arguments, its constants, what torch gives."""

    name: str
    tensors: Mapping[str, Tree]
    constants: Mapping[str, object]
    value: Tree
    lines: Lines
    results: Tree  # new values for it

    @property
    def x(self) -> Held:
        """The first tensor."""
        found = next(leaves(list(self.tensors.values())))
        assert isinstance(found, Held)
        return found

    @property
    def made(self) -> Held:
        """The new value for its first result."""
        made = first(self.results)
        assert isinstance(made, Held)
        return made

    def whole(self, name: str, default: int | None = None) -> int:
        """A constant that is a whole number."""
        value = self.constants.get(name, default)
        if not isinstance(value, int):
            raise NoCode(f"{name}: {value} has no twin in Keras")
        return value


def keras_function(name: str, inputs: Sequence[Tree], by_name: Mapping[str, Tree], constants: Mapping[str, object],
                   value: Tree, lines: Lines, results: Tree) -> Tree:  # fmt: skip
    """The values that a function gives, once it is said. Raises NoCode where Keras has no twin."""
    order = list(inspect.signature(FUNCTIONS[name]).parameters)
    given = Given(name, {**dict(zip(order, inputs, strict=False)), **by_name}, constants, value, lines, results)
    if any(isinstance(constant, Expression) for constant in leaves(dict(constants))) and name not in _BY_RESULT:
        raise NoCode("it reads a size")
    if name not in _TWINS:
        raise NoCode(f"Keras has no twin of the function {name}")
    return _TWINS[name](given)


def _like(g: Given, x: Held, code: Code) -> Held:
    made = g.made
    made.order, made.front = x.order, x.front
    return g.lines.let(made, code)


def _activation(g: Given) -> Held:
    if g.constants and g.constants != {"approximate": "none"}:
        raise NoCode("these constants have no twin in Keras")
    x = g.lines.read(g.x)
    return _like(g, x, Group(call("layers.Activation", Text(literal(_ACTIVATIONS[g.name]))), (Item(x.ref()),)))


def _one_by_one(g: Given) -> Held:
    x = g.lines.read(g.x)
    return _like(g, x, call(f"keras.ops.{_ONE_BY_ONE[g.name]}", x.ref()))


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
        return _like(g, x, Join((x.ref(), Text(f" {sign} {f'({text})' if text.startswith('-') else text}"))))
    one, other = g.lines.aligned(values)
    same = [axis.size for axis in one.known.axes] == [axis.size for axis in other.known.axes]
    if same and g.name in _LAYERS:
        return _like(
            g, one, Group(call(f"layers.{_LAYERS[g.name]}"), (Item(sequence([one.ref(), other.ref()], "[]")),))
        )
    if g.name in _SIGNS:
        return _like(g, one, Join((one.ref(), Text(f" {_SIGNS[g.name]} "), other.ref())))
    return _like(g, one, call(f"keras.ops.{g.name}", one.ref(), other.ref()))


def _cat(g: Given) -> Held:
    values = g.lines.aligned([value for value in leaves(list(g.tensors.values())) if isinstance(value, Held)])
    one = values[0]
    axis = one.axis(g.whole("dim", 0))
    more = named(axis=None if axis == -1 else axis)
    return _like(g, one, Group(call("layers.Concatenate", **more), (Item(sequence([v.ref() for v in values], "[]")),)))


def _stack(g: Given) -> Held:
    values = [g.lines.natural(value) for value in leaves(list(g.tensors.values())) if isinstance(value, Held)]
    one, made = values[0], g.made
    dim = g.whole("dim", 0) % made.ndim
    batch = one.order[0] + (dim <= one.order[0])
    made.order, made.front = (batch, *(axis for axis in range(made.ndim) if axis != batch)), one.front
    return g.lines.let(
        made, call("keras.ops.stack", sequence([v.ref() for v in values], "[]"), axis=Text(str(made.axis(dim))))
    )


def _softmax(g: Given) -> Held:
    x = g.lines.read(g.x)
    axis = x.axis(g.whole("dim"))
    more = named(axis=None if axis == -1 else axis)
    if g.name == "log_softmax":
        return _like(g, x, call("keras.ops.log_softmax", x.ref(), **more))
    return _like(g, x, Group(call("layers.Softmax", **more), (Item(x.ref()),)))


def _reduced(g: Given) -> Tree:
    dims = g.constants.get("dim")
    if dims is None or dims == ():
        raise NoCode("it reduces over the batch, too")
    x = g.lines.read(g.x)
    gone = [d % x.ndim for d in (dims if isinstance(dims, tuple) else (dims,)) if isinstance(d, int)]
    axes = [x.axis(d) for d in gone]
    keep = bool(g.constants.get("keepdim"))
    made = g.made
    made.order, made.front = (x.order if keep else _without(x.order, gone)), x.front
    axis = literal(axes[0] if len(axes) == 1 else tuple(axes))
    g.lines.let(made, call(f"keras.ops.{_REDUCED[g.name]}", x.ref(), axis=Text(axis), **named(keepdims=keep or None)))
    if not isinstance(g.results, tuple):
        return made
    return (made, *(Held("index", missing="its indices are read") for _ in g.results[1:]))


def _without(order: Sequence[int], gone: Sequence[int]) -> tuple[int, ...]:
    return tuple(axis - sum(g < axis for g in gone) for axis in order if axis not in gone)


def _permuted(g: Given) -> Held:
    """No line at all: torch sees the axes of the same variable in another order."""
    x = g.x
    x = g.lines.natural(x) if x.unread else g.lines.read(x)
    dims = _new_order(g, x.ndim)
    return g.lines.view(x, [dims.index(axis) for axis in x.order], _info(g))


def _info(g: Given) -> TensorInfo:
    assert isinstance(g.value, TensorInfo)
    return g.value


def _new_order(g: Given, ndim: int) -> list[int]:
    """Which axis of the input stands at each place of the result."""
    if g.name == "permute":
        dims = g.constants["dims"]
        assert isinstance(dims, tuple)
        return [d % ndim for d in dims]
    order = list(range(ndim))
    if g.name in ("transpose", "swapaxes"):
        names = ("dim0", "dim1") if g.name == "transpose" else ("axis0", "axis1")
        one, other = (g.whole(name) % ndim for name in names)
        order[one], order[other] = order[other], order[one]
        return order
    ends = (g.constants["source"], g.constants["destination"])
    sources, targets = ([d % ndim for d in (v if isinstance(v, tuple) else (v,)) if isinstance(d, int)] for v in ends)
    rest = [axis for axis in order if axis not in sources]
    for target, source in sorted(zip(targets, sources, strict=True)):
        rest.insert(target, source)
    return rest


def _reshape(g: Given) -> Held:
    return reshaped(g.lines, g.x, g.made)


def _select(g: Given) -> Held:
    x = g.lines.read(g.x)
    dim = g.whole("dim") % x.ndim
    place = x.axis(dim) + len(x.order) + x.lead - 1
    made = g.made
    made.order, made.front = _without(x.order, [dim]), x.front
    return g.lines.let(made, Join((x.ref(), Text(f"[{':, ' * place}{g.whole('index')}]"))))


def _narrow(g: Given) -> Held:
    x = g.lines.read(g.x)
    place = x.axis(g.whole("dim")) + len(x.order) + x.lead - 1
    start, length = g.whole("start"), g.whole("length")
    end = start + length
    return _like(g, x, Join((x.ref(), Text(f"[{':, ' * place}{start}:{'' if start < 0 and end == 0 else end}]"))))


def _parts(g: Given) -> Tree:
    x = g.lines.read(g.x)
    dim = g.whole("dim", 0) % x.ndim
    sizes = [info.axes[dim].size for info in g.value]
    if not all(size.is_number for size in sizes):
        raise NoCode("the sizes of its parts follow a symbol")
    numbers = [size.value({}) for size in sizes]
    how = (
        str(len(numbers))
        if len(set(numbers)) == 1
        else literal([sum(numbers[: i + 1]) for i in range(len(numbers) - 1)])
    )
    for part in g.results:
        part.order, part.front = x.order, x.front
    g.lines.let(g.made, call("keras.ops.split", x.ref(), Text(how), axis=Text(str(x.axis(dim)))))
    statement = g.lines.statements[-1]
    assert isinstance(statement, Assign)
    statement.targets = g.results
    return g.results


def _matmul(g: Given) -> Held:
    values = [value for value in g.tensors.values() if isinstance(value, Held)]
    if len({value.ndim for value in values}) > 1 or values[0].ndim < 3:
        raise NoCode("Keras's batch must be the first axis of both")
    one, other = (g.lines.natural(value) for value in values)
    if one.order[0] != 0 or other.order[0] != 0:
        raise NoCode("Keras's batch must be the first axis of both")
    return _like(g, one, call("keras.ops.matmul", one.ref(), other.ref()))


def _clamp(g: Given) -> Held:
    x = g.lines.read(g.x)
    limits = [g.constants.get("min"), g.constants.get("max")]
    ends = ('float("-inf")', 'float("inf")')
    written = [end if limit is None else literal(limit) for limit, end in zip(limits, ends, strict=True)]
    return _like(g, x, call("keras.ops.clip", x.ref(), *map(Text, written)))


def _interpolate(g: Given) -> Held:
    x = g.x
    rank, factor, mode = x.ndim - 2, g.constants.get("scale_factor"), g.constants.get("mode", "nearest")
    factors = factor if isinstance(factor, tuple) else (factor,) * rank
    whole = [int(f) for f in factors if isinstance(f, int | float) and int(f) == f]
    if len(whole) != rank or mode != "nearest" or {*g.constants} - {"scale_factor", "mode"}:
        raise NoCode("only whole factors and mode: nearest have a twin in Keras")
    x = g.lines.last(x, rank)
    return _like(g, x, applied(call(f"layers.UpSampling{rank}D", short(tuple(whole))), x, True))


_BY_RESULT = frozenset(("reshape", "flatten", "unflatten", "squeeze", "unsqueeze"))
_TWINS: Mapping[str, Callable[[Given], Tree]] = {
    **dict.fromkeys(_ACTIVATIONS, _activation),
    **dict.fromkeys(_ONE_BY_ONE, _one_by_one),
    **dict.fromkeys((*_SIGNS, "maximum", "minimum"), _two),
    "cat": _cat,
    "stack": _stack,
    "softmax": _softmax,
    "log_softmax": _softmax,
    **dict.fromkeys(_REDUCED, _reduced),
    **dict.fromkeys(("permute", "transpose", "swapaxes", "movedim", "moveaxis"), _permuted),
    **dict.fromkeys(_BY_RESULT, _reshape),
    "select": _select,
    "narrow": _narrow,
    "chunk": _parts,
    "split": _parts,
    "matmul": _matmul,
    "bmm": _matmul,
    "clamp": _clamp,
    "interpolate": _interpolate,
}

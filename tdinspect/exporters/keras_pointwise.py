"""Activations, softmaxes and dropouts in Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tdinspect.domain.tree import Tree
from tdinspect.exporters.axes import Held
from tdinspect.exporters.code import Text, call
from tdinspect.exporters.constants import literal
from tdinspect.exporters.keras_call import Call, named
from tdinspect.exporters.layers import NoCode


def _dropout(c: Call) -> Held:
    rank = {"Dropout1d": 1, "Dropout2d": 2, "Dropout3d": 3}.get(c.type)
    rate = Text(literal(c.get("p")))
    if rank is None:
        kind = "AlphaDropout" if c.type == "AlphaDropout" else "Dropout"
        return c.apply(c.lines.read(c.x), call(f"layers.{kind}", rate), wrap=False)
    return c.apply(c.lines.last(c.x, rank), call(f"layers.SpatialDropout{rank}D", rate))


_PLAIN = {  # names that keras.activations has for the same function
    "ReLU": "relu", "ReLU6": "relu6", "Sigmoid": "sigmoid", "Tanh": "tanh", "SiLU": "silu", "Mish": "mish",
    "SELU": "selu", "Softsign": "softsign", "Hardsigmoid": "hard_sigmoid", "Hardswish": "hard_silu",
    "LogSigmoid": "log_sigmoid", "GELU": "gelu", "Softplus": "softplus", "Tanhshrink": "tanh_shrink",
}  # fmt: skip


def _activation(c: Call) -> Held:
    c.refuse_unless("approximate", "none", None)
    c.refuse_unless("beta", 1, 1.0, None)
    return c.apply(c.lines.read(c.x), call("layers.Activation", Text(literal(_PLAIN[c.type]))), wrap=False)


def _elu(c: Call) -> Held:
    return c.apply(c.lines.read(c.x), call("layers.ELU", **named(alpha=c.get("alpha"))), wrap=False)


def _leaky(c: Call) -> Held:
    more = named(negative_slope=c.get("negative_slope"))
    return c.apply(c.lines.read(c.x), call("layers.LeakyReLU", **more), wrap=False)


def _hardtanh(c: Call) -> Held:
    x = c.lines.read(c.x)
    low, high = c.get("min_val"), c.get("max_val")
    if low == 0:
        return c.apply(x, call("layers.ReLU", **named(max_value=high)), wrap=False)
    made = c.fresh()
    made.order, made.front = x.order, x.front
    return c.lines.let(made, call("keras.ops.clip", x.ref(), Text(literal(low)), Text(literal(high))))


def _softmax(c: Call) -> Held:
    dim = c.get("dim")
    x = c.lines.read(c.x)
    if not isinstance(dim, int):
        raise NoCode("its axis is not given")
    axis = named(axis=x.axis(dim)) if x.axis(dim) != -1 else {}
    if c.type == "LogSoftmax":
        made = c.fresh()
        made.order, made.front = x.order, x.front
        return c.lines.let(made, call("keras.ops.log_softmax", x.ref(), **axis))
    return c.apply(x, call("layers.Softmax", **axis), wrap=False)


def _identity(c: Call) -> Held:
    return c.apply(c.lines.read(c.x), call("layers.Identity"), wrap=False)


POINTWISE: Mapping[str, Callable[[Call], Tree]] = {
    **dict.fromkeys(("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout"), _dropout),
    **dict.fromkeys(_PLAIN, _activation),
    "ELU": _elu,
    "Hardtanh": _hardtanh,
    "LeakyReLU": _leaky,
    "Softmax": _softmax,
    "LogSoftmax": _softmax,
    "Identity": _identity,
}

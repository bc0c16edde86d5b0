"""Activations: by name inside another layer, and as layers of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tdinspect.keras.conf import Conf
from tdinspect.keras.kind import Kind, Use, Weight
from tdinspect.keras.refused import Refused
from tdinspect.keras.shapes import Shape
from tdinspect.keras.steps import Carry, Value

# Each is one step or several: (operation, arguments). Sources: the functions of keras.activations.
_Steps = list[tuple[str, object]]
_NAMED: Mapping[str, _Steps] = {
    "linear": [],
    "relu": [("ReLU", None)],
    "relu6": [("ReLU6", None)],
    "sigmoid": [("Sigmoid", None)],
    "tanh": [("Tanh", None)],
    "elu": [("ELU", None)],
    "selu": [("SELU", None)],
    "celu": [("CELU", None)],
    "softplus": [("Softplus", None)],
    "softsign": [("Softsign", None)],
    "silu": [("SiLU", None)],
    "swish": [("SiLU", None)],
    "gelu": [("GELU", None)],
    "mish": [("Mish", None)],
    "exponential": [("exp", None)],
    "hard_silu": [("Hardswish", None)],
    "hard_swish": [("Hardswish", None)],
    "hard_tanh": [("Hardtanh", None)],
    "tanh_shrink": [("Tanhshrink", None)],
    "soft_shrink": [("Softshrink", None)],
    "hard_shrink": [("Hardshrink", None)],
    "log_sigmoid": [("LogSigmoid", None)],
    "leaky_relu": [("LeakyReLU", {"negative_slope": 0.2})],
}
_ALONG_LAST = {"softmax": "Softmax", "log_softmax": "LogSoftmax"}
_OLD_HARD_SIGMOID: _Steps = [("mul", {"other": 0.2}), ("add", {"other": 0.5}), ("clamp", {"min": 0, "max": 1})]
# Keras 2 and 3 take other formulas under one name.
_DIFFER: Mapping[str, Callable[[int], _Steps]] = {
    "hard_sigmoid": lambda keras: [("Hardsigmoid", None)] if keras >= 3 else _OLD_HARD_SIGMOID,
}
NAMES = (*_NAMED, *_ALONG_LAST, *_DIFFER)


def activated(use: Use, value: Value, key: str = "activation", suffix: str | None = None) -> Value:
    """The value behind the activation that the configuration names: a step of its own, or several. Raises Refused."""
    name, inner = use.conf.activation(key)
    if inner:
        raise Refused(
            f"activation {name} with values of its own inside {use.conf.class_name}: make it a layer of its own"
        )
    return _apply(use, value, name, name if suffix is None else suffix)


def _apply(use: Use, value: Value, name: str, suffix: str) -> Value:
    if name in _ALONG_LAST:
        return _next(use, value, [(_ALONG_LAST[name], {"dim": _dim(value, -1)})], suffix)
    steps = _NAMED.get(name)
    if steps is None and name in _DIFFER:
        steps = _DIFFER[name](use.conf.keras)
    if steps is None:
        raise Refused(f"`activation` of {use.conf.class_name} is {name!r}, which has no counterpart here")
    return _next(use, value, steps, suffix)


def _dim(value: Value, axis: int) -> int:
    """The axis in the spec's tensor, as -1 where it is the last."""
    place = value.at(axis)
    return -1 if place == len(value.shape) - 1 else place


def _next(use: Use, value: Value, steps: _Steps, suffix: str) -> Value:
    ref = value.ref
    for op, args in steps:
        ref = use.step(op, args, ref, suffix)
    return Value(ref, value.shape, value.layout, value.origin)


def _activation(use: Use) -> Sequence[Value]:
    name, inner = use.conf.activation()
    if inner:
        raise Refused(f"activation {name} with values of its own: make it a layer of its own")
    return [_apply(use, use.value, name, "")]


def _relu(use: Use) -> Sequence[Value]:
    """``ReLU(max_value, negative_slope, threshold)``."""
    conf = use.conf
    most, slope, threshold = (_optional(conf, key) for key in ("max_value", "negative_slope", "threshold"))
    if threshold and slope:
        raise Refused("ReLU with both `threshold` and `negative_slope`")
    steps: _Steps = [("ReLU", None)]
    if slope:
        steps = [("LeakyReLU", {"negative_slope": slope})]
    elif threshold:  # below it nothing, above it the value itself
        steps = [("Threshold", {"threshold": threshold, "value": 0})]
    elif most == 6:
        return [_next(use, use.value, [("ReLU6", None)], "")]
    if most is not None:
        steps.append(("clamp", {"max": most}))
    return [_next(use, use.value, steps, "")]


def _optional(conf: Conf, key: str) -> float | None:
    return None if conf.data.get(key) is None else conf.number(key)


def _leaky(use: Use) -> Sequence[Value]:
    key = "alpha" if "alpha" in use.conf.data else "negative_slope"  # Keras 2: alpha
    return [_next(use, use.value, [("LeakyReLU", {"negative_slope": use.conf.number(key, 0.3)})], "")]


def _elu(use: Use) -> Sequence[Value]:
    return [_next(use, use.value, [("ELU", {"alpha": use.conf.number("alpha", 1.0)})], "")]


def _thresholded(use: Use) -> Sequence[Value]:
    return [_next(use, use.value, [("Threshold", {"threshold": use.conf.number("theta", 1.0), "value": 0})], "")]


def _softmax(use: Use) -> Sequence[Value]:
    axis = use.conf.data.get("axis", -1)
    if isinstance(axis, list) and len(axis) == 1:
        axis = axis[0]
    if not isinstance(axis, int) or isinstance(axis, bool) or not -len(use.value.shape) <= axis < len(use.value.shape):
        raise Refused("Softmax over several axes, or over one that is not there")
    return [_next(use, use.value, [("Softmax", {"dim": _dim(use.value, axis)})], "")]


def _alpha_shape(conf: Conf, shapes: Sequence[Shape]) -> tuple[int, ...]:
    sizes = [dim.size for dim in shapes[0]]
    shared = conf.data.get("shared_axes")
    axes = shared if isinstance(shared, list) else [] if shared is None else [shared]
    if not all(type(axis) is int and 1 <= axis < len(sizes) for axis in axes):
        raise Refused("`shared_axes` of PReLU must be axes from 1 upward")
    return tuple(1 if axis in axes else size for axis, size in enumerate(sizes) if axis)


def _alpha(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    return (Weight("alpha", _alpha_shape(conf, shapes)),)


def _prelu(use: Use) -> Sequence[Value]:
    """torch's PReLU has one slope a channel; any other is written out: relu(x) - alpha * relu(-x)."""
    alpha = _alpha_shape(use.conf, [use.value.shape])
    wide = [axis for axis, size in enumerate(alpha, 1) if size > 1]
    if len(wide) <= 1:
        axis = wide[0] if wide else len(alpha)
        rank = len(use.value.shape)
        value = use.take(use.value, (0, axis, *(a for a in range(1, rank) if a != axis)))
        count = alpha[axis - 1]
        ref = use.step("PReLU", {"num_parameters": count}, value.ref, carries={"weight": Carry(("alpha",), "flat")})
        return [Value(ref, value.shape, value.layout)]
    value = use.plain()
    slope = use.tensor("alpha", alpha, Carry(("alpha",)))
    above = use.step("relu", None, value.ref, "above")
    below = use.step("relu", None, use.step("neg", None, value.ref, "turned"), "below")
    scaled = use.step("mul", None, [below, slope], "scaled")
    return [use.same(use.step("sub", None, [above, scaled]), value)]


KINDS = (
    Kind(("Activation",), _activation),
    Kind(("ReLU",), _relu),
    Kind(("LeakyReLU",), _leaky),
    Kind(("ELU",), _elu),
    Kind(("ThresholdedReLU",), _thresholded),
    Kind(("Softmax",), _softmax),
    Kind(("PReLU",), _prelu, weights=_alpha),
)

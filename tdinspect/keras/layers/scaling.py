"""Rescaling and Normalization, with which keras.applications start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tdinspect.keras.conf import Conf
from tdinspect.keras.kind import Kind, Use, Weight
from tdinspect.keras.refused import Refused
from tdinspect.keras.shapes import Shape
from tdinspect.keras.steps import Carry, Value

_MOST_WRITTEN = 64  # numbers that a spec spells out one by one


def _numbers(conf: Conf, key: str, default: float | None) -> list[float]:
    """One number, or one for each channel, however deep Keras wraps them. Raises Refused."""
    value = conf.data.get(key, default)
    for _ in range(8):
        if isinstance(value, Mapping) and isinstance(value.get("config"), Mapping):
            value = value["config"].get("value")
        elif isinstance(value, list) and len(value) == 1:
            value = value[0]
    items = value if isinstance(value, list) else [value]
    numbers = [float(item) for item in items if isinstance(item, int | float) and not isinstance(item, bool)]
    if len(numbers) < len(items) or not 0 < len(items) <= _MOST_WRITTEN:
        raise Refused(f"`{key}` of {conf.class_name} must be a number, or up to {_MOST_WRITTEN} of them")
    return numbers


def _plain_number(value: float) -> float | int:
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _by(use: Use, op: str, value: Value, numbers: list[float], suffix: str) -> Value:
    """The value with one number applied to all of it, or one to each channel."""
    if len(numbers) == 1:
        ref = use.step(op, {"other": _plain_number(numbers[0])}, value.ref, suffix)
        return Value(ref, value.shape, value.layout, value.origin)
    rank = len(value.shape)
    if len(numbers) != value.shape[-1].size:
        raise Refused(f"{use.conf.class_name} has {len(numbers)} numbers for {value.shape[-1].size} channels")
    value = use.spatial(value) if rank >= 4 else use.plain(value)
    place = value.at(rank - 1)
    ones = [1] * (rank - place)
    told = suffix or "value"
    parts = [
        use.step("full", {"shape": ones, "fill_value": number}, None, f"{told}_of_{i}")
        for i, number in enumerate(numbers)
    ]
    vector = use.step("cat", {"dim": 0}, parts, f"{told}_vector")
    return Value(use.step(op, None, [value.ref, vector], suffix), value.shape, value.layout)


def _rescaling(use: Use) -> Sequence[Value]:
    scale, offset = _numbers(use.conf, "scale", 1.0), _numbers(use.conf, "offset", 0.0)
    shifted = offset != [0.0]
    value = _by(use, "mul", use.value, scale, "scaled" if shifted else "")
    return [_by(use, "add", value, offset, "") if shifted else value]


def _given(conf: Conf) -> bool:
    return conf.data.get("mean") is not None


def _axis(conf: Conf, rank: int) -> list[int]:
    axis = conf.data.get("axis", -1)
    axes = axis if isinstance(axis, list) else [] if axis is None else [axis]
    if any(not isinstance(a, int) or a % rank != rank - 1 for a in axes):
        raise Refused("Normalization along other axes than the last")
    return [rank - 1] if axes else []


def _normal_weights(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    if _given(conf):
        return ()
    size = tuple(shapes[0][axis].size for axis in _axis(conf, len(shapes[0])))
    count = Weight("count", (), False, 0, "Keras counts the number of samples that adapt() has seen", counted=False)
    return (Weight("mean", size, trainable=False), Weight("variance", size, trainable=False), count)


def _normalization(use: Use) -> Sequence[Value]:
    """(x - mean) / sqrt(variance), the numbers fixed, or frozen tensors that `--weights` fills."""
    conf, rank = use.conf, len(use.value.shape)
    if conf.flag("invert"):
        raise Refused("Normalization with `invert`")
    axes = _axis(conf, rank)
    if _given(conf):
        variance = _numbers(conf, "variance", 1.0)
        if min(variance) < 0:
            raise Refused("`variance` of Normalization is below zero")
        value = _by(use, "sub", use.value, _numbers(conf, "mean", 0.0), "centred")
        return [_by(use, "div", value, [max(v**0.5, 1e-7) for v in variance], "")]
    use.trainable = False
    value = use.spatial() if rank >= 4 else use.plain()
    size = value.shape[-1].size if axes else 1
    shape = [size, *[1] * (rank - 1 - value.at(rank - 1))]
    mean = use.tensor("mean", shape, Carry(("mean",), "shaped"))
    spread = use.tensor("deviation", shape, Carry(("variance",), "deviation"), "ones")
    ref = use.step("div", None, [use.step("sub", None, [value.ref, mean], "centred"), spread])
    return [Value(ref, use.outputs[0], value.layout)]


KINDS = (Kind(("Rescaling",), _rescaling), Kind(("Normalization",), _normalization, weights=_normal_weights))

"""Rows of a trace in a few words."""

from __future__ import annotations

from dataclasses import replace

from tdinspect.domain.size import Size
from tdinspect.domain.trace import Axis, LayerRecord, ParameterInfo, TensorInfo


def tensor(key: int, *shape: int, name: str = "weight", trainable: bool = True, size: int = 4) -> ParameterInfo:
    """A float32 parameter (``size`` bytes a number)."""
    count = ParameterInfo(name, shape, 0, trainable, key).count
    return ParameterInfo(name, shape, count * size, trainable, key)


def axis(entry: int | str) -> Axis:
    """``B`` carries itself; a number carries nothing."""
    return Axis(Size.symbol(entry), frozenset((entry,))) if isinstance(entry, str) else Axis(Size.number(entry))


def info(*shape: int | str, dtype: str = "float32") -> TensorInfo:
    """A value whose symbols are time and batch symbols."""
    return TensorInfo(tuple(map(axis, shape)), dtype)


def leaf(name: str, *parameters: ParameterInfo, depth: int = 0, keras: int | None = None) -> LayerRecord:
    """A layer; Keras counts it as torch does unless said."""
    count = sum(parameter.count for parameter in parameters)
    return LayerRecord(
        name, "Linear", ("layers", 0), depth, parameters=parameters, keras_params=count if keras is None else keras
    )


def again(record: LayerRecord, name: str, depth: int = 0) -> LayerRecord:
    """The same module, used again."""
    return replace(record, name=name, depth=depth, shared_with=record.name)


def container(name: str, depth: int = 0) -> LayerRecord:
    """A container's row; its children follow one deeper."""
    return LayerRecord(name, "Sequential", ("layers", 0), depth, container=True)

"""Dense and Embedding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tdinspect.keras.conf import Conf
from tdinspect.keras.kind import Kind, Use, Weight
from tdinspect.keras.layers.activation import activated
from tdinspect.keras.layers.training import TRAINING_ONLY
from tdinspect.keras.refused import Refused
from tdinspect.keras.shapes import Dim, Shape
from tdinspect.keras.steps import Carry, Value


def _dense_shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    if len(shapes[0]) < 2:
        raise Refused("Dense takes a batch and features")
    return [(*shapes[0][:-1], Dim(conf.whole("units", least=1)))]


def _dense_weights(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    units = conf.whole("units", least=1)
    kernel = Weight("kernel", (shapes[0][-1].size, units))
    return (kernel, Weight("bias", (units,))) if conf.flag("use_bias", True) else (kernel,)


def _dense(use: Use) -> Sequence[Value]:
    value = use.plain()
    use.features(value.shape[-1])
    bias = use.conf.flag("use_bias", True)
    args: dict[str, object] = {"in_features": value.shape[-1].size, "out_features": use.conf.whole("units", least=1)}
    carries = {"weight": Carry(("kernel",), "transposed")}
    if bias:
        carries["bias"] = Carry(("bias",))
    else:
        args["bias"] = False
    return [activated(use, use.give(use.step("Linear", args, value.ref, carries=carries)))]


def _embedding_shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    return [(*shapes[0], Dim(conf.whole("output_dim", least=1)))]


def _embedding_weights(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    return (Weight("embeddings", (conf.whole("input_dim", least=1), conf.whole("output_dim", least=1))),)


def _embedding(use: Use) -> Sequence[Value]:
    value = use.plain()
    rows = use.conf.whole("input_dim", least=1)
    ref = value.ref
    if value.origin is not None:
        use.walk.learned.high[value.origin] = min(rows, use.walk.learned.high.get(value.origin, rows))
    else:
        ref = use.step("to", {"dtype": "int64"}, ref, "indices")
    if use.conf.given("mask_zero"):
        use.walk.warn("`mask_zero` is left out: no mask goes along, so padded steps are read like any other", use.owner)
    args = {"num_embeddings": rows, "embedding_dim": use.conf.whole("output_dim", least=1)}
    made = use.step("Embedding", args, ref, carries={"weight": Carry(("embeddings",))})
    return [replace(use.give(made), origin=None)]


KINDS = (
    Kind(("Dense",), _dense, _dense_shapes, _dense_weights, left_out=TRAINING_ONLY),
    Kind(("Embedding",), _embedding, _embedding_shapes, _embedding_weights, left_out=TRAINING_ONLY),
)

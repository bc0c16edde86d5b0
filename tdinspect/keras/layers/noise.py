"""Layers that act in training, and those that hand their input on."""

from __future__ import annotations

from collections.abc import Sequence

from tdinspect.keras.kind import Kind, Use
from tdinspect.keras.layers.conv import axes_of
from tdinspect.keras.layers.training import TRAINING_ONLY
from tdinspect.keras.refused import Refused
from tdinspect.keras.steps import Value

_ONE_MASK = {"noise_shape": "torch draws a mask for every number"}


def _dropout(use: Use) -> Sequence[Value]:
    op = "AlphaDropout" if use.conf.class_name == "AlphaDropout" else "Dropout"
    return [use.same(use.step(op, {"p": use.conf.number("rate", None, 0, 1)}, use.value.ref))]


def _spatial(use: Use) -> Sequence[Value]:
    value = use.spatial()
    ref = use.step(f"Dropout{axes_of(use.conf)}d", {"p": use.conf.number("rate", None, 0, 1)}, value.ref)
    return [Value(ref, use.outputs[0], value.layout)]


def _nothing(use: Use) -> Sequence[Value]:
    return [use.same(use.step("Identity", None, use.value.ref))]


def _noise(use: Use) -> Sequence[Value]:
    use.walk.warn(
        f"{use.conf.class_name} acts in training only, and torch.nn has none: an Identity stands for it", use.owner
    )
    return _nothing(use)


def _masking(use: Use) -> Sequence[Value]:
    """Steps that are all ``mask_value`` become zero; the mask that Keras sends along is not carried."""
    if len(use.value.shape) < 3:
        raise Refused("Masking takes a batch, a time axis and features")
    use.walk.warn("the mask does not go along: the layers behind read masked steps as zeros", use.owner)
    use.walk.learned.clock(use.value.shape[1])
    value = use.plain()
    told = use.step("ne", {"other": use.conf.number("mask_value", 0.0)}, value.ref, "differs")
    kept = use.step("any", {"dim": -1, "keepdim": True}, told, "kept")
    number = use.step("to", {"dtype": "float32"}, kept, "weight")
    return [use.give(use.step("mul", None, [value.ref, number]))]


KINDS = (
    Kind(("Dropout", "AlphaDropout"), _dropout, left_out=_ONE_MASK),
    Kind(tuple(f"SpatialDropout{n}D" for n in (1, 2, 3)), _spatial),
    Kind(("GaussianNoise", "GaussianDropout"), _noise),
    Kind(("Identity",), _nothing),
    Kind(
        ("ActivityRegularization",),
        _nothing,
        left_out=dict.fromkeys(("l1", "l2"), TRAINING_ONLY["activity_regularizer"]),
    ),
    Kind(("Masking",), _masking),
)

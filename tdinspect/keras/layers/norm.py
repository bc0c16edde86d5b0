"""Normalisations."""

from __future__ import annotations

from collections.abc import Sequence

from tdinspect.keras.conf import Conf
from tdinspect.keras.kind import Kind, Use, Weight
from tdinspect.keras.layers.training import TRAINING_ONLY
from tdinspect.keras.refused import Refused
from tdinspect.keras.shapes import Shape
from tdinspect.keras.steps import Carry, Value, axes_last, channels_second


def _axes(conf: Conf, rank: int) -> list[int]:
    axis = conf.data.get("axis", -1)
    axes = axis if isinstance(axis, list) else [axis]
    good = [a % rank for a in axes if isinstance(a, int) and not isinstance(a, bool) and -rank <= a < rank and a % rank]
    if not axes or len(good) < len(axes) or len(set(good)) < len(good):
        raise Refused(f"`axis` of {conf.class_name} must be axes of the input behind the batch")
    return good


def _one_axis(conf: Conf, rank: int) -> int:
    axes = _axes(conf, rank)
    if len(axes) > 1:
        raise Refused(f"{conf.class_name} over several axes")
    return axes[0]


def _affine(conf: Conf, sizes: tuple[int, ...]) -> tuple[Weight, ...]:
    gamma = (Weight("gamma", sizes),) if conf.flag("scale", True) else ()
    return (*gamma, Weight("beta", sizes)) if conf.flag("center", True) else gamma


def _batch_weights(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    size = (shapes[0][_one_axis(conf, len(shapes[0]))].size,)
    why = "Keras counts the running statistics"
    moving = tuple(Weight(f"moving_{name}", size, False, 0, why) for name in ("mean", "variance"))
    return (*_affine(conf, size), *moving)


def _batch(use: Use) -> Sequence[Value]:
    conf, rank = use.conf, len(use.value.shape)
    axis = _one_axis(conf, rank)
    if conf.given("renorm") or conf.given("virtual_batch_size"):
        raise Refused("BatchNormalization with `renorm` or `virtual_batch_size`")
    if rank > 5:
        raise Refused(f"BatchNormalization of {rank} axes: torch has it up to 5")
    value = use.take(use.value, channels_second(rank, axis))
    use.features(value.shape[axis])
    size = value.shape[axis].size
    scale, center = conf.flag("scale", True), conf.flag("center", True)
    args: dict[str, object] = {"num_features": size, "eps": conf.number("epsilon", 1e-3, 0)}
    momentum = 1 - conf.number("momentum", 0.99, 0, 1)
    if abs(momentum - 0.1) > 1e-9:
        args["momentum"] = round(momentum, 10)
    carries = {"running_mean": Carry(("moving_mean",)), "running_var": Carry(("moving_variance",))}
    if scale and center:
        carries |= {"weight": Carry(("gamma",)), "bias": Carry(("beta",))}
    else:
        args["affine"] = False
    if not use.trainable:
        use.walk.warn("frozen, and Keras keeps its statistics then, in training too: put it into eval mode", use.owner)
    ref = use.step(f"BatchNorm{max(rank - 2, 1)}d", args, value.ref, carries=carries)
    if scale != center:
        ref = _half(use, ref, "mul" if scale else "add", (size, *(1,) * (rank - 2)))
    return [Value(ref, use.outputs[0], value.layout)]


def _half(use: Use, ref: str, op: str, shape: Sequence[int]) -> str:
    """The scale alone, or the shift alone, which torch's layer cannot have."""
    name = "gamma" if op == "mul" else "beta"
    tensor = use.tensor(name, shape, Carry((name,), "shaped"), "ones" if op == "mul" else "zeros")
    return use.step(op, None, [ref, tensor], f"{'scaled' if op == 'mul' else 'shifted'}")


def _layer_weights(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    return _affine(conf, tuple(shapes[0][axis].size for axis in _axes(conf, len(shapes[0]))))


def _layer(use: Use) -> Sequence[Value]:
    conf, rank = use.conf, len(use.value.shape)
    if conf.flag("rms_scaling"):
        raise Refused("LayerNormalization with `rms_scaling`")
    axes = sorted(_axes(conf, rank))
    value = use.take(use.value, axes_last(rank, axes))
    use.features(*(value.shape[axis] for axis in axes))
    sizes = [value.shape[axis].size for axis in axes]
    scale, center = conf.flag("scale", True), conf.flag("center", True)
    args: dict[str, object] = {"normalized_shape": sizes, "eps": conf.number("epsilon", 1e-3, 0)}
    carries = {"weight": Carry(("gamma",))} if scale else {}
    if scale and center:
        carries["bias"] = Carry(("beta",))
    elif scale:
        args["bias"] = False
    else:
        args["elementwise_affine"] = False
    ref = use.step("LayerNorm", args, value.ref, carries=carries)
    if center and not scale:
        ref = _half(use, ref, "add", sizes)
    return [Value(ref, use.outputs[0], value.layout)]


def _group_weights(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    return _affine(conf, (shapes[0][_one_axis(conf, len(shapes[0]))].size,))


def _group(use: Use) -> Sequence[Value]:
    conf, rank = use.conf, len(use.value.shape)
    axis = _one_axis(conf, rank)
    value = use.take(use.value, channels_second(rank, axis))
    use.features(value.shape[axis])
    size = value.shape[axis].size
    groups = conf.data.get("groups", 32)
    scale, center = conf.flag("scale", True), conf.flag("center", True)
    count = size if groups == -1 else conf.whole("groups", 32, least=1)
    if size % count:
        raise Refused(f"{count} groups do not divide {size} channels")
    args: dict[str, object] = {"num_groups": count, "num_channels": size, "eps": conf.number("epsilon", 1e-3, 0)}
    carries = {"weight": Carry(("gamma",)), "bias": Carry(("beta",))} if scale and center else {}
    if not carries:
        args["affine"] = False
    ref = use.step("GroupNorm", args, value.ref, carries=carries)
    if scale != center:
        ref = _half(use, ref, "mul" if scale else "add", (size, *(1,) * (rank - 2)))
    return [Value(ref, use.outputs[0], value.layout)]


def _rms_weights(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    return (Weight("scale", tuple(shapes[0][axis].size for axis in _axes(conf, len(shapes[0])))),)


def _rms(use: Use) -> Sequence[Value]:
    axes = sorted(_axes(use.conf, len(use.value.shape)))
    value = use.take(use.value, axes_last(len(use.value.shape), axes))
    args = {"normalized_shape": [value.shape[axis].size for axis in axes], "eps": use.conf.number("epsilon", 1e-6, 0)}
    ref = use.step("RMSNorm", args, value.ref, carries={"weight": Carry(("scale",))})
    return [Value(ref, use.outputs[0], value.layout)]


def _unit(use: Use) -> Sequence[Value]:
    axes = _axes(use.conf, len(use.value.shape))
    if len(axes) > 1:
        raise Refused("UnitNormalization over several axes")
    return [use.same(use.step("normalize", {"dim": use.value.at(axes[0]), "eps": 1e-6}, use.value.ref))]


_BATCH = ("BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2")
KINDS = (
    Kind(_BATCH, _batch, weights=_batch_weights, left_out=TRAINING_ONLY),
    Kind(("LayerNormalization",), _layer, weights=_layer_weights, left_out=TRAINING_ONLY),
    Kind(("GroupNormalization",), _group, weights=_group_weights, left_out=TRAINING_ONLY),
    Kind(("RMSNormalization",), _rms, weights=_rms_weights),
    Kind(("UnitNormalization",), _unit),
)

"""Attention: the layer with heads, and the two without."""

from __future__ import annotations

from collections.abc import Sequence

from tdinspect.keras.conf import Conf
from tdinspect.keras.kind import Kind, Use, Weight
from tdinspect.keras.layers.training import TRAINING_ONLY
from tdinspect.keras.refused import Refused
from tdinspect.keras.shapes import Dim, Shape
from tdinspect.keras.steps import Carry, Value

_KEYWORDS = ("use_causal_mask", "attention_mask")


def _heads(conf: Conf) -> tuple[int, int, int]:
    heads, size = conf.whole("num_heads", least=1), conf.whole("key_dim", least=1)
    wide = size if conf.data.get("value_dim") is None else conf.whole("value_dim", least=1)
    return heads, size, wide


def _output(conf: Conf, query: Shape) -> int:
    given = conf.data.get("output_shape")
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    if given is None:
        return query[-1].size
    if type(given) is not int or given < 1:
        raise Refused("`output_shape` of MultiHeadAttention must be one size")
    return given


def _multi_shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    if len(shapes[0]) != 3 or conf.data.get("attention_axes") not in (None, [1], (1,), 1):
        raise Refused("MultiHeadAttention over anything but the time axis of (batch, time, features)")
    return [(*shapes[0][:-1], Dim(_output(conf, shapes[0])))]


def _multi_weights(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    heads, size, wide = _heads(conf)
    bias = conf.flag("use_bias", True)
    sources = _sources(list(shapes))
    found: list[Weight] = []
    for name, shape, each in zip(("query", "key", "value"), sources, (size, size, wide), strict=True):
        found.append(Weight(f"{name}_kernel", (shape[-1].size, heads, each)))
        found += [Weight(f"{name}_bias", (heads, each))] if bias else []
    out = _output(conf, shapes[0])
    found.append(Weight("output_kernel", (heads, wide, out)))
    return (*found, Weight("output_bias", (out,))) if bias else tuple(found)


def _sources(given: list[Shape]) -> tuple[Shape, Shape, Shape]:
    """Query, key and value: Keras is given the query, the value, and the key where it is another."""
    query, value = given[0], given[1] if len(given) > 1 else given[0]
    return query, given[2] if len(given) > 2 else value, value


def _tensors(use: Use) -> list[Value]:
    """Query, value, key, as Keras is given them."""
    found = list(use.values)
    if len(found) < 2 and use.conf.class_name == "MultiHeadAttention":
        raise Refused("MultiHeadAttention takes a query and a value")
    for value in found[:2]:
        if not use.scope.outer:
            use.walk.learned.clock(value.shape[1])
    return found


def _multi(use: Use) -> Sequence[Value]:
    conf = use.conf
    heads, size, wide = _heads(conf)
    given = _tensors(use)
    query, value, key = (*given[:2], given[2] if len(given) > 2 else given[1])
    width = query.shape[-1].size
    causal, mask = use.keywords.get("use_causal_mask") is True, use.keywords.get("attention_mask")
    plain = not causal and mask is None
    if plain and heads * size == width == _output(conf, query.shape) and wide == size:
        return _torchs_own(use, query, key, value)
    dropout = conf.number("dropout", 0.0, 0, 1)
    if dropout:
        use.walk.warn("`dropout` of its weights is left out: this form of attention has none in torch", use.owner)
    parts = []
    for name, tensor, each in (("query", query, size), ("key", key, size), ("value", value, wide)):
        args: dict[str, object] = {"in_features": tensor.shape[-1].size, "out_features": heads * each}
        ref = use.step(
            "Linear", _biased(conf, args), use.plain(tensor).ref, name, carries=_projection(conf, name, "heads")
        )
        ref = use.step("unflatten", {"dim": -1, "sizes": [heads, each]}, ref, f"{name}_split")
        parts.append(use.step("transpose", {"dim0": 1, "dim1": 2}, ref, f"{name}_heads"))
    source: object = parts
    options: dict[str, object] = {"is_causal": True} if causal else {}
    if isinstance(mask, Value):
        if causal:
            raise Refused("MultiHeadAttention with a mask and use_causal_mask")
        told = use.step("to", {"dtype": "bool"}, use.plain(mask).ref, "mask_bool")
        source = (
            [*parts, use.step("unsqueeze", {"dim": 1}, told, "mask_heads")] if len(mask.shape) == 3 else [*parts, told]
        )
    ref = use.step("scaled_dot_product_attention", options or None, source, "weighted")
    ref = use.step("transpose", {"dim0": 1, "dim1": 2}, ref, "together")
    ref = use.step("flatten", {"start_dim": 2}, ref, "flat")
    args = {"in_features": heads * wide, "out_features": _output(conf, query.shape)}
    return [use.give(use.step("Linear", _biased(conf, args), ref, carries=_projection(conf, "output", "from_heads")))]


def _biased(conf: Conf, args: dict[str, object]) -> dict[str, object]:
    return args if conf.flag("use_bias", True) else {**args, "bias": False}


def _projection(conf: Conf, name: str, how: str) -> dict[str, Carry]:
    found = {"weight": Carry((f"{name}_kernel",), how)}
    return {**found, "bias": Carry((f"{name}_bias",), "flat")} if conf.flag("use_bias", True) else found


def _torchs_own(use: Use, query: Value, key: Value, value: Value) -> Sequence[Value]:
    """The heads fill the width: torch's layer is the same."""
    conf = use.conf
    heads, _, _ = _heads(conf)
    width = query.shape[-1].size
    args: dict[str, object] = {"embed_dim": width, "num_heads": heads}
    names = ("query_kernel", "key_kernel", "value_kernel")
    carries = {"out_proj.weight": Carry(("output_kernel",), "from_heads")}
    if key.shape[-1].size == width == value.shape[-1].size:
        carries["in_proj_weight"] = Carry(names, "heads")
    else:
        args |= {"kdim": key.shape[-1].size, "vdim": value.shape[-1].size}
        carries |= {f"{n[0]}_proj_weight": Carry((n,), "heads") for n in names}
    if dropout := conf.number("dropout", 0.0, 0, 1):
        args["dropout"] = dropout
    if conf.flag("use_bias", True):
        carries["in_proj_bias"] = Carry(("query_bias", "key_bias", "value_bias"), "flat")
        carries["out_proj.bias"] = Carry(("output_bias",))
    else:
        args["bias"] = False
    args["batch_first"] = True
    source = [use.plain(v).ref for v in (query, key, value)]
    return [use.give(use.step("MultiheadAttention", args, source, call={"need_weights": False}, carries=carries))]


def _simple_shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    if len(shapes) < 2 or any(len(shape) != 3 for shape in shapes):
        raise Refused(f"{conf.class_name} takes a query and a value of (batch, time, features)")
    return [(*shapes[0][:-1], shapes[1][-1])]


def _simple_weights(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    if conf.class_name == "AdditiveAttention":
        return (Weight("scale", (shapes[0][-1].size,)),) if conf.flag("use_scale", True) else ()
    scale = (Weight("scale", ()),) if conf.flag("use_scale") else ()
    concat = conf.data.get("score_mode") == "concat"
    return (*scale, Weight("concat_score_weight", ())) if concat else scale


def _attention(use: Use) -> Sequence[Value]:
    """softmax(query key') value, without the usual division by the root of the width."""
    conf = use.conf
    given = _tensors(use)
    query, value, key = (use.plain(v) for v in (*given[:2], given[2] if len(given) > 2 else given[1]))
    if conf.number("dropout", 0.0, 0, 1):
        use.walk.warn("`dropout` of its weights is left out: this form of attention has none in torch", use.owner)
    if conf.class_name == "AdditiveAttention" or conf.word("score_mode", "dot", ("dot", "concat")) == "concat":
        return _additive(use, query, value, key)
    ref = query.ref
    if conf.flag("use_scale"):
        ref = use.step("mul", None, [ref, use.tensor("scale", [1], Carry(("scale",), "flat"), "ones")], "scaled")
    options: dict[str, object] = {"scale": 1.0}
    if use.keywords.get("use_causal_mask") is True:
        options["is_causal"] = True
    return [use.give(use.step("scaled_dot_product_attention", options, [ref, key.ref, value.ref]))]


def _additive(use: Use, query: Value, value: Value, key: Value) -> Sequence[Value]:
    """Each pair of steps scored by the sum over tanh(query + key)."""
    conf = use.conf
    if use.keywords.get("use_causal_mask") is True:
        raise Refused(f"{conf.class_name} with use_causal_mask")
    left = use.step("unsqueeze", {"dim": 2}, query.ref, "queries")
    right = use.step("unsqueeze", {"dim": 1}, key.ref, "keys")
    ref = use.step("add", None, [left, right], "pairs")
    concat = conf.class_name == "Attention"
    if concat and conf.flag("use_scale"):
        ref = use.step("mul", None, [ref, use.tensor("scale", [1], Carry(("scale",), "flat"), "ones")], "scaled")
    ref = use.step("tanh", None, ref, "squashed")
    if not concat and conf.flag("use_scale", True):
        width = query.shape[-1].size
        ref = use.step("mul", None, [ref, use.tensor("scale", [width], Carry(("scale",)), "ones")], "weighed")
    ref = use.step("sum", {"dim": -1}, ref, "scores")
    if concat:
        own = use.tensor("concat_score_weight", [1], Carry(("concat_score_weight",), "flat"), "ones")
        ref = use.step("mul", None, [ref, own], "weighed")
    ref = use.step("softmax", {"dim": -1}, ref, "weights")
    return [use.give(use.step("matmul", None, [ref, value.ref]))]


KINDS = (
    Kind(("MultiHeadAttention",), _multi, _multi_shapes, _multi_weights, (1, 3), _KEYWORDS, TRAINING_ONLY),
    Kind(("Attention", "AdditiveAttention"), _attention, _simple_shapes, _simple_weights, (2, 3), ("use_causal_mask",)),
)

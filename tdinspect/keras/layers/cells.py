"""Recurrences that torch has no layer for, written out as the steps of one time step: `Recurrent` in the spec.

ConvLSTM; LSTM, GRU and SimpleRNN with other activations than torch's; GRU with ``reset_after=False``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tdinspect.keras.conf import Conf
from tdinspect.keras.kind import Kind, Use, Weight
from tdinspect.keras.layers.activation import activated
from tdinspect.keras.layers.conv import axes_of, bias_of, joined, prepared, space_of, split
from tdinspect.keras.layers.training import RECURRENT_ONLY
from tdinspect.keras.refused import Refused
from tdinspect.keras.shapes import Shape
from tdinspect.keras.steps import Carry, Scope, Step, Value, channels_second, keras_layout

States = Mapping[str, Sequence[int]]


def over_time(use: Use, states: States, body: Callable[[Use], tuple[dict[str, str], Value]]) -> Sequence[Value]:
    """Run ``body`` once for each time step. It gives what each state becomes, and the output: its last step."""
    conf, value = use.conf, use.value
    if conf.flag("return_state") or len(use.values) > 1 or use.keywords.get("initial_state") is not None:
        raise Refused(f"{conf.class_name} is written out step by step here, and cannot hand its state in or out then")
    if value.layout[:2] != (0, 1):
        value = use.plain(value)
    time = value.shape[1]
    if not use.scope.outer:
        use.walk.learned.clock(time)
    ref = use.step("flip", {"dims": [1]}, value.ref, "backwards") if conf.flag("go_backwards") else value.ref
    name = use.scope.name(conf.name)
    inside = Scope(f"{use.scope.place}{name}.", names={"input", *states}, outer=(*use.scope.outer, time))
    step = Value("input", (value.shape[0], *value.shape[2:]), (0, *(a - 1 for a in value.layout[2:])), value.origin)
    after, out = body(replace(use, scope=inside, values=[step], alone=True))
    clear = not use.scope.outer and use.walk.symbols.get(time.source or "") is not None
    options = {"state": dict(states), **({} if clear else {"time_axis": 1}), "next": after}
    use.put(Step("Recurrent", options, name, ref, steps=inside.steps, owner=use.owner))
    layout = (0, 1, *(axis + 1 for axis in out.layout[1:]))
    if conf.flag("return_sequences"):
        return [use.give(name, layout)]
    return [use.give(use.step("select", {"dim": 1, "index": -1}, name, "last"), out.layout)]


def _gated(use: Use, seen: str, kept: str, like: Value) -> tuple[dict[str, str], Value]:
    """The four gates of an LSTM, in Keras's order, from what the input and the state give."""
    parts = [use.scope.name(part) for part in ("i", "f", "g", "o")]
    total = use.step("add", None, [seen, kept], "gates")
    use.step("chunk", {"chunks": 4, "dim": 1}, total, "split", parts=parts)
    keys = ("recurrent_activation", "recurrent_activation", "activation", "recurrent_activation")
    into, forget, new, out = (
        activated(use, replace(like, ref=part), key, f"{part}_gate").ref for part, key in zip(parts, keys, strict=True)
    )
    old = use.step("mul", None, [forget, "c"], "remembered")
    cell = use.step("add", None, [old, use.step("mul", None, [into, new], "added")], "c")
    shown = activated(use, replace(like, ref=cell), "activation", "shown").ref
    state = use.step("mul", None, [out, shown], "h")
    return {"h": state, "c": cell}, replace(like, ref=state)


def _conv_shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    batch, *rest = shapes[0]
    if len(shapes[0]) != axes_of(conf) + 3:
        raise Refused(
            f"{conf.class_name} takes {axes_of(conf) + 3} axes, batch and time too, and {len(shapes[0])} come in"
        )
    step = joined(conf, batch, conf.whole("filters", least=1), space_of(conf, (batch, *rest[1:])))
    whole: Shape = (batch, rest[0], *step[1:]) if conf.flag("return_sequences") else step
    return [whole, *[step] * (2 if conf.flag("return_state") else 0)]


def _conv_weights(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    batch, _, *rest = shapes[0]
    channels, _ = split(conf, (batch, *rest))
    filters, kernel = conf.whole("filters", least=1), conf.wholes("kernel_size", axes_of(conf))
    found = (
        Weight("kernel", (*kernel, channels.size, 4 * filters)),
        Weight("recurrent_kernel", (*kernel, filters, 4 * filters)),
    )
    return (*found, Weight("bias", (4 * filters,))) if conf.flag("use_bias", True) else found


def _conv_lstm(use: Use) -> Sequence[Value]:
    conf, rank = use.conf, axes_of(use.conf)
    filters, kernel = conf.whole("filters", least=1), conf.wholes("kernel_size", rank)
    batch, _, *rest = use.value.shape
    space = space_of(conf, (batch, *rest))
    layout = channels_second(rank + 2, 1 if conf.channels_first() else -1)
    if any(dim.open for dim in space):
        raise Refused(f"{conf.class_name} of an open size: its state needs one")

    def body(inner: Use) -> tuple[dict[str, str], Value]:
        channels, _ = split(conf, inner.value.shape)
        ref, more = prepared(inner)
        args: dict[str, object] = {"in_channels": channels.size, "out_channels": 4 * filters, **more}
        carries = {"weight": Carry(("kernel",), "conv")}
        bias_of(inner, args, carries)
        seen = inner.step(f"Conv{rank}d", args, ref, "seen", carries=carries)
        own = {"in_channels": filters, "out_channels": 4 * filters, "kernel_size": list(kernel), "padding": "same"}
        own["bias"] = False
        kept = inner.step(f"Conv{rank}d", own, "h", "kept", carries={"weight": Carry(("recurrent_kernel",), "conv")})
        return _gated(inner, seen, kept, Value(kept, joined(conf, batch, filters, space), layout))

    state = [filters, *(dim.size for dim in space)]
    return over_time(use, {"h": state, "c": state}, body)


def written_out(use: Use) -> Sequence[Value]:
    """An LSTM, a GRU or a SimpleRNN whose formulas are not those of torch's layer."""
    units = use.conf.whole("units", least=1)
    body = {"LSTM": _lstm, "GRU": _gru, "SimpleRNN": _simple}[use.conf.class_name]
    states = {"h": [units], "c": [units]} if use.conf.class_name == "LSTM" else {"h": [units]}
    return over_time(use, states, body)


def _linear(use: Use, ref: str, sizes: tuple[int, int], suffix: str, weight: Carry, bias: Carry | None = None) -> str:
    args: dict[str, object] = {"in_features": sizes[0], "out_features": sizes[1]}
    if bias is None or not use.conf.flag("use_bias", True):
        return use.step("Linear", {**args, "bias": False}, ref, suffix, carries={"weight": weight})
    return use.step("Linear", args, ref, suffix, carries={"weight": weight, "bias": bias})


def _seen(use: Use, gates: int, bias: str = "same") -> tuple[str, Value]:
    """What the input gives to every gate, and a value like the state."""
    units, features = use.conf.whole("units", least=1), use.value.shape[-1].size
    ref = _linear(use, use.plain().ref, (features, gates * units), "seen", _KERNEL, Carry(("bias",), bias))
    return ref, Value(ref, use.outputs[0][:1] + use.outputs[0][-1:], keras_layout(2))


_KERNEL, _OWN = Carry(("kernel",), "transposed"), Carry(("recurrent_kernel",), "transposed")


def _lstm(use: Use) -> tuple[dict[str, str], Value]:
    units = use.conf.whole("units", least=1)
    seen, like = _seen(use, 4)
    return _gated(use, seen, _linear(use, "h", (units, 4 * units), "kept", _OWN), like)


def _simple(use: Use) -> tuple[dict[str, str], Value]:
    units = use.conf.whole("units", least=1)
    seen, like = _seen(use, 1)
    total = use.step("add", None, [seen, _linear(use, "h", (units, units), "kept", _OWN)], "sum")
    out = activated(use, replace(like, ref=total), "activation", "h")
    return {"h": out.ref}, out


def _gru(use: Use) -> tuple[dict[str, str], Value]:
    """z keeps the old state, r resets it: after the product with its kernel (``reset_after``), or before."""
    conf, units = use.conf, use.conf.whole("units", least=1)
    after = conf.flag("reset_after", conf.keras >= 3)
    seen, like = _seen(use, 3, "row_0" if after else "same")
    x = [use.scope.name(part) for part in ("seen_z", "seen_r", "seen_n")]
    use.step("chunk", {"chunks": 3, "dim": 1}, seen, "seen_parts", parts=x)
    own = [use.scope.name(part) for part in (("kept_z", "kept_r", "kept_n") if after else ("kept_z", "kept_r"))]
    if after:
        kept = _linear(use, "h", (units, 3 * units), "kept", _OWN, Carry(("bias",), "row_1"))
    else:
        first = Carry(("recurrent_kernel",), "update_and_reset")
        kept = _linear(use, "h", (units, 2 * units), "kept", first)
    use.step("chunk", {"chunks": len(own), "dim": 1}, kept, "kept_parts", parts=own)
    z, r = (
        activated(
            use, replace(like, ref=use.step("add", None, [x[i], own[i]], f"{g}_sum")), "recurrent_activation", g
        ).ref
        for i, g in enumerate("zr")
    )
    if after:
        memory = use.step("mul", None, [r, own[2]], "reset")
    else:
        reset = use.step("mul", None, [r, "h"], "reset")
        memory = _linear(use, reset, (units, units), "kept_n", Carry(("recurrent_kernel",), "new"))
    new = activated(use, replace(like, ref=use.step("add", None, [x[2], memory], "n_sum")), "activation", "n").ref
    rest = use.step("mul", None, [z, use.step("sub", None, ["h", new], "change")], "kept_part")
    state = use.step("add", None, [new, rest], "h")
    return {"h": state}, replace(like, ref=state)


_NAMES = tuple(f"ConvLSTM{rank}D" for rank in (1, 2, 3))
KINDS = (Kind(_NAMES, _conv_lstm, _conv_shapes, _conv_weights, (1, 3), ("initial_state",), RECURRENT_ONLY),)

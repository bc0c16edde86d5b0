"""SimpleRNN, LSTM, GRU, and Bidirectional around one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tdinspect.keras.conf import Conf
from tdinspect.keras.kind import Kind, Use, Weight
from tdinspect.keras.layers.cells import written_out
from tdinspect.keras.layers.training import RECURRENT_ONLY
from tdinspect.keras.refused import Refused
from tdinspect.keras.shapes import Dim, Shape
from tdinspect.keras.steps import Carry, Value, keras_layout

_GATES = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}
_LAYERS = tuple(_GATES)


def _sequence(conf: Conf, shapes: Sequence[Shape]) -> tuple[Dim, Dim, Dim]:
    if len(shapes[0]) != 3:
        raise Refused(f"{conf.class_name} takes (batch, time, features), and {len(shapes[0])} axes come in")
    batch, time, features = shapes[0]
    return batch, time, features


def _shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    batch, time, _ = _sequence(conf, shapes)
    units = Dim(conf.whole("units", least=1))
    first: Shape = (batch, time, units) if conf.flag("return_sequences") else (batch, units)
    states = 2 if conf.class_name == "LSTM" else 1
    return [first, *[(batch, units)] * (states if conf.flag("return_state") else 0)]


def _weights(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    _, _, features = _sequence(conf, shapes)
    units, family = conf.whole("units", least=1), conf.class_name
    gates = _GATES[family]
    found = (Weight("kernel", (features.size, gates * units)), Weight("recurrent_kernel", (units, gates * units)))
    if not conf.flag("use_bias", True):
        return found
    twice = family == "GRU" and conf.flag("reset_after", conf.keras >= 3)
    if twice:
        return (*found, Weight("bias", (2, gates * units)))
    if _differs(conf):
        return (*found, Weight("bias", (gates * units,)))
    return (*found, Weight("bias", (gates * units,), in_torch=2, why="torch has a second bias vector"))


def _differs(conf: Conf) -> str | None:
    """Why torch's layer would compute something else; None where it does not. Raises Refused."""
    family = conf.class_name
    activation, _ = conf.activation() if "activation" in conf.data else ("tanh", {})
    if activation not in (("tanh", "relu") if family == "SimpleRNN" else ("tanh",)):
        return f"`activation` of {family} is {activation!r}, which torch's does not have"
    if family == "SimpleRNN":
        return None
    gate, _ = conf.activation("recurrent_activation") if "recurrent_activation" in conf.data else ("sigmoid", {})
    if gate != "sigmoid":
        return f"`recurrent_activation` of {family} is {gate!r}: torch's has sigmoid"
    if family == "GRU" and not conf.flag("reset_after", conf.keras >= 3):
        return "GRU with reset_after=False resets before the product, torch's after it"
    return None


def _carries(conf: Conf, prefix: str, suffix: str) -> dict[str, Carry]:
    """torch's tensors of one direction; Keras's weights are named with ``prefix``."""
    family = conf.class_name
    how = "gru" if family == "GRU" else "gates"
    found = {
        f"weight_ih_l0{suffix}": Carry((f"{prefix}kernel",), how),
        f"weight_hh_l0{suffix}": Carry((f"{prefix}recurrent_kernel",), how),
    }
    if conf.flag("use_bias", True):
        found[f"bias_ih_l0{suffix}"] = Carry((f"{prefix}bias",), f"{family.lower()}_bias" if how == "gru" else "same")
        found[f"bias_hh_l0{suffix}"] = Carry((f"{prefix}bias",), "gru_second_bias" if how == "gru" else "zeros_like")
    return found


def _module(use: Use, conf: Conf, features: int) -> tuple[str, dict[str, object]]:
    family = conf.class_name
    args: dict[str, object] = {"input_size": features, "hidden_size": conf.whole("units", least=1)}
    if family == "SimpleRNN" and conf.activation()[0] == "relu" and "activation" in conf.data:
        args["nonlinearity"] = "relu"
    if not conf.flag("use_bias", True):
        args["bias"] = False
    args["batch_first"] = True
    return {"SimpleRNN": "RNN"}.get(family, family), args


def _recurrent(use: Use) -> Sequence[Value]:
    conf = use.conf
    if conf.given("time_major"):
        raise Refused(f"{conf.class_name} with time_major: its input is (time, batch, features)")
    if _differs(conf):
        return written_out(use)
    _, time, features = _sequence(conf, [use.value.shape])
    if not use.scope.outer:
        use.walk.learned.clock(time)
    use.features(features)
    ref = use.plain().ref
    if conf.flag("go_backwards"):
        ref = use.step("flip", {"dims": [1]}, ref, "backwards")
    source: object = ref
    initial = _initial(use)
    if initial:
        rows = [use.step("unsqueeze", {"dim": 0}, use.plain(value).ref, "start") for value in initial]
        source = [ref, rows if len(rows) > 1 else rows[0]]
    op, args = _module(use, conf, features.size)
    lstm, states = conf.class_name == "LSTM", conf.flag("return_state")
    parts: object = None
    names: list[str] = []
    if states:
        names = [use.scope.name(f"{conf.name}_{part}") for part in (("h", "c") if lstm else ("h",))]
        sequence = use.scope.name(f"{conf.name}_sequence")
        parts = [sequence, names if lstm else names[0]]
    made = use.step(op, args, source, parts=parts, carries=_carries(conf, "", ""))
    values = []
    if conf.flag("return_sequences"):
        values.append(use.give(made))
    else:
        values.append(use.give(use.step("select", {"dim": 1, "index": -1}, made, "last")))
    for place, name in enumerate(names, 1):
        state = use.step("select", {"dim": 0, "index": 0}, name, f"state_{'hc'[place - 1]}")
        values.append(use.give(state, output=place))
    return values


def _initial(use: Use) -> list[Value]:
    """The state that is handed in: by keyword, or as further inputs."""
    given = use.keywords.get("initial_state", use.values[1:])
    states = [value for value in (given if isinstance(given, list) else [given]) if isinstance(value, Value)]
    inner = _inner(use.conf) if use.conf.class_name == "Bidirectional" else use.conf
    units = inner.whole("units", least=1)
    wanted = (2 if inner.class_name == "LSTM" else 1) * (1 if inner is use.conf else 2)
    sizes = [[dim.size for dim in value.shape[1:]] for value in states]
    if states and sizes != [[units]] * wanted:
        raise Refused(f"{use.conf.class_name} starts from {wanted} states of {units}, and {sizes} come in")
    return states


_MODES = ("concat", "sum", "mul", "ave")


def _inner(conf: Conf) -> Conf:
    """The forward layer of a Bidirectional. Raises Refused."""
    inner, other = conf.extra.get("layer"), conf.extra.get("backward_layer")
    if not isinstance(inner, Conf) or inner.class_name not in _LAYERS:
        named = inner.class_name if isinstance(inner, Conf) else "nothing"
        raise Refused(f"Bidirectional around {named}: only {', '.join(_GATES)} can be carried over", "TD004")
    if isinstance(other, Conf):
        same = (
            "units",
            "use_bias",
            "activation",
            "recurrent_activation",
            "return_sequences",
            "return_state",
            "reset_after",
        )
        if other.class_name != inner.class_name or any(other.data.get(k) != inner.data.get(k) for k in same):
            raise Refused("Bidirectional whose backward layer is not like the forward one")
        if other.flag("go_backwards") == inner.flag("go_backwards"):
            raise Refused("Bidirectional whose layers run in one direction")
    return inner


def _mode(conf: Conf) -> str | None:
    return None if conf.data.get("merge_mode", "concat") is None else conf.word("merge_mode", "concat", _MODES)


def _both_shapes(conf: Conf, shapes: Sequence[Shape]) -> list[Shape]:
    inner, mode = _inner(conf), _mode(conf)
    first, *states = _shapes(inner, shapes)
    wide: Shape = (*first[:-1], Dim(2 * first[-1].size))
    result = [first, first] if mode is None else [wide if mode == "concat" else first]
    return [*result, *states, *states]


def _both_weights(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    own = _weights(_inner(conf), shapes)
    return tuple(replace(w, name=f"{side}_{w.name}") for side in ("forward", "backward") for w in own)


def _both(use: Use) -> Sequence[Value]:
    """torch's own two directions, its halves merged; the last step of each half is its state."""
    inner, mode = _inner(use.conf), _mode(use.conf)
    _check_both(use, inner)
    _, time, features = _sequence(inner, [use.value.shape])
    if not use.scope.outer:
        use.walk.learned.clock(time)
    use.features(features)
    lstm = inner.class_name == "LSTM"
    whole, states = inner.flag("return_sequences"), inner.flag("return_state")
    source: object = use.plain().ref
    if initial := _initial(use):
        source = [source, _stacked(use, initial, lstm)]
    op, args = _module(use, inner, features.size)
    args["bidirectional"] = True
    carries = {**_carries(inner, "forward_", ""), **_carries(inner, "backward_", "_reverse")}
    parts: object = None
    hidden: list[str] = []
    if states or not whole:
        hidden = [use.scope.name(f"{use.conf.name}_{part}") for part in (("h", "c") if lstm else ("h",))]
        sequence = use.scope.name(f"{use.conf.name}_sequence")
        parts = [sequence, hidden if lstm else hidden[0]]
    made = use.step(op, args, source, parts=parts, carries=carries)
    ends = [_ends(use, hidden if states else hidden[:1], direction) for direction in (0, 1)]
    values = _merged(use, mode, made if whole else None, [own[0] for own in ends if own])
    if states:
        first = len(values)
        values += [use.give(ref, output=first + i) for i, ref in enumerate([*ends[0], *ends[1]])]
    return values


def _check_both(use: Use, inner: Conf) -> None:
    """Whether torch's two directions compute the same. Raises Refused."""
    if reason := _differs(inner):
        raise Refused(f"{reason}, and in two directions it cannot be written out")
    if inner.flag("go_backwards") or inner.given("time_major"):
        raise Refused("Bidirectional around a layer that runs backwards, or has time before the batch")
    for key, said in RECURRENT_ONLY.items():
        if inner.given(key):
            use.walk.warn(f"`{key}` of {inner.class_name} is left out: {said}", use.owner)


def _ends(use: Use, hidden: Sequence[str], direction: int) -> list[str]:
    """One direction's last states: h, and c where there is one."""
    side = ("forward", "backward")[direction]
    return [
        use.step("select", {"dim": 0, "index": direction}, name, f"{side}_{'hc'[place]}")
        for place, name in enumerate(hidden)
    ]


def _stacked(use: Use, initial: list[Value], lstm: bool) -> object:
    """Both directions' states, in torch's order: one tensor of hidden states, one of cells."""
    refs = [use.plain(value).ref for value in initial]
    half = len(refs) // 2
    rows = [use.step("stack", {"dim": 0}, [refs[i], refs[half + i]], "start") for i in range(half)]
    return rows if lstm else rows[0]


def _merged(use: Use, mode: str | None, sequence: str | None, ends: list[str]) -> list[Value]:
    if sequence is not None and mode == "concat":
        return [use.give(sequence)]
    if sequence is not None:
        halves = [use.scope.name(f"{use.conf.name}_{side}") for side in ("forward", "backward")]
        use.step("chunk", {"chunks": 2, "dim": -1}, sequence, "halves", parts=halves)
    else:
        halves = ends
    if mode is None:
        return [use.give(half, output=place) for place, half in enumerate(halves)]
    if mode == "concat":
        return [use.give(use.step("cat", {"dim": -1}, halves, "last"))]
    ref = use.step("mul" if mode == "mul" else "add", None, halves, "product" if mode == "mul" else "sum")
    return [
        use.give(
            use.step("div", {"other": 2}, ref, "mean") if mode == "ave" else ref, keras_layout(len(use.outputs[0]))
        )
    ]


KINDS = (
    Kind(_LAYERS, _recurrent, _shapes, _weights, (1, 3), ("initial_state",), RECURRENT_ONLY),
    Kind(("Bidirectional",), _both, _both_shapes, _both_weights, (1, 5), ("initial_state",)),
)

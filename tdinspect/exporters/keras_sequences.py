"""Recurrences, and what only rearranges axes, in Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import Tree, leaves
from tdinspect.exporters.axes import Held, Lines, natural_order
from tdinspect.exporters.code import Code, Group, Item, Join, Text, call, sequence
from tdinspect.exporters.constants import literal
from tdinspect.exporters.keras_call import Call, applied, named
from tdinspect.exporters.layers import NoCode
from tdinspect.exporters.statements import Assign

_RNN = {"LSTM": "LSTM", "GRU": "GRU", "RNN": "SimpleRNN"}


def recurrence(c: Call, states_read: bool) -> Tree:
    """A recurrence: one Keras layer for each of its layers; ``states_read``: its last states are wanted, too."""
    if c.get("proj_size"):
        raise NoCode("proj_size has no twin in Keras")
    wanted = (0, 1, 2) if c.get("batch_first") else (1, 0, 2)
    if c.inputs[0].ndim != 3:
        raise NoCode("it takes one unbatched sample here")
    x = c.lines.fix(c.lines.ordered(c.inputs[0], wanted))
    initial = [c.lines.ordered(state, (1, 0, 2)) for state in leaves(c.inputs[1:])]
    if c.others or (x.lead > 1 and (initial or states_read)):
        raise NoCode("states under TimeDistributed, or by keyword, have no twin in Keras")
    layers, directions = _count(c.get("num_layers")), 2 if c.get("bidirectional") else 1
    kept: list[list[Held]] = []
    output = c.fresh()
    for index in range(layers):
        last = index == layers - 1
        made = output if last else Held("x", info=_between(x.known, output.known))
        made.order, made.front = wanted, x.front
        code = _one(c, directions, states_read)
        starts = [
            Join((state.ref(), Text(f"[:, {index * directions + d}]"))) for d in range(directions) for state in initial
        ]
        applied_ = applied(code, x, True)
        if starts:
            applied_ = Group(applied_.head, (*applied_.items, Item(sequence(starts, "[]"), "initial_state")))
        kept.append(_let(c.lines, made, applied_, directions * (2 if c.type == "LSTM" else 1) if states_read else 0))
        x = made
        if not last and c.get("dropout"):
            dropped = Held("x", info=x.info, order=x.order, front=x.front)
            x = c.lines.let(dropped, applied(call("layers.Dropout", Text(literal(c.get("dropout")))), x, False))
    return (output, _states(c, kept, directions)) if isinstance(c.value, tuple) else output


def _count(value: object) -> int:
    assert isinstance(value, int)
    return value


def _between(entering: TensorInfo, last: TensorInfo) -> TensorInfo:
    """What one layer hands to the next: the sizes of the end, at the time and batch of the beginning."""
    return TensorInfo((*entering.axes[:2], last.axes[2]), last.dtype)


def _one(c: Call, directions: int, states: bool) -> Code:
    bias = None if c.get("bias") else False
    activation = "relu" if c.type == "RNN" and c.get("nonlinearity") == "relu" else None
    more = named(return_sequences=True, return_state=True if states else None, activation=activation, use_bias=bias)
    code: Code = call(f"layers.{_RNN[c.type]}", Text(literal(c.get("hidden_size"))), **more)
    if directions == 2:
        code = call("layers.Bidirectional", code)
    return c.layer(code, True)


def _let(lines: Lines, made: Held, code: Code, states: int) -> list[Held]:
    """``x, h, c = layer(x)``."""
    lines.let(made, code)
    if not states:
        return []
    found = [Held(f"state_{number}", True) for number in range(1, states + 1)]
    statement = lines.statements[-1]
    assert isinstance(statement, Assign)
    statement.targets = (made, *found)
    return found


def _states(c: Call, kept: Sequence[Sequence[Held]], directions: int) -> Tree:
    """torch's states, ``(layers * directions, batch, hidden)``: those of Keras stacked behind the batch."""
    infos = c.value[1]
    several = infos if isinstance(infos, tuple) else (infos,)
    made = []
    for which, info in enumerate(several):
        value = Held("state", info=info, order=(1, 0, 2))
        if not kept[0]:
            value.missing = "its states are read, and its step names none in `as`"
        else:
            step = len(several)
            parts: list[Code] = [layer[d * step + which].ref() for layer in kept for d in range(directions)]
            c.lines.let(value, call("keras.ops.stack", sequence(parts, "[]"), axis=Text("1")))
        made.append(value)
    return tuple(made) if isinstance(infos, tuple) else made[0]


def reshaped(lines: Lines, x: Held, made: Held) -> Held:
    """Axes merged, split, added or taken away, the batch apart. Raises NoCode where the batch takes part."""
    order = natural_order(x)
    batch, outer, inner = order[0], made.known, x.known
    targets = [i for i, axis in enumerate(outer.axes) if axis == inner.axes[batch]]
    before = prod(axis.size.value(lines.sizes) for axis in inner.axes[:batch])
    found = next((i for i in targets if prod(a.size.value(lines.sizes) for a in outer.axes[:i]) == before), None)
    if found is None:
        raise NoCode("it merges the batch with another axis, or takes it apart")
    rest = [axis for i, axis in enumerate(outer.axes) if i != found]
    entries = [axis.size.value({}) if axis.size.is_number else -1 for axis in rest]
    if entries.count(-1) > 1:
        raise NoCode("Keras's Reshape leaves one size open, and here several are")
    wide = [axis for i, axis in enumerate(inner.axes) if i != batch and str(axis.size) != "1"]
    x = lines.natural(x) if len(wide) > 1 or x.unread else lines.read(x)
    made.order, made.front = (found, *(i for i in range(len(outer.axes)) if i != found)), x.front
    if len(entries) == 1:
        return lines.let(made, applied(call("layers.Flatten"), x, True))
    return lines.let(made, applied(call("layers.Reshape", Text(literal(tuple(entries)))), x, True))


def _flatten(c: Call) -> Held:
    return reshaped(c.lines, c.x, c.fresh())


REARRANGED: Mapping[str, Callable[[Call], Tree]] = {"Flatten": _flatten, "Unflatten": _flatten}
RECURRENT = tuple(_RNN)

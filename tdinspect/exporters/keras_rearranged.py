"""Functions that join, cut, move and fill axes, in Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import Tree, leaves
from tdinspect.exporters.axes import Held
from tdinspect.exporters.code import Group, Item, Join, Text, call, sequence
from tdinspect.exporters.constants import literal
from tdinspect.exporters.keras_call import applied, named, short
from tdinspect.exporters.keras_given import Given, like, without
from tdinspect.exporters.keras_sequences import reshaped
from tdinspect.exporters.layers import NoCode
from tdinspect.exporters.statements import Assign


def _cat(g: Given) -> Held:
    values = g.lines.aligned([value for value in leaves(list(g.tensors.values())) if isinstance(value, Held)])
    one = values[0]
    axis = one.axis(g.whole("dim", 0))
    more = named(axis=None if axis == -1 else axis)
    return like(g, one, Group(call("layers.Concatenate", **more), (Item(sequence([v.ref() for v in values], "[]")),)))


def _stack(g: Given) -> Held:
    values = [g.lines.natural(value) for value in leaves(list(g.tensors.values())) if isinstance(value, Held)]
    one, made = values[0], g.made
    dim = g.whole("dim", 0) % made.ndim
    batch = one.order[0] + (dim <= one.order[0])
    made.order, made.front = (batch, *(axis for axis in range(made.ndim) if axis != batch)), one.front
    return g.lines.let(
        made, call("keras.ops.stack", sequence([v.ref() for v in values], "[]"), axis=Text(str(made.axis(dim))))
    )


def _permuted(g: Given) -> Held:
    """No line at all: torch sees the axes of the same variable in another order."""
    x = g.x
    x = g.lines.natural(x) if x.unread else g.lines.read(x)
    dims = _new_order(g, x.ndim)
    return g.lines.view(x, [dims.index(axis) for axis in x.order], _info(g))


def _info(g: Given) -> TensorInfo:
    assert isinstance(g.value, TensorInfo)
    return g.value


def _new_order(g: Given, ndim: int) -> list[int]:
    """Which axis of the input stands at each place of the result."""
    if g.name == "permute":
        dims = g.constants["dims"]
        assert isinstance(dims, tuple)
        return [d % ndim for d in dims]
    order = list(range(ndim))
    if g.name in ("transpose", "swapaxes"):
        names = ("dim0", "dim1") if g.name == "transpose" else ("axis0", "axis1")
        one, other = (g.whole(name) % ndim for name in names)
        order[one], order[other] = order[other], order[one]
        return order
    ends = (g.constants["source"], g.constants["destination"])
    sources, targets = ([d % ndim for d in (v if isinstance(v, tuple) else (v,)) if isinstance(d, int)] for v in ends)
    rest = [axis for axis in order if axis not in sources]
    for target, source in sorted(zip(targets, sources, strict=True)):
        rest.insert(target, source)
    return rest


def _reshape(g: Given) -> Held:
    return reshaped(g.lines, g.x, g.made)


def _select(g: Given) -> Held:
    x = g.lines.read(g.x)
    dim = g.whole("dim") % x.ndim
    place = x.axis(dim) + len(x.order) + x.lead - 1
    made = g.made
    made.order, made.front = without(x.order, [dim]), x.front
    return g.lines.let(made, Join((x.ref(), Text(f"[{':, ' * place}{g.whole('index')}]"))))


def _narrow(g: Given) -> Held:
    x = g.lines.read(g.x)
    place = x.axis(g.whole("dim")) + len(x.order) + x.lead - 1
    start, length = g.whole("start"), g.whole("length")
    end = start + length
    return like(g, x, Join((x.ref(), Text(f"[{':, ' * place}{start}:{'' if start < 0 and end == 0 else end}]"))))


def _parts(g: Given) -> Tree:
    x = g.lines.read(g.x)
    dim = g.whole("dim", 0) % x.ndim
    sizes = [info.axes[dim].size for info in g.value]
    if not all(size.is_number for size in sizes):
        raise NoCode("the sizes of its parts follow a symbol")
    numbers = [size.value({}) for size in sizes]
    how = (
        str(len(numbers))
        if len(set(numbers)) == 1
        else literal([sum(numbers[: i + 1]) for i in range(len(numbers) - 1)])
    )
    for part in g.results:
        part.order, part.front = x.order, x.front
    g.lines.let(g.made, call("keras.ops.split", x.ref(), Text(how), axis=Text(str(x.axis(dim)))))
    statement = g.lines.statements[-1]
    assert isinstance(statement, Assign)
    statement.targets = g.results
    return g.results


def _interpolate(g: Given) -> Held:
    x = g.x
    rank, factor, mode = x.ndim - 2, g.constants.get("scale_factor"), g.constants.get("mode", "nearest")
    factors = factor if isinstance(factor, tuple) else (factor,) * rank
    whole = [int(f) for f in factors if isinstance(f, int | float) and int(f) == f]
    if len(whole) != rank or mode != "nearest" or {*g.constants} - {"scale_factor", "mode"}:
        raise NoCode("only whole factors and mode: nearest have a twin in Keras")
    x = g.lines.last(x, rank)
    return like(g, x, applied(call(f"layers.UpSampling{rank}D", short(tuple(whole))), x, True))


def _pad(g: Given) -> Held:
    x, given, mode = g.lines.read(g.x), g.constants["pad"], g.constants.get("mode", "constant")
    if not isinstance(given, tuple) or mode not in ("constant", "reflect"):
        raise NoCode(f"mode: {mode} has no twin in Keras")
    widths = [(0, 0)] * (len(x.order) + x.lead - 1)
    for i in range(len(given) // 2):  # torch counts from the last axis
        widths[x.axis(-1 - i)] = given[2 * i], given[2 * i + 1]
    if any(width < 0 for pair in widths for width in pair):
        raise NoCode("a negative padding is a cropping in Keras")
    more = named(mode=None if mode == "constant" else mode, constant_values=g.constants.get("value") or None)
    return like(g, x, call("keras.ops.pad", x.ref(), Text(literal(tuple(widths))), **more))


# What these give is read off the shapes, so a size in their constants is no matter.
BY_RESULT = frozenset(("reshape", "flatten", "unflatten", "squeeze", "unsqueeze"))
REARRANGED: Mapping[str, Callable[[Given], Tree]] = {
    "cat": _cat,
    "stack": _stack,
    **dict.fromkeys(("permute", "transpose", "swapaxes", "movedim", "moveaxis"), _permuted),
    **dict.fromkeys(BY_RESULT, _reshape),
    "select": _select,
    "narrow": _narrow,
    "chunk": _parts,
    "split": _parts,
    "interpolate": _interpolate,
    "pad": _pad,
}

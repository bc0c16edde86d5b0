"""Shapes and weights that a Keras file implies, from the configurations alone; no spec is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tdinspect.domain.finding import Finding
from tdinspect.domain.nearest import nearest
from tdinspect.keras.conf import Conf
from tdinspect.keras.graph import MODELS, Graph, is_operation
from tdinspect.keras.kind import Kind, Weight
from tdinspect.keras.layers import BY_CLASS, WHY_NOT
from tdinspect.keras.nodes import Ref
from tdinspect.keras.refused import Refused
from tdinspect.keras.shapes import Dim, Shape

_NONE: Mapping[str, object] = {}


class TooSmall(Exception):
    """An axis is used up, and it follows a size that is open: a larger one may do."""


def kind_of(conf: Conf) -> Kind:
    """What is known of this layer. Raises Refused: TD004 with its name."""
    if conf.extra.get("custom"):
        raise Refused(
            f"{conf.name} is a {conf.extra['custom']}: a layer of your own cannot be read from a file", "TD004"
        )
    if conf.class_name == WRAPPER or "graph" in conf.extra:
        return _CONTAINER
    kind, operation = BY_CLASS.get(conf.class_name), is_operation(conf)
    if kind is not None and (not operation or conf.class_name in _OPERATIONS):
        return kind
    usual = "an operation that is not a layer, and is not supported" if operation else "this layer is not supported"
    why = WHY_NOT.get(conf.class_name, usual)
    near = None if operation or conf.class_name in WHY_NOT else nearest(conf.class_name, BY_CLASS)
    raise Refused(f"{conf.name} ({conf.class_name}): {why}", "TD004", help=f"did you mean {near}?" if near else None)


def unsupported(graph: Graph, place: str = "") -> Iterator[Finding]:
    """Every layer of a model that is not known, those inside wrappers and models too."""
    for conf in graph.layers.values():
        if conf.class_name != "InputLayer":
            yield from _unknown(conf, f"{place}{conf.name}")


def _unknown(conf: Conf, place: str) -> Iterator[Finding]:
    graph, inner = conf.extra.get("graph"), conf.extra.get("layer")
    if isinstance(graph, Graph):
        yield from unsupported(graph, f"{place}/")
        return
    try:
        kind_of(conf)
    except Refused as error:
        yield replace(error.finding, path=tuple(place.split("/")))
        return
    if conf.class_name == WRAPPER and isinstance(inner, Conf):
        yield from _unknown(inner, f"{place}/{inner.name}")


WRAPPER = "TimeDistributed"
_CONTAINER = Kind((WRAPPER, *MODELS), lambda use: (), inputs=(1, 1000))  # the walk itself converts these
_OPERATIONS = frozenset(
    (
        "Add",
        "Subtract",
        "Multiply",
        "Divide",
        "TrueDivide",
        "Maximum",
        "Minimum",
        "GetItem",
        "Mean",
        "Sum",
        "Max",
        "Min",
    )
)


def shapes_of(conf: Conf, shapes: Sequence[Shape], keywords: Mapping[str, object] = _NONE) -> list[Shape]:
    """The shapes that come out of a layer. Raises Refused."""
    graph = conf.extra.get("graph")
    if isinstance(graph, Graph):
        return graph_shapes(graph, shapes)
    if conf.class_name == WRAPPER:
        inner, step, time = per_step(conf, shapes)
        return [(shape[0], time, *shape[1:]) for shape in shapes_of(inner, [step], keywords)]
    return kind_of(conf).shapes(conf, shapes)


def per_step(conf: Conf, shapes: Sequence[Shape]) -> tuple[Conf, Shape, Dim]:
    """Of a TimeDistributed: the layer inside, the shape of one time step, the time axis. Raises Refused."""
    inner = conf.extra.get("layer")
    if not isinstance(inner, Conf):
        raise Refused("`layer` of TimeDistributed must be a layer")
    if len(shapes[0]) < 3:
        raise Refused(
            f"TimeDistributed needs a batch axis, a time axis and one more, and {len(shapes[0])} axes come in"
        )
    batch, time, *rest = shapes[0]
    return inner, (batch, *rest), time


def weights_of(conf: Conf, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    """The variables of a layer, those of the layers inside it too. Raises Refused."""
    graph = conf.extra.get("graph")
    if isinstance(graph, Graph):
        return graph_weights(graph, shapes)
    if conf.class_name == WRAPPER:
        inner, step, _ = per_step(conf, shapes)
        return weights_of(inner, [step])
    return kind_of(conf).weights(conf, shapes)


def graph_shapes(graph: Graph, shapes: Sequence[Shape]) -> list[Shape]:
    """The shapes of a model's outputs. Raises Refused."""
    table = _table(graph, shapes)
    return [_at(table, ref) for ref in graph.outputs]


def graph_weights(graph: Graph, shapes: Sequence[Shape]) -> tuple[Weight, ...]:
    """Every variable of a model, a shared layer's once. Raises Refused."""
    table = _table(graph, shapes)
    seen: set[str] = set()
    found: list[Weight] = []
    for call in graph.calls:
        if call.layer in seen or not call.inputs:
            continue
        seen.add(call.layer)
        found += weights_of(graph.layers[call.layer], [_at(table, ref) for ref in call.inputs])
    return tuple(found)


def _table(graph: Graph, shapes: Sequence[Shape]) -> dict[tuple[str, int, int], Shape]:
    if len(shapes) != len(graph.inputs):
        raise Refused(f"{graph.name} takes {len(graph.inputs)} tensors, and {len(shapes)} come in")
    table = {(ref.layer, 0, ref.index): shape for ref, shape in zip(graph.inputs, shapes, strict=True)}
    for call in graph.calls:
        conf = graph.layers[call.layer]
        if call.inputs and conf.class_name != "InputLayer":
            outputs = shapes_of(conf, [_at(table, ref) for ref in call.inputs], call.keywords)
            check_sizes(conf, outputs)
            table.update({(call.layer, call.number, i): shape for i, shape in enumerate(outputs)})
    return table


def _at(table: Mapping[tuple[str, int, int], Shape], ref: Ref) -> Shape:
    try:
        return table[ref.layer, ref.call, ref.index]
    except KeyError:
        raise Refused(f"{ref.layer} has no output {ref.index} of call {ref.call}", "TD006") from None


def check_sizes(conf: Conf, shapes: Sequence[Shape]) -> None:
    """Whether every axis has a size. Raises TooSmall, or Refused where no open size could help."""
    for shape in shapes:
        for dim in shape:
            if dim.size < 1 and dim.open:
                raise TooSmall
            if not 1 <= dim.size <= 2**40:
                raise Refused(f"nothing is left behind {conf.class_name}: an axis would be {dim.size} long")

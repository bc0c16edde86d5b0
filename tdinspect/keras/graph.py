"""Sequential and Functional models in one form: layers, and the calls that join them."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tdinspect.keras.conf import Conf
from tdinspect.keras.refused import Refused

MODELS = ("Sequential", "Functional", "Model")
MOST_LAYERS, DEEPEST = 20_000, 32


@dataclass(frozen=True, slots=True)
class Ref:
    """One tensor: which layer gave it, in which of its calls, which of its outputs."""

    layer: str
    call: int
    index: int
    shape: tuple[int | None, ...] | None = None  # as the file has it, where it has


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a layer. ``inputs`` in their order, keyword tensors and constants by their names."""

    layer: str
    number: int
    inputs: tuple[Ref, ...]
    keywords: Mapping[str, object] = field(default_factory=dict)  # Ref, tuples of Ref, or constants
    nested: bool = False  # the first argument is a list


@dataclass(frozen=True, slots=True)
class Graph:
    """A model. ``calls`` stand so that each comes after what it reads."""

    name: str
    layers: Mapping[str, Conf]
    calls: tuple[Call, ...]
    inputs: tuple[Ref, ...]
    outputs: tuple[Ref, ...]
    trainable: bool = True


def read_graph(class_name: str, config: Mapping[str, object], keras: int, depth: int = 0) -> Graph:
    """The graph of a model's configuration. Raises Refused."""
    if class_name not in MODELS or not isinstance(config.get("layers"), list):
        message = (
            f"{class_name} is a class of its own: only Sequential and Functional models have their graph in the file"
        )
        raise Refused(message, "TD004")
    if depth > DEEPEST:
        raise Refused(f"more than {DEEPEST} models inside each other", "TD008")
    layers = _list(config["layers"], "layers")
    if len(layers) > MOST_LAYERS:
        raise Refused(f"more than {MOST_LAYERS:,} layers", "TD008")
    made = [_layer(layer, keras, depth) for layer in layers]
    confs: dict[str, Conf] = {}
    for conf, _ in made:
        if conf.name in confs:
            raise Refused(f"two layers are called {conf.name!r}", "TD007")
        confs[conf.name] = conf
    name = config.get("name") if isinstance(config.get("name"), str) else class_name.lower()
    trainable = config.get("trainable") is not False
    build = _sequential if class_name == "Sequential" else _functional
    calls, inputs, outputs, confs = build(config, made, confs)
    return Graph(str(name), confs, _ordered(calls, confs), inputs, outputs, trainable)


def inner_conf(data: object, keras: int, depth: int, what: str) -> Conf:
    """The layer inside a wrapper. Raises Refused."""
    if not isinstance(data, Mapping):
        raise Refused(f"{what} must be a layer")
    return _layer(data, keras, depth)[0]


def _layer(data: object, keras: int, depth: int) -> tuple[Conf, Mapping[str, Any]]:
    if not isinstance(data, Mapping) or not isinstance(data.get("class_name"), str):
        raise Refused("each of `layers` must be an object with class_name and config")
    config = data.get("config")
    if isinstance(config, list):
        config = {"layers": config}
    if not isinstance(config, Mapping):
        config = {}
    name = next((n for n in (data.get("name"), config.get("name")) if isinstance(n, str) and n), None)
    class_name, module = str(data["class_name"]), data.get("module")
    extra: dict[str, object] = {}
    if depth > DEEPEST:
        raise Refused(f"more than {DEEPEST} layers inside each other", "TD008")
    if class_name in MODELS and isinstance(config.get("layers"), list):
        extra["graph"] = read_graph(class_name, config, keras, depth + 1)
    for key in ("layer", "backward_layer"):
        if isinstance(config.get(key), Mapping):
            extra[key] = inner_conf(config[key], keras, depth + 1, f"`{key}` of {class_name}")
    registered = data.get("registered_name")
    if isinstance(registered, str) and ">" in registered and not registered.startswith(("keras", "Keras")):
        extra["custom"] = registered
    conf = Conf(class_name, name or class_name.lower(), config, module if isinstance(module, str) else "", keras, extra)
    return conf, data


_Built = tuple[list[Call], tuple[Ref, ...], tuple[Ref, ...], dict[str, Conf]]


def _sequential(config: Mapping[str, object], made: Sequence[tuple[Conf, Any]], confs: dict[str, Conf]) -> _Built:
    order = [conf for conf, _ in made]
    if not order:
        raise Refused("the model has no layers")
    if order[0].class_name != "InputLayer":
        shape = _first_shape(order[0], config)
        if not isinstance(shape, list):
            raise Refused("the model was never built: its file does not say what shape comes in",
                          help="start it with keras.Input((...)), or call it once before saving")  # fmt: skip
        name = "input" if "input" not in confs else "input_of_the_model"
        order.insert(0, Conf("InputLayer", name, {"batch_shape": shape}))
        confs = {name: order[0], **confs}
    refs = [Ref(conf.name, 0, 0) for conf in order]
    calls = [Call(conf.name, 0, (before,)) for before, conf in zip(refs, order[1:], strict=False)]
    return calls, (refs[0],), (refs[-1],), confs


def _first_shape(first: Conf, config: Mapping[str, object]) -> object:
    """What comes into a Sequential without an InputLayer, as its first layer, the model inside it or the build says."""
    graph = first.extra.get("graph")
    data = graph.layers[graph.inputs[0].layer].data if isinstance(graph, Graph) else first.data
    return data.get("batch_shape", data.get("batch_input_shape")) or config.get("build_input_shape")


def _functional(config: Mapping[str, object], made: Sequence[tuple[Conf, Any]], confs: dict[str, Conf]) -> _Built:
    calls = []
    for conf, data in made:
        nodes = _list(data.get("inbound_nodes", []), f"inbound_nodes of {conf.name}")
        for number, node in enumerate(nodes):
            calls.append(_new_node(conf, number, node) if isinstance(node, Mapping) else _old_node(conf, number, node))
    inputs = tuple(_ends(config.get("input_layers"), "input_layers"))
    outputs = tuple(_ends(config.get("output_layers"), "output_layers"))
    if not inputs or not outputs:
        raise Refused("the model has no inputs or no outputs")
    return calls, inputs, outputs, confs


def _new_node(conf: Conf, number: int, node: Mapping[str, Any]) -> Call:
    """Keras 3: ``{args: [...], kwargs: {...}}`` with the tensors where they stand in the call."""
    args = _list(node.get("args", []), f"args of {conf.name}")
    kwargs = node.get("kwargs", {})
    if not isinstance(kwargs, Mapping):
        raise Refused(f"kwargs of {conf.name} must be an object")
    inputs: list[Ref] = []
    keywords: dict[str, object] = {}
    for place, arg in enumerate(args):
        found = list(_tensors(arg))
        if not found and arg is not None:
            keywords[f"arg{place}"] = arg
        inputs += found
    for key, value in kwargs.items():
        found = list(_tensors(value))
        keywords[str(key)] = (tuple(found) if isinstance(value, list) else found[0]) if found else value
    return Call(conf.name, number, tuple(inputs), keywords, bool(args) and isinstance(args[0], list))


def _old_node(conf: Conf, number: int, node: object) -> Call:
    """Keras 2: ``[[layer, call, output, {keywords}], ...]``; one tensor may stand without the outer list."""
    items = _list(node, f"inbound_nodes of {conf.name}")
    if items and isinstance(items[0], str):
        items = [items]
    inputs: list[Ref] = []
    keywords: dict[str, object] = {}
    for item in items:
        inputs.append(_ref(item, conf.name))
        more = item[3] if len(item) > 3 else {}
        for key, value in more.items() if isinstance(more, Mapping) else ():
            keywords[str(key)] = _old_keyword(value)
    return Call(conf.name, number, tuple(inputs), keywords, len(items) > 1)


def _old_keyword(value: object) -> object:
    if isinstance(value, list) and len(value) in (3, 4) and isinstance(value[0], str):
        return _ref(value, "a keyword")
    if isinstance(value, list) and value and all(isinstance(item, list) and len(item) in (3, 4) for item in value):
        return tuple(_ref(item, "a keyword") for item in value)
    return value


def _tensors(value: object, depth: int = 0) -> Iterator[Ref]:
    """The tensors in an argument, in their order."""
    if depth > DEEPEST:
        raise Refused("an argument is nested too deeply", "TD008")
    if isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__":
        config = value.get("config")
        config = config if isinstance(config, Mapping) else {}
        shape = config.get("shape")
        known = isinstance(shape, list) and all(n is None or type(n) is int for n in shape)
        found = _ref(config.get("keras_history"), "a tensor")
        yield Ref(found.layer, found.call, found.index, tuple(shape) if known and isinstance(shape, list) else None)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _tensors(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _tensors(item, depth + 1)


def _ref(value: object, what: str) -> Ref:
    if isinstance(value, list) and len(value) >= 3:
        layer, call, index = value[:3]
        if isinstance(layer, str) and type(call) is int and type(index) is int and call >= 0 and index >= 0:
            return Ref(layer, call, index)
    raise Refused(f"{what}: a tensor must be [layer, call, output], not {str(value)[:60]}")


def _ends(value: object, what: str) -> Iterator[Ref]:
    if isinstance(value, list) and value and isinstance(value[0], str):
        yield _ref(value, what)
        return
    if not isinstance(value, list | Mapping):
        raise Refused(f"`{what}` must be a list of tensors")
    for item in value.values() if isinstance(value, Mapping) else value:
        if isinstance(item, list) and item and isinstance(item[0], list):
            yield from _ends(item, what)
        else:
            yield _ref(item, what)


def _list(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise Refused(f"{what} must be a list")
    return value


def refs_of(call: Call) -> Iterator[Ref]:
    """Every tensor that a call reads."""
    yield from call.inputs
    for value in call.keywords.values():
        if isinstance(value, Ref):
            yield value
        elif isinstance(value, tuple):
            yield from value


def _ordered(calls: Sequence[Call], confs: Mapping[str, Conf]) -> tuple[Call, ...]:
    """The calls so that each comes after what it reads, else in the order of the file. Raises Refused."""
    place = {(call.layer, call.number): i for i, call in enumerate(calls)}
    readers: dict[int, list[int]] = {}
    waits = [0] * len(calls)
    for i, call in enumerate(calls):
        for ref in refs_of(call):
            source = place.get((ref.layer, ref.call))
            if source is None and (ref.layer not in confs or confs[ref.layer].class_name != "InputLayer"):
                raise Refused(f"{call.layer} reads {ref.layer!r}, which no layer gives", "TD006")
            if source is not None:
                readers.setdefault(source, []).append(i)
                waits[i] += 1
    ready = [i for i, count in enumerate(waits) if not count]
    heapq.heapify(ready)
    ordered = []
    while ready:
        i = heapq.heappop(ready)
        ordered.append(calls[i])
        for reader in readers.get(i, ()):
            waits[reader] -= 1
            if not waits[reader]:
                heapq.heappush(ready, reader)
    if len(ordered) < len(calls):
        raise Refused("its layers read each other in a circle")
    return tuple(ordered)

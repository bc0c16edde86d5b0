"""Sequential and Functional models in one form: layers, and the calls that join them."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tdinspect.keras.conf import Conf
from tdinspect.keras.nodes import DEEPEST, Call, Ref, ends, listed, new_node, old_node, refs_of
from tdinspect.keras.refused import Refused

MODELS = ("Sequential", "Functional", "Model")
MOST_LAYERS = 20_000


@dataclass(frozen=True, slots=True)
class Graph:
    """A model. ``calls`` stand so that each comes after what it reads; ``size`` counts them, inner models' too."""

    name: str
    layers: Mapping[str, Conf]
    calls: tuple[Call, ...]
    inputs: tuple[Ref, ...]
    outputs: tuple[Ref, ...]
    trainable: bool = True
    size: int = 0


def read_graph(class_name: str, config: Mapping[str, object], keras: int, depth: int = 0) -> Graph:
    """The graph of a model's configuration. Raises Refused."""
    if class_name not in MODELS or not isinstance(config.get("layers"), list):
        message = (
            f"{class_name} is a class of its own: only Sequential and Functional models have their graph in the file"
        )
        raise Refused(message, "TD004")
    if depth > DEEPEST:
        raise Refused(f"more than {DEEPEST} models inside each other", "TD008")
    layers = listed(config["layers"], "layers")
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
    calls, confs = _without_masks(calls, confs, outputs)
    size = sum(_size(confs[call.layer]) for call in calls)
    if size > MOST_LAYERS:
        raise Refused(f"more than {MOST_LAYERS:,} layers, with its inner models written out", "TD008")
    return Graph(str(name), confs, _ordered(calls, confs), inputs, outputs, trainable, size)


def _size(conf: Conf) -> int:
    graph, inner = conf.extra.get("graph"), conf.extra.get("layer")
    return 1 + (graph.size if isinstance(graph, Graph) else _size(inner) if isinstance(inner, Conf) else 0)


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
    if class_name == "GetItem":  # the one operation whose output's shape follows what it is called with
        config = {**config, "key": _index(data.get("inbound_nodes"))}
    registered = data.get("registered_name")
    if isinstance(registered, str) and ">" in registered and not registered.startswith(("keras", "Keras")):
        extra["custom"] = registered
    conf = Conf(class_name, name or class_name.lower(), config, module if isinstance(module, str) else "", keras, extra)
    return conf, data


def _index(nodes: object) -> object:
    """What stands in the brackets of `x[...]`."""
    node = nodes[0] if isinstance(nodes, list) and nodes else None
    args = node.get("args") if isinstance(node, Mapping) else None
    return args[1] if isinstance(args, list) and len(args) == 2 else None


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
        nodes = listed(data.get("inbound_nodes", []), f"inbound_nodes of {conf.name}")
        first = _first_call(conf) if conf.keras < 3 else 0
        for number, node in enumerate(nodes, first):
            calls.append(new_node(conf, number, node) if isinstance(node, Mapping) else old_node(conf, number, node))
    inputs = tuple(ends(config.get("input_layers"), "input_layers"))
    outputs = tuple(ends(config.get("output_layers"), "output_layers"))
    if not inputs or not outputs:
        raise Refused("the model has no inputs or no outputs")
    return calls, inputs, tuple(_from_zero(ref, confs) for ref in outputs), confs


def _first_call(conf: Conf) -> int:
    """Keras 2 counts the calls of a model from one: zero is the call that made it, which a late built one has not."""
    return 1 if "graph" in conf.extra and not conf.data.get("build_input_shape") else 0


def _from_zero(ref: Ref, confs: Mapping[str, Conf]) -> Ref:
    """Keras 3 does so for the outputs of functional models alone, where these are the outputs of the model around."""
    conf = confs.get(ref.layer)
    counted = conf is not None and conf.keras >= 3 and conf.class_name != "Sequential" and "graph" in conf.extra
    return replace(ref, call=ref.call - 1) if counted and ref.call else ref


def _without_masks(
    calls: Sequence[Call], confs: dict[str, Conf], outputs: Sequence[Ref]
) -> tuple[list[Call], dict[str, Conf]]:
    """Without the operations that only made masks: Keras 3 has them in its graph, and no layer."""
    places = {(call.layer, call.number): call for call in calls}
    wanted, seen = [(ref.layer, ref.call) for ref in outputs], set[tuple[str, int]]()
    while wanted:
        place = wanted.pop()
        if place not in seen:
            seen.add(place)
            wanted += [(ref.layer, ref.call) for ref in refs_of(places[place])] if place in places else []
    kept = [call for call in calls if (call.layer, call.number) in seen or not is_operation(confs[call.layer])]
    used = {call.layer for call in kept}
    return kept, {name: conf for name, conf in confs.items() if name in used or not is_operation(conf)}


def is_operation(conf: Conf) -> bool:
    """True for what Keras 3 writes of `x + y` and `keras.ops`: it is no layer."""
    return conf.module.startswith("keras.src.ops")


def twins(graph: Graph) -> Iterator[str]:
    """The places of layers, in wrappers and inner models, with the name and the configuration of one further out.

    They were one layer in the program, or two of one name: the file does not say, and Keras reads two.
    """
    known: dict[str, Conf] = {}
    waiting = deque((conf.name, conf) for conf in graph.layers.values())
    while waiting:
        place, conf = waiting.popleft()
        other = known.setdefault(conf.name, conf)
        if other is not conf and other.class_name == conf.class_name and other.data == conf.data:
            yield place
            continue
        nested, inner = conf.extra.get("graph"), conf.extra.get("layer")
        inside = nested.layers.values() if isinstance(nested, Graph) else [inner]
        waiting += [(f"{place}/{one.name}", one) for one in inside if isinstance(one, Conf)]


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

"""The calls of a model as its file has them: nested lists in Keras 2, the arguments themselves in Keras 3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tdinspect.keras.conf import Conf
from tdinspect.keras.refused import Refused

DEEPEST = 32  # models, wrappers and arguments inside each other
_IN_ORDER = ("inputs", "sequences", "query", "x1", "x2", "value", "key")  # names that Keras gives to what comes in
_MASKS = ("mask", "query_mask", "value_mask", "key_mask")


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
    masked: bool = False  # a mask came along, which is not carried over


def new_node(conf: Conf, number: int, node: Mapping[str, Any]) -> Call:
    """Keras 3: ``{args: [...], kwargs: {...}}`` with the tensors where they stand in the call."""
    args = listed(node.get("args", []), f"args of {conf.name}")
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
    return _call(conf, number, inputs, keywords)


def old_node(conf: Conf, number: int, node: object) -> Call:
    """Keras 2: ``[[layer, call, output, {keywords}], ...]``; one tensor may stand without the outer list."""
    items = listed(node, f"inbound_nodes of {conf.name}")
    if items and isinstance(items[0], str):
        items = [items]
    inputs: list[Ref] = []
    keywords: dict[str, object] = {}
    for item in items:
        inputs.append(_ref(item, conf.name))
        more = item[3] if len(item) > 3 else {}
        for key, value in more.items() if isinstance(more, Mapping) else ():
            keywords[str(key)] = _old_keyword(value)
    return _call(conf, number, inputs, keywords)


def _call(conf: Conf, number: int, inputs: Sequence[Ref], keywords: Mapping[str, object]) -> Call:
    """The call with tensors that were named, but might stand in their order, in their order."""
    named = [keywords[name] for name in _IN_ORDER if isinstance(keywords.get(name), Ref | tuple)]
    more = [ref for value in named for ref in (value if isinstance(value, tuple) else (value,)) if isinstance(ref, Ref)]
    taken = [*_MASKS, *(name for name in _IN_ORDER if isinstance(keywords.get(name), Ref | tuple))]
    rest = {key: value for key, value in keywords.items() if key not in taken}
    masked = any(isinstance(keywords.get(name), Ref | tuple) for name in _MASKS)
    return Call(conf.name, number, (*inputs, *more), rest, masked)


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


def ends(value: object, what: str) -> Iterator[Ref]:
    """The tensors of `input_layers` or `output_layers`, which are lists of them, or one. Raises Refused."""
    if isinstance(value, list) and value and isinstance(value[0], str):
        yield _ref(value, what)
        return
    if not isinstance(value, list | Mapping):
        raise Refused(f"`{what}` must be a list of tensors")
    for item in value.values() if isinstance(value, Mapping) else value:
        if isinstance(item, list) and item and isinstance(item[0], list):
            yield from ends(item, what)
        else:
            yield _ref(item, what)


def listed(value: object, what: str) -> list[Any]:
    """The value, which must be a list. Raises Refused."""
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

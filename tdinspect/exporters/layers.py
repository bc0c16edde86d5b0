"""Layers as calls of their constructors."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from tdinspect.building.signatures import eager_class, layer_classes, layer_parameters
from tdinspect.building.users_code import parameters_of
from tdinspect.domain.spec import Layer
from tdinspect.exporters.classes import slot
from tdinspect.exporters.code import Code, Group, Item, Text
from tdinspect.exporters.constants import literal

# Arguments that need no name where they come first.
_PLAIN = frozenset(
    ("in_channels", "out_channels", "in_features", "out_features", "num_features", "num_embeddings", "embedding_dim")
    + ("input_size", "hidden_size", "embed_dim", "num_heads", "normalized_shape", "d_model", "nhead", "num_groups")
    + ("in1_features", "in2_features", "p", "encoder_layer", "decoder_layer", "num_layers")
)
_PLAIN_ALONE = frozenset(
    ("kernel_size", "output_size", "padding", "upscale_factor", "downscale_factor", "negative_slope")
)


class NoCode(Exception):
    """Something that cannot be written as code; the message says what."""


def layer_code(layer: Layer, imports: set[str]) -> Code:
    """The constructor's call, with every size that shapes told. Notes what it needs in ``imports``.

    Raises NoCode for an argument without a literal.
    """
    if "." in layer.type:
        return _users(layer, imports)
    name, named = eager(layer)
    order = [parameter.name for parameter in layer_parameters(name)]
    given = sorted(named, key=order.index)
    items: list[Item] = []
    for index, argument in enumerate(given):
        first = index == 0 and argument == order[0] and (len(given) == 1 or "Pool" in name)
        plain = argument in _PLAIN or (first and argument in _PLAIN_ALONE)
        by_position = plain and all(item.keyword is None for item in items) and order[index] == argument
        items.append(Item(_argument(argument, named[argument], imports), None if by_position else argument))
    return Group(Text(f"nn.{name}"), tuple(items))


def eager(layer: Layer) -> tuple[str, Mapping[str, object]]:
    """What a lazy class becomes when the sizes that it would wait for are given; its own defaults stay."""
    name, named = layer.type, dict(layer.args.named)
    own = layer_parameters(name)
    if set(named) <= {parameter.name for parameter in own}:
        return name, named
    eager = eager_class(name)
    usual = {parameter.name: parameter.default for parameter in layer_parameters(eager)}
    changed = {p.name: p.default for p in own if not p.required and p.default != usual.get(p.name)}
    return eager, changed | named


def _argument(name: str, value: object, imports: set[str]) -> Code:
    if isinstance(value, Layer):
        if value.type in layer_classes() or "." in value.type:
            return layer_code(value, imports)
        raise NoCode(f"{name} is {value.type}, which is no class of torch.nn")
    if name == "dtype" and isinstance(value, str):
        return Text(f"torch.{value}")
    return slot(value, name, _literal(name, value))


def _literal(name: str, value: object) -> str:
    try:
        return literal(value)
    except TypeError as problem:
        raise NoCode(f"{name} cannot be written as Python: {problem}") from problem


def _users(layer: Layer, imports: set[str]) -> Code:
    """A module of the user's: its package is imported by name, and a list is what its signature says."""
    words = layer.type.split(".")
    if not all(word.isidentifier() for word in words):
        raise NoCode(f"{layer.type} is no Python name")
    module = next(
        (".".join(words[:end]) for end in range(len(words) - 1, 0, -1) if ".".join(words[:end]) in sys.modules), ""
    )
    if not module:
        raise NoCode(f"{layer.type} is not imported")
    imports.add(module)
    assert layer.make is not None
    known = {parameter.name: parameter for parameter in parameters_of(layer.make)[0]}
    items = []
    for name, value in layer.args.named.items():
        if not name.isidentifier():
            raise NoCode(f"`{name}` is no name of an argument")
        items.append(Item(_users_argument(name, value, known.get(name), imports), name))
    return Group(Text(layer.type), tuple(items))


def _users_argument(name: str, value: object, parameter: object, imports: set[str]) -> Code:
    if isinstance(value, Layer):
        return _argument(name, value, imports)
    annotation, default = getattr(parameter, "annotation", None), getattr(parameter, "default", None)
    said = str(annotation)
    if isinstance(value, str) and "torch.dtype" in said:
        return Text(f"torch.{value}")
    plain = as_lists(value)
    if isinstance(value, tuple) and ("tuple[" in said.lower() or isinstance(default, tuple)):
        plain = tuple(as_lists(item) for item in value)
    return slot(plain, name, _literal(name, plain))


def as_lists(value: object) -> object:
    """Tuples, as the reader makes them, as the lists that a file has."""
    if isinstance(value, tuple | list):
        return [as_lists(item) for item in value]
    if isinstance(value, Mapping):
        return {key: as_lists(item) for key, item in value.items()}
    return value

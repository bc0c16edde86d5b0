"""Tensors inside tuples, lists, dicts, named tuples, dataclasses and whatever ``torch.utils._pytree`` knows."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence
from torch.utils import _pytree as pytree

Leaf = Tensor | PackedSequence
PLAIN_TYPES = frozenset({int, float, bool, str, type(None)})


def map_tree(function: Callable[[str, Leaf], object], value: object, name: str) -> object:
    """``value`` with each tensor and PackedSequence replaced by ``function(its name, it)``.

    Names are written as Python would reach the part: ``output[1]['mask']``. Structure and types stay as they are, and
    a part without tensors (None, a number, a module ...) stays the very same object.
    """
    if isinstance(value, Tensor | PackedSequence):
        return function(name, value)
    keyed = _parts(value)
    if keyed is None:
        return value
    parts, rebuild = keyed
    before = [part for _, part in parts]
    after = [map_tree(function, part, f"{name}{key}") for key, part in parts]
    if all(new is old for new, old in zip(after, before, strict=True)) and not isinstance(value, list | dict):
        return value
    return rebuild(after)


def tensors_in(value: object, name: str) -> list[tuple[str, Leaf]]:
    """The tensors and packed sequences of a value in order, each with its name."""
    if isinstance(value, Tensor | PackedSequence):
        return [(name, value)]
    keyed = _parts(value)
    return [] if keyed is None else [leaf for key, part in keyed[0] for leaf in tensors_in(part, f"{name}{key}")]


def with_tensors(value: object, new: Iterable[object]) -> object:
    """``value`` with its tensors, in the order of ``tensors_in``, replaced by ``new``."""
    return _replaced(value, iter(new))


def _replaced(value: object, new: Iterator[object]) -> object:
    return map_tree(lambda _name, _leaf: next(new), value, "")


_Keyed = tuple[list[tuple[str, object]], Callable[[list[object]], object]]


def _parts(value: object) -> _Keyed | None:
    """The parts of a container with how each is reached, and what puts new parts together; None for a leaf."""
    if isinstance(value, tuple):
        return _tuple_parts(value)
    if isinstance(value, list):
        return [(f"[{i}]", part) for i, part in enumerate(value)], lambda new: _list_like(value, new)
    if isinstance(value, Mapping):
        keys = list(value)
        return [(f"[{key!r}]", value[key]) for key in keys], lambda new: _mapping_like(value, keys, new)
    if type(value) in pytree.SUPPORTED_NODES:
        node = pytree.SUPPORTED_NODES[type(value)]
        parts, context = node.flatten_fn(value)
        return [(f"[{i}]", part) for i, part in enumerate(parts)], lambda new: node.unflatten_fn(new, context)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value) if hasattr(value, field.name)]
        return [(f".{n}", getattr(value, n)) for n in names], lambda new: _dataclass_like(value, names, new)
    return None


def _tuple_parts(value: tuple[object, ...]) -> _Keyed:
    kind = type(value)
    if hasattr(kind, "_fields"):
        fields: tuple[str, ...] = kind._fields
        return list(zip((f".{f}" for f in fields), value, strict=True)), lambda new: kind(*new)
    return [(f"[{i}]", part) for i, part in enumerate(value)], lambda new: kind(new)


def _list_like(value: list[object], new: list[object]) -> list[object]:
    if type(value) is list:
        return new
    again = copy.copy(value)
    again[:] = new
    return again


def _mapping_like(value: Mapping[object, object], keys: list[object], new: list[object]) -> Mapping[object, object]:
    plain = dict(zip(keys, new, strict=True))
    if type(value) is dict:
        return plain
    if not isinstance(value, MutableMapping):  # made of a dict, as types.MappingProxyType is
        return type(value)(plain)  # type: ignore[call-arg]
    again = copy.copy(value)
    for key, part in zip(keys, new, strict=True):
        again[key] = part
    return again


def _dataclass_like(value: object, names: list[str], new: list[object]) -> object:
    again = copy.copy(value)
    for name, part in zip(names, new, strict=True):
        object.__setattr__(again, name, part)  # a frozen dataclass too; __post_init__ ran when the module made it
    return again


def unfolded_parts(value: object, first: int, second: int) -> object:
    """A plain tuple, list or dict of tensors with their first axis unfolded to ``(first, second)``.

    The short way for what most modules give: None for anything else, and where a tensor's first axis is not as long.
    """
    kind = type(value)
    if kind is dict:
        found = _unfolded(value.values(), first, second)  # type: ignore[attr-defined]
        return None if found is None else dict(zip(value, found, strict=True))  # type: ignore[call-overload]
    if kind is not tuple and kind is not list:
        return None
    found = _unfolded(value, first, second)  # type: ignore[arg-type]
    return tuple(found) if found is not None and kind is tuple else found


def _unfolded(parts: Iterable[object], first: int, second: int) -> list[object] | None:
    found: list[object] = []
    for part in parts:
        if type(part) is Tensor:
            if not part.ndim or part.shape[0] != first * second:
                return None
            found.append(torch.unflatten(part, 0, (first, second)))
        elif type(part) in PLAIN_TYPES:
            found.append(part)
        else:
            return None
    return found

"""Frozen data of ``domain`` as plain JSON lists and back. Nothing that is read can run code: no pickle, no names."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

Decode = Callable[[Any], Any]


def encode(value: object) -> Any:
    """``value`` as what JSON has: a dataclass as the list of its fields, a tuple as a list. Raises TypeError."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, Mapping):
        return {_text(key): encode(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [encode(getattr(value, field.name)) for field in dataclasses.fields(value)]
    raise TypeError(f"{type(value).__name__} has no place in the cache")


def decode(kind: Any, value: object) -> Any:
    """What ``encode`` made of a value of type ``kind``. Raises ValueError for anything else."""
    try:
        return _decoder(kind)(value)
    except (TypeError, KeyError, OverflowError) as error:
        raise ValueError(f"not as it was written: {error}") from error


def _text(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key must be a text, not {key!r}")
    return key


@cache
def _decoder(kind: Any) -> Decode:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind in (object, Any):
        return _frozen
    if kind in (str, int, float, bool, types.NoneType):
        return _plain(kind)
    if dataclasses.is_dataclass(kind):
        return _fields(kind)
    if origin is typing.Literal:
        return _literal(arguments)
    if origin in (typing.Union, types.UnionType):
        return _one_of([_decoder(option) for option in sorted(arguments, key=lambda option: option is float)])
    if origin is tuple:
        return _tuple(arguments)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(_decoder(arguments[1]))
    raise TypeError(f"no way to read a {kind}")


def _frozen(value: object) -> object:
    """A value of no declared type: lists were tuples."""
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return {key: _frozen(item) for key, item in value.items()} if isinstance(value, dict) else value


def _plain(kind: type) -> Decode:
    def read(value: object) -> object:
        if type(value) is not kind and not (kind is float and type(value) is int):
            raise ValueError(f"a {kind.__name__}, not {value!r:.40}")
        return value

    return read


def _literal(options: tuple[object, ...]) -> Decode:
    def read(value: object) -> object:
        if value not in options:
            raise ValueError(f"one of {options}, not {value!r:.40}")
        return value

    return read


def _one_of(decoders: list[Decode]) -> Decode:
    def read(value: object) -> object:
        for decoder in decoders:
            try:
                return decoder(value)
            except (ValueError, TypeError):
                continue
        raise ValueError(f"no reading of {value!r:.40}")

    return read


def _tuple(arguments: tuple[Any, ...]) -> Decode:
    if len(arguments) == 2 and arguments[1] is ...:
        every = _decoder(arguments[0])
        return lambda value: tuple(map(every, _list(value)))
    each = [_decoder(argument) for argument in arguments]

    def read(value: object) -> object:
        return tuple(decoder(item) for decoder, item in zip(each, _list(value), strict=True))

    return read


def _mapping(item: Decode) -> Decode:
    def read(value: object) -> object:
        if not isinstance(value, dict):
            raise ValueError(f"a mapping, not {value!r:.40}")
        return {key: item(found) for key, found in value.items()}

    return read


def _fields(kind: Any) -> Decode:
    each: list[Decode] = []

    def read(value: object) -> object:
        if not each:  # only now: a class may have itself among its fields
            hints = typing.get_type_hints(kind)
            each.extend(_decoder(hints[field.name]) for field in dataclasses.fields(kind))
        return kind(*(decoder(item) for decoder, item in zip(each, _list(value), strict=True)))

    return read


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"a list, not {value!r:.40}")
    return value

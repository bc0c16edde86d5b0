"""Code of the user's: run so that it does no harm, its signatures read, its modules made."""

from __future__ import annotations

import functools
import inspect
import io
import os
import sys
import types
import typing
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from pathlib import Path as FilePath
from typing import Any

import torch
from torch import nn

from tdinspect.building.signatures import Parameter

# What a spec's value can be held against; any other annotation takes anything.
_CHECKED = (bool, int, float, str, type(None), torch.dtype)


class Ended(Exception):
    """Code of the user's asked Python to end; tdinspect goes on."""


@contextmanager
def guarded() -> Iterator[None]:
    """Around code of the user's: what it prints goes to standard error, it sees the current folder first.

    It has nothing to read on standard input. Warnings are silent, and torch's default dtype and grad mode are as before
    when it ends. SystemExit and its like become Ended; KeyboardInterrupt passes.
    """
    folder, dtype, grad = str(FilePath.cwd()), torch.get_default_dtype(), torch.is_grad_enabled()
    asked, sys.stdin = sys.stdin, io.StringIO()
    sys.path.insert(0, folder)
    try:
        with ExitStack() as stack:
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            stack.enter_context(_output_aside())
            stack.enter_context(redirect_stdout(sys.stderr))
            yield
    except (KeyboardInterrupt, Exception):
        raise
    except BaseException as problem:
        raise Ended(f"it asked Python to end ({words_of(problem)})") from problem
    finally:
        with suppress(ValueError):  # the user's code may have taken it away
            sys.path.remove(folder)
        sys.stdin = asked
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad)


@contextmanager
def _output_aside() -> Iterator[None]:
    """The process' own standard output goes to standard error: C code and child processes print there, too."""
    streams = [stream for stream in (sys.stdout, sys.__stdout__) if stream is not None]
    _flush(streams)
    try:
        kept = os.dup(1)
    except OSError:  # closed
        yield
        return
    try:
        with suppress(OSError):
            os.dup2(2, 1)
        yield
        _flush(streams)
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _flush(streams: list[Any]) -> None:
    for stream in streams:
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()


def parameters_of(make: Callable[..., object]) -> tuple[tuple[Parameter, ...], bool]:
    """The arguments of a class or function, and whether any other name is taken, too (``**kwargs``).

    An annotation that no value of a spec can be held against becomes Any; so does a missing one.
    """
    if getattr(make, "__init__", None) is nn.Module.__init__:
        return (), False
    try:
        signature = inspect.signature(make)
        hints = _hints(make)
    except (ValueError, TypeError):  # written in C
        return (), True
    found = []
    for given in signature.parameters.values():
        if given.kind in (given.POSITIONAL_OR_KEYWORD, given.KEYWORD_ONLY):
            required = given.default is given.empty
            plain = required or isinstance(given.default, bool | int | float | str | tuple | list | dict | None)
            annotation = _checked(hints.get(given.name, Any))
            found.append(Parameter(given.name, annotation, given.default if plain else None, required))
    return tuple(found), any(given.kind is given.VAR_KEYWORD for given in signature.parameters.values())


def _hints(make: Callable[..., object]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(getattr(make, "__init__", make) if isinstance(make, type) else make)
    except Exception:  # an annotation that only a type checker can read
        return {}


def _checked(annotation: Any) -> Any:
    origin, options = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal or annotation in _CHECKED:
        return annotation
    if origin in (typing.Union, types.UnionType, list, tuple) and options:
        known = all(option is ... or _checked(option) is not Any for option in options)
        return annotation if known else Any
    return annotation if isinstance(annotation, type) and issubclass(annotation, nn.Module) else Any


def made_module(make: Callable[..., object], dotted: str, kwargs: Mapping[str, object]) -> nn.Module:
    """What ``make`` gives for these arguments; raises whatever it raises, and TypeError when that is no module.

    Lists of a spec are Python lists, tuples where the signature says so, and dtypes go by their names.
    """
    with guarded():
        known = {parameter.name: parameter for parameter in parameters_of(make)[0]}
        found = make(**{name: _as_python(value, known.get(name)) for name, value in kwargs.items()})
    if not isinstance(found, nn.Module):
        raise TypeError(f"{dotted} gives {kind_of(found)}, no module")
    return found


def _as_python(value: object, parameter: Parameter | None) -> object:
    if isinstance(value, Mapping):
        return {key: _as_python(inner, None) for key, inner in value.items()}
    annotation = None if parameter is None else parameter.annotation
    options = (annotation, *typing.get_args(annotation))
    if isinstance(value, str) and torch.dtype in options:
        return getattr(torch, value)
    if not isinstance(value, tuple):
        return value
    items = [_as_python(item, None) for item in value]
    wants_tuple = any(typing.get_origin(option) is tuple for option in options)
    return tuple(items) if wants_tuple or (parameter and isinstance(parameter.default, tuple)) else items


def words_of(problem: BaseException) -> str:
    """``ValueError: boom``."""
    try:
        words = str(problem).strip()
    except Exception:  # an exception of the user's own may not even say what it is
        words = ""
    return ": ".join(filter(None, (type(problem).__name__, words)))


def kind_of(found: object) -> str:
    """What an object is, in words: ``a number``."""
    words: tuple[tuple[Any, str], ...] = (
        (types.ModuleType, "a Python module"),
        (type, "a class that is no nn.Module"),
        (nn.Module, "a module already built"),
        (bool, "true or false"),
        ((int, float), "a number"),
        (str, "a text"),
        (functools.partial, "a functools.partial"),
        (types.BuiltinFunctionType, "a built-in function"),
        (types.MethodType, "a method"),
    )
    return next((word for kinds, word in words if isinstance(found, kinds)), f"an object of {type(found).__name__}")

"""Arguments of a spec against a signature: every unknown, missing and ill-typed one is a TD005 finding."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

import torch

from tdinspect.building.keras import in_torch, instead
from tdinspect.building.signatures import Parameter, layer_classes, scalar_parameter
from tdinspect.domain.expression import ExpressionError, names_in
from tdinspect.domain.finding import Finding
from tdinspect.domain.location import Path
from tdinspect.domain.nearest import nearest
from tdinspect.domain.spec import Arguments, Expression, Layer, show
from tdinspect.layers import is_inferable

_READABLE = 80  # characters
_OF_THE_STEP = ("name", "trainable", "time")  # step keys that may be arguments of users' modules, too
_WORDS: Mapping[str, object] = {"none": None, "yes": True, "on": True, "no": False, "off": False}
_NUMBER = re.compile(r"[+-]?[0-9][0-9_]{0,30}(?:\.[0-9]{0,30})?(?:[eE][+-]?[0-9]{1,3})?")


def bind_arguments(
    what: str,
    args: Arguments,
    parameters: Sequence[Parameter],
    path: Path,
    accepts_any: bool = False,
    inferable: bool = True,
    names: Collection[str] = (),
) -> tuple[dict[str, object], list[Finding]]:
    """The arguments by name, and what is wrong with them. ``what`` names the operation in messages, ``path`` its value.

    Sizes that shapes tell may be missing where they are ``inferable``; everything else that is required may not.
    With ``accepts_any`` other names may be given, too. ``names`` are those that `$` reads.
    """
    given, findings = _by_name(what, args, parameters, path)
    known = {parameter.name: parameter for parameter in parameters}
    if args.wrong:
        return given, findings
    unknown = [name for name in given if name not in known and not accepts_any]
    # A misspelt argument is one mistake, not a missing one too.
    meant: list[str | None] = [in_torch(name, known) or nearest(name, known) for name in unknown]
    for name in unknown:
        del given[name]
    told = {parameter.name for parameter in parameters if inferable and is_inferable(parameter.name)}
    missing = [p.name for p in parameters if p.required and p.name not in (*given, *meant, *told)]
    if len(unknown) == len(missing) == 1 and meant == [None]:  # `axis` for `dim`
        meant, missing = [*missing], []
    findings += [_unknown(what, name, likely, known, path) for name, likely in zip(unknown, meant, strict=True)]
    for name, value in given.items():
        if name not in known:
            continue
        problem = type_problem(known[name].annotation, known[name].default, value)
        if problem:
            place = path if args.has_scalar else (*path, name)
            text = _meant(known[name], value, names)
            findings.append(Finding("TD005", f"{what}: {name} {problem}", place, help=text))
    text = f"write `{_example(what, given, missing)}`" if missing else None
    findings += [Finding("TD005", f"{what} needs {name}", path, on_key=True, help=text) for name in missing]
    return given, findings


def _example(what: str, given: Mapping[str, object], missing: Iterable[str]) -> str:
    """The step with what is missing beside what is given, unless that is long."""
    written = [f"{name}: {show(value)}" for name, value in given.items()]
    if sum(map(len, written)) > _READABLE:
        written = ["..."]
    return f"{what}: {{{', '.join([*written, *(f'{name}: ...' for name in missing)])}}}"


def _by_name(
    what: str, args: Arguments, parameters: Sequence[Parameter], path: Path
) -> tuple[dict[str, object], list[Finding]]:
    if not args.has_scalar:
        return dict(args.named), []
    target = scalar_parameter(parameters)
    if target is None:
        return {}, [Finding("TD005", f"{what} takes no argument", path, help=f"write `{what}`")]
    return {target.name: args.scalar}, []


def _unknown(what: str, name: str, likely: str | None, known: Collection[str], path: Path) -> Finding:
    text = f"did you mean `{likely}`?" if likely else instead(name) or f"it takes {', '.join(known) or 'no argument'}"
    if name in _OF_THE_STEP:
        text = f"`{name}` belongs to the step: indent it less, so that it stands right below `{what}`"
    return Finding("TD005", f"{what} has no argument {name}", (*path, name), on_key=True, help=text)


def _meant(parameter: Parameter, value: object, names: Collection[str]) -> str | None:
    """The help for a value of another type than is wanted, where it is near one that suits."""
    if isinstance(value, float) and value.is_integer():
        return f"write `{int(value)}`" if _suits_parameter(parameter, int(value)) else None
    if not isinstance(value, str):
        return None
    try:
        read = names_in(value)
    except ExpressionError:
        read = frozenset()
    if read and read <= {*names}:
        return f"write `${value}`" if value in names else f"write `$({value})`"
    literal = nearest(value, _literals(parameter.annotation))
    if literal:
        return f"did you mean `{literal}`?"
    if _NUMBER.fullmatch(value):
        number = float(value) if {*value} & {*".eE"} else int(value)
        return f"without quotes: {number}" if _suits_parameter(parameter, number) else None
    if value.lower() in _WORDS and _suits_parameter(parameter, _WORDS[value.lower()]):
        return f"write `{show(_WORDS[value.lower()])}`"
    return None


def _literals(annotation: Any) -> list[str]:
    """The texts that are wanted where only some are."""
    options = typing.get_args(annotation)
    if typing.get_origin(annotation) is Literal:
        return [option for option in options if isinstance(option, str)]
    return [text for option in options for text in _literals(option)]


def _suits_parameter(parameter: Parameter, value: object) -> bool:
    return type_problem(parameter.annotation, parameter.default, value) is None


def type_problem(annotation: Any, default: object, value: object) -> str | None:
    """Why ``value`` does not suit the annotation (or, without one, the default): ``takes a whole number, not 'x'``."""
    if type(value) is annotation:
        return None
    if isinstance(value, Expression) or _contains_expression(value):
        return None  # known when the step is built or run
    if value == default and type(value) is type(default):
        return None  # torch's own default may be outside its own annotation (AvgPool1d's stride)
    if annotation is None:
        annotation = _from_default(default)
    if isinstance(value, Layer):
        suits = annotation in (Any, object) or _takes_module(annotation, layer_classes().get(value.type))
        return None if suits else f"takes {_words(annotation)}, not the layer {value.type}"
    if _suits(annotation, value):
        return None
    return f"takes {_words(annotation)}, not {show(value)}"


def takes_module(parameter: Parameter) -> bool:
    """True for an argument that is a module (``encoder_layer``), or may be one (``activation``, a function)."""
    return _takes_module(parameter.annotation)


def _takes_module(annotation: Any, made: type | None = None) -> bool:
    """True where a module is wanted; where the class ``made`` of torch.nn is known, one of that kind."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return any(_takes_module(option, made) for option in typing.get_args(annotation))
    if typing.get_origin(annotation) is Callable:
        return True
    if not (isinstance(annotation, type) and issubclass(annotation, torch.nn.Module)):
        return False
    return made is None or issubclass(made, annotation)


def _from_default(default: object) -> Any:
    if isinstance(default, bool):
        return bool
    if isinstance(default, float):
        return float
    if isinstance(default, int | str):
        return type(default)
    return bool | int | float | str | None


def _contains_expression(value: object) -> bool:
    return isinstance(value, tuple) and any(isinstance(item, Expression) for item in value)


def _suits(annotation: Any, value: object) -> bool:
    if annotation in (Any, object):
        return True
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return any(_suits(option, value) for option in typing.get_args(annotation))
    if origin is Literal:
        return value in typing.get_args(annotation)
    if isinstance(value, tuple):
        return _suits_sequence(annotation, origin, value)
    return _suits_scalar(annotation, value)


def _suits_scalar(annotation: Any, value: object) -> bool:
    if annotation in (None, type(None)):
        return value is None
    if annotation is torch.dtype:
        return isinstance(value, str) and isinstance(getattr(torch, value, None), torch.dtype)
    if annotation is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if annotation is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(annotation, type) and isinstance(value, annotation)


def _suits_sequence(annotation: Any, origin: Any, value: tuple[object, ...]) -> bool:
    if annotation is torch.Size:
        return all(_suits(int, item) for item in value)
    if not (isinstance(origin, type) and issubclass(origin, Sequence)):
        return False
    options = typing.get_args(annotation)
    if origin is tuple and Ellipsis not in options:
        return len(options) == len(value) and all(map(_suits, options, value))
    return all(_suits(options[0], item) for item in value)


_NAMES: Mapping[Any, tuple[str, str]] = {
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    bool: ("true or false", "true or false"),
    str: ("a text", "texts"),
    type(None): ("null", "nulls"),
    torch.dtype: ("a torch dtype", "torch dtypes"),
}


def _words(annotation: Any, plural: bool = False) -> str:
    """What suits the annotation: ``a whole number or a list of 2 whole numbers``."""
    origin, options = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _either(_words(option, plural) for option in options if option is not torch.Size)
    if origin is Literal:
        return _either(map(str, options))
    if origin is Callable:
        return "layers" if plural else "a layer"
    if isinstance(origin, type) and issubclass(origin, Sequence):
        if origin is tuple and Ellipsis not in options:
            count = len(options)
            return f"a list of {count} {_words(options[0], count > 1).removeprefix('a ')}"
        return f"a list of {_words(options[0], plural=True)}"
    name = str(getattr(annotation, "__name__", annotation))
    return _NAMES.get(annotation, (name, name))[plural]


def _either(words: Iterable[str]) -> str:
    *others, last = dict.fromkeys(words)
    return f"{', '.join(others)} or {last}" if others else last

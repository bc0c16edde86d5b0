"""What arguments a layer or a function takes, read from its own signature."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import nn

from tdinspect.layers import is_inferable

# Modules that hold modules: a spec writes these as containers or not at all.
_HOLDERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict, nn.DataParallel)
_HOLDER_NAMES = {"Module", "Container", *(holder.__name__ for holder in _HOLDERS)}
# What torch leaves without an annotation, and no default tells.
_UNANNOTATED: Mapping[str, Any] = {
    "dtype": torch.dtype | None,
    "embed_dim": int,
    "num_heads": int,
    "kdim": int | None,
    "vdim": int | None,
    "momentum": float | None,
    "size_average": bool | None,
    "reduce": bool | None,
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument: ``annotation`` is None when the signature has none; ``default`` counts unless ``required``."""

    name: str
    annotation: Any
    default: Any
    required: bool


@cache
def layer_classes() -> Mapping[str, type[nn.Module]]:
    """Every class of torch.nn that takes and gives tensors, by name."""
    classes = ((name, getattr(nn, name)) for name in dir(nn) if name not in _HOLDER_NAMES)
    return {name: cls for name, cls in classes if isinstance(cls, type) and issubclass(cls, nn.Module) and _runs(cls)}


def _runs(cls: type[nn.Module]) -> bool:
    """False for a base class that only its subclasses can run (RNNBase)."""
    return cls.forward is not nn.Module.forward


@cache
def layer_parameters(name: str) -> tuple[Parameter, ...]:
    """The constructor arguments of a torch.nn class; the recurrences' real ones are RNNBase's."""
    cls = layer_classes()[name]
    if cls in (nn.LSTM, nn.GRU, nn.RNN):
        hidden = {"mode"} if cls is nn.LSTM else {"mode", "proj_size"}
        own = [p for p in _parameters(nn.RNNBase.__init__) if p.name not in hidden]
        if cls is nn.RNN:
            own.append(Parameter("nonlinearity", str, "tanh", required=False))
        return tuple(own)
    return tuple(_parameters(cls.__init__))


def eager_class(name: str) -> str:
    """The class that a lazy one becomes once it has seen an input; any other class itself."""
    eager = name.removeprefix("Lazy")
    return eager if eager in layer_classes() else name


@cache
def function_parameters(function: Callable[..., object]) -> tuple[Parameter, ...]:
    """The arguments of one of our tensor functions, its tensors among them."""
    return tuple(_parameters(function))


def is_tensor(parameter: Parameter) -> bool:
    """True for an argument that a spec's ``from`` fills."""
    annotation = parameter.annotation
    return annotation in (torch.Tensor, torch.Tensor | None) or torch.Tensor in getattr(annotation, "__args__", ())


def is_only_tensor(parameter: Parameter) -> bool:
    """True for an argument that nothing but an input can be."""
    annotation = parameter.annotation
    return {*(typing.get_args(annotation) or (annotation,))} <= {torch.Tensor, type(None)}


def scalar_parameter(parameters: Iterable[Parameter]) -> Parameter | None:
    """The argument that a bare scalar stands for: the first required one that no shape tells, else the first."""
    candidates = list(parameters)
    for parameter in candidates:
        if parameter.required and not is_inferable(parameter.name):
            return parameter
    return candidates[0] if candidates else None


def _parameters(function: Callable[..., object]) -> list[Parameter]:
    try:
        signature = inspect.signature(function, eval_str=True)
    except (NameError, TypeError):  # an annotation that only a type checker can read
        signature = inspect.signature(function)
    found = []
    for parameter in signature.parameters.values():
        if parameter.name in ("self", "device") or parameter.name.startswith("_"):
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        required = parameter.default is parameter.empty
        bare = parameter.annotation is parameter.empty
        annotation = _UNANNOTATED.get(parameter.name) if bare else parameter.annotation
        found.append(Parameter(parameter.name, annotation, parameter.default, required))
    return found

"""What comes into a step and what it gives, against the signature of its forward pass: TD005, and TD003 for `as`."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import nn

from tdinspect.building.arguments import type_problem
from tdinspect.building.signatures import Parameter, function_parameters, layer_classes
from tdinspect.building.users_code import parameters_of
from tdinspect.domain.finding import Finding
from tdinspect.domain.location import Path
from tdinspect.domain.nearest import nearest
from tdinspect.domain.spec import Step
from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import Tree

# Results that torch's own annotations do not tell.
_ONE = TensorInfo(())
_RESULTS: Mapping[str, Tree] = {"LSTM": (_ONE, (_ONE, _ONE)), "GRU": (_ONE, _ONE), "RNN": (_ONE, _ONE)}


@dataclass(frozen=True, slots=True)
class Incoming:
    """What comes into a step: ``source`` as in ``Step``; ``path`` is that of the step whose `from` says so, if any."""

    source: object = None
    path: Path | None = None

    @property
    def names(self) -> Mapping[str, object]:
        """The inputs that come by keyword."""
        return self.source if isinstance(self.source, Mapping) else {}

    @property
    def count(self) -> int:
        """How many come by position."""
        if isinstance(self.source, Mapping):
            return 0
        return len(self.source) if isinstance(self.source, tuple) else 1


@dataclass(frozen=True, slots=True)
class Forward:
    """The inputs of a forward pass; ``open_positions`` and ``open_names``: it takes any others (``*args``).

    ``strict``: its annotations are torch's and hold; those of the user's code may say less than it takes.
    """

    parameters: tuple[Parameter, ...]
    open_positions: bool = False
    open_names: bool = False
    strict: bool = True

    @property
    def takes_one(self) -> bool:
        """True where one input is enough."""
        return bool(self.parameters) and not any(parameter.required for parameter in self.parameters[1:])


@cache
def forward_of_layer(name: str) -> Forward:
    """The forward pass of a torch.nn class."""
    return Forward(function_parameters(layer_classes()[name].forward))


def forward_of_class(make: Callable[..., object] | None) -> Forward | None:
    """The forward pass of a module class of the user's; None where its signature does not tell."""
    if not (isinstance(make, type) and issubclass(make, nn.Module)) or "__call__" in vars(make):
        return None
    forward = inspect.getattr_static(make, "forward", None)
    if not inspect.isfunction(forward) or forward is nn.Module.forward or hasattr(forward, "__wrapped__"):
        return None
    parameters, open_names = parameters_of(forward)  # the first is `self`
    kinds = [parameter.kind for parameter in inspect.signature(forward).parameters.values()]
    return Forward(parameters[1:], inspect.Parameter.VAR_POSITIONAL in kinds, open_names, strict=False)


def check_inputs(what: str, forward: Forward, step: Step, incoming: Incoming) -> list[Finding]:
    """Inputs and constants of the call that the forward pass does not know, cannot take, or lacks."""
    if incoming.path is None and not step.call and forward.takes_one:  # most steps
        return []
    known = {parameter.name: parameter for parameter in forward.parameters}
    by_position = [*known][: incoming.count]
    findings = []
    if incoming.count > len(known) and not forward.open_positions:
        takes = f"{len(known)} input" if len(known) == 1 else f"{len(known)} inputs"
        message = f"{what} takes {takes}, and {incoming.count} come in"
        findings.append(_at_from(message, incoming, step, f"its inputs: {', '.join(known) or 'none'}"))
    misspelt: list[str | None] = []
    for key in [] if forward.open_names else [*incoming.names, *step.call]:
        if key not in known:
            place = incoming.path if key in incoming.names else step.path
            path = (*(place or step.path), "from" if key in incoming.names else "call", key)
            misspelt.append(nearest(key, known))
            findings.append(_unknown(what, key, misspelt[-1], known, path))
    for key, value in step.call.items():
        path = (*step.path, "call", key)
        if key in by_position or key in incoming.names:
            message = f"{what}: {key} comes in by `from` already"
            findings.append(Finding("TD005", message, path, on_key=True, help="leave one of them out"))
        elif key in known and (problem := type_problem(known[key].annotation, known[key].default, value)):
            findings.append(Finding("TD005", f"{what}: {key} {problem}", path))
    if forward.strict:
        findings += _unsuited(what, known, incoming)
    given = {*by_position, *incoming.names, *step.call, *misspelt}
    missing = [name for name, parameter in known.items() if parameter.required and name not in given]
    if missing and not (forward.open_positions and incoming.count):
        findings.append(_missing(what, missing, known, incoming, step))
    return findings


def _at_from(message: str, incoming: Incoming, step: Step, help: str) -> Finding:
    if incoming.path is None:
        return Finding("TD005", message, step.op_path, on_key=True, help=help)
    return Finding("TD005", message, (*incoming.path, "from"), help=help)


def _unknown(what: str, key: str, likely: str | None, known: Iterable[str], path: Path) -> Finding:
    text = f"did you mean `{likely}`?" if likely else f"its inputs: {', '.join(known) or 'none'}"
    return Finding("TD005", f"{what} takes no input {key}", path, on_key=True, help=text)


def _unsuited(what: str, known: Mapping[str, Parameter], incoming: Incoming) -> Iterator[Finding]:
    """A list of values where one tensor is wanted, and a tensor where none is."""
    if incoming.path is None:
        return
    source, place = incoming.source, (*incoming.path, "from")
    named = [((*place, name), name, value) for name, value in incoming.names.items()]
    listed = (
        [((*place, i), name, value) for i, (name, value) in enumerate(zip(known, source, strict=False))]
        if isinstance(source, tuple)
        else []
    )
    for path, name, value in [*named, *listed]:
        annotation = known[name].annotation if name in known else None
        if isinstance(value, tuple) and annotation in (torch.Tensor, torch.Tensor | None):
            message = f"{what} takes one tensor as its {name}, not a list of {len(value)}"
            yield Finding("TD005", message, path, help="a list of tensors is joined first: `cat` or `stack`")
        elif annotation is bool:
            text = f"write `call: {{{name}: true}}` or `false`"
            yield Finding("TD005", f"{what}: {name} is true or false, and no tensor", path, help=text)


def check_list(what: str, incoming: Incoming) -> list[Finding]:
    """A list inside the list of tensors that a function takes (`cat`)."""
    if incoming.path is None or not isinstance(incoming.source, tuple):
        return []
    message, text = f"{what} takes tensors, not lists of them", "name them one after the other: `from: [a, b, c]`"
    nested = [index for index, value in enumerate(incoming.source) if isinstance(value, tuple)]
    return [Finding("TD005", message, (*incoming.path, "from", index), help=text) for index in nested]


def _missing(
    what: str, missing: Sequence[str], known: Mapping[str, Parameter], incoming: Incoming, step: Step
) -> Finding:
    required = [name for name, parameter in known.items() if parameter.required]
    lacking = " and ".join(filter(None, (", ".join(missing[:-1]), missing[-1])))
    arrive = [*incoming.names] or [*known][: incoming.count]
    message = f"{what} needs {lacking} to come in, too" if arrive else f"{what} needs {lacking} to come in"
    if incoming.names:
        text = f"`from: {{{', '.join(f'{name}: ...' for name in required)}}}`"
    else:
        text = f"name them in this order: `from: [{', '.join(name.upper() for name in required)}]`"
    return _at_from(message, incoming, step, text)


def result_of_layer(name: str, arguments: Mapping[str, object]) -> Tree:
    """What a torch.nn class gives, with a TensorInfo for each tensor; None where that is not known."""
    if arguments.get("return_indices"):
        return (_ONE, _ONE)
    return _RESULTS.get(name) or result_of(layer_classes()[name].forward)


@cache
def result_of(function: Callable[..., object]) -> Tree:
    """What a function gives by its annotation, with a TensorInfo for each tensor; None where that is not known."""
    try:
        return _parts(typing.get_type_hints(function).get("return"))
    except (NameError, TypeError):  # an annotation that only a type checker can read
        return None


def _parts(annotation: object) -> Tree:
    if annotation in (torch.Tensor, torch.Tensor | None):
        return _ONE
    options = typing.get_args(annotation)
    if typing.get_origin(annotation) is not tuple or Ellipsis in options:
        return None
    parts = tuple(map(_parts, options))
    return None if None in parts else parts

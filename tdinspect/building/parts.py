"""A result that is no single tensor: how `as` takes it apart, and what it is, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from string import ascii_lowercase

from tdinspect.building.wiring import parts_fit
from tdinspect.domain.finding import Finding
from tdinspect.domain.spec import Step
from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import Tree

_MOST_KEYS = 8  # of a mapping, in a message


def check_parts(step: Step, result: Tree) -> Finding | None:
    """`as` that names more parts than there are in the ``result`` of its step."""
    if not isinstance(step.parts, tuple) or parts_fit(step.parts, result):
        return None
    gives = len(result) if isinstance(result, tuple | list) else 1
    named = "1 part" if len(step.parts) == 1 else f"{len(step.parts)} parts"
    message = f"`as` names {named}, and {step.name} gives {gives}"
    if len(step.parts) == gives > 1:
        message = f"`as` takes a part of {step.name} apart that has not so many parts"
    help = f"its parts are {pattern(result)}; a name may stand for a whole tuple"
    if not isinstance(result, tuple | list):
        help = f"it gives {'one tensor' if isinstance(result, TensorInfo) else in_words(result)}: leave `as` out"
    return Finding("TD003", message, (*step.path, "as"), help=help)


def pattern(value: Tree) -> str:
    """How `as` may take a value apart: ``[_, [_, _]]``."""
    return f"[{', '.join(map(pattern, value))}]" if isinstance(value, tuple | list) else "_"


def in_words(value: object) -> str:
    """What a value is: ``a tuple (tensor, (tensor, tensor))``, ``a mapping with the keys loss, logits``."""
    if isinstance(value, TensorInfo):
        return "a tensor"
    if isinstance(value, tuple | list):
        return f"a tuple {_shown(value)}" if value else "an empty tuple"
    if isinstance(value, Mapping):
        keys = [str(key) for key in value]
        listed = ", ".join(keys[:_MOST_KEYS]) + (", ..." if len(keys) > _MOST_KEYS else "")
        return f"a mapping with the keys {listed}" if keys else "an empty mapping"
    words = {type(None): "nothing (None)", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    return words.get(type(value), f"an object of {type(value).__name__}")


def _shown(value: object) -> str:
    if isinstance(value, tuple | list):
        return f"({', '.join(map(_shown, value))})"
    if isinstance(value, TensorInfo):
        return "tensor"
    return "None" if value is None else in_words(value)


def one_tensor_of(value: object) -> str:
    """What to do where one tensor is wanted and this is none."""
    if isinstance(value, tuple | list) and value:
        return (
            f"in the `as` of the step that makes it write `{_named(value, _letters())}` for it, and take one of these"
        )
    if value is None:
        return "take another value, or let the `forward` that makes it return a tensor"
    if isinstance(value, Mapping) and value:
        return f"let the `forward` that makes it return one tensor (`return out[{next(iter(value))!r}]`), or a tuple"
    return "let the `forward` that makes it return a tensor, or a tuple of tensors"


def _named(value: object, letters: Iterator[str]) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(_named(part, letters) for part in value)}]"
    return next(letters) if isinstance(value, TensorInfo) else "_"


def _letters() -> Iterator[str]:
    """``a`` to ``z``, then ``a1`` and so on."""
    yield from ascii_lowercase
    for number in count(1):
        yield from (f"{letter}{number}" for letter in ascii_lowercase)

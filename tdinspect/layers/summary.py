"""A layer's telling arguments in a few characters: ``3→16 k3 p1``; and its kernel."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeGuard

from torch import nn

# Attribute, how it reads, and the default that goes without saying.
_MARKS: tuple[tuple[str, str, object], ...] = (
    ("kernel_size", "k", None),
    ("stride", "s", 1),
    ("padding", "p", 0),
    ("dilation", "d", 1),
    ("groups", "g", 1),
    ("num_layers", "layers=", 1),
    ("num_heads", "heads=", None),
)
_FLOWS = (
    ("in_channels", "out_channels"),
    ("in_features", "out_features"),
    ("input_size", "hidden_size"),
    ("num_embeddings", "embedding_dim"),
)
_FLAGS = ("bidirectional", "batch_first")


def summary(module: nn.Module, arguments: Mapping[str, object], show: Callable[[object], str]) -> str:
    """What a person wants to see of a layer's arguments; ``show`` writes a value as a spec does.

    Layers without a form of their own show the arguments that were given.
    """
    own = vars(module)
    pieces = [
        f"{_plain(own[source])}→{_plain(own[target])}" for source, target in _FLOWS if source in own and target in own
    ]
    told = {name for pair in _FLOWS for name in pair if pieces}
    known = {**arguments, **own}  # a function, or what could not be built, has the arguments alone
    for name, mark, default in _MARKS:
        silent = known.get("kernel_size", default) if name == "stride" and _is_pool(module) else default
        value = known.get(name, silent)
        if _is_size(value):
            pieces += [f"{mark}{_plain(value)}"] if _plain(value) != _plain(silent) else []
        elif isinstance(value, str) or (name in arguments and value is not None):
            pieces.append(f"{name}={value if isinstance(value, str) else show(value)}")
    pieces.extend(name for name in _FLAGS if name in arguments and own.get(name) is True)
    told |= {name for name, _, _ in _MARKS} | set(_FLAGS)
    pieces.extend(f"{name}={show(value)}" for name, value in arguments.items() if name not in told)
    return " ".join(pieces)


def kernel_of(module: nn.Module, name: str, arguments: Mapping[str, object]) -> tuple[int, ...] | None:
    """The sizes of the window that a layer or a function slides along its axes; None where it has none.

    ``name`` is the function's, whose ``arguments`` say it. A number stands for every axis: those that torch's names
    count (``MaxPool2d``, ``max_pool2d``), two for the classes that work on images only.
    """
    size = vars(module).get("kernel_size", arguments.get("kernel_size"))
    if not _is_size(size):
        return None
    parts = tuple(size) if isinstance(size, tuple | list) else (size,)
    return parts * _axes(module, name) if len(parts) == 1 else parts


def _is_size(value: object) -> TypeGuard[int | Sequence[int]]:
    """True of a whole number, or of some in a row; anything may go by these names in a layer of the user's own."""
    parts = value if isinstance(value, tuple | list) else (value,)
    return bool(parts) and all(type(part) is int for part in parts)


def _axes(module: nn.Module, name: str) -> int:
    """How many axes a window of one size is slid along."""
    if isinstance(module, nn.Fold | nn.Unfold):
        return 2
    for known in (name, *(kind.__name__ for kind in type(module).__mro__)):
        if match := re.search(r"([123])d$", known):
            return int(match[1])
    return 1


def _is_pool(module: nn.Module) -> bool:
    """True of a layer or a function whose stride is its kernel where none is given."""
    names = [getattr(module, "name", ""), *(kind.__name__ for kind in type(module).__mro__)]
    return any("pool" in str(name).lower() for name in names)


def _plain(value: object) -> str:
    """A size that is the same in every direction once, others as ``3x5``."""
    if not isinstance(value, tuple | list):
        return str(value)
    texts = [str(part) for part in value]
    return texts[0] if len(set(texts)) == 1 else "x".join(texts)

"""A layer's telling arguments in a few characters: ``3→16 k3 p1``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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
    for name, mark, silent in _MARKS:
        value = own.get(name, silent)
        if value is None or _plain(value) == str(silent):
            continue
        if name == "stride" and _plain(value) == _plain(own.get("kernel_size")):
            continue  # a pool's default
        pieces.append(f"{name}={value}" if isinstance(value, str) else f"{mark}{_plain(value)}")
    pieces.extend(name for name in _FLAGS if name in arguments and own.get(name) is True)
    told |= {name for name, _, _ in _MARKS} | set(_FLAGS)
    pieces.extend(f"{name}={show(value)}" for name, value in arguments.items() if name not in told)
    return " ".join(pieces)


def _plain(value: object) -> str:
    """A size that is the same in every direction once, others as ``3x5``."""
    if isinstance(value, tuple | list):
        distinct = set(value)
        return str(value[0]) if len(distinct) == 1 else "x".join(str(part) for part in value)
    return str(value)

"""Where a wrapped layer of torch.nn wants the folded axis, when that is not in front."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import Tensor, nn

from tdinspect.time_distributed.folding import Folding, fold_like, unfold_rows, unfolded_at
from tdinspect.time_distributed.guard import ATTENTION, batch_first


class Place(NamedTuple):
    """``shift``: how far right of the usual batch and time stand outside; ``inner``: the folded axis inside."""

    shift: int = 0
    inner: int = 0


PLAIN = Place()
SECOND = Place(0, 1)  # time-first layers: (B, T, L, F) outside, (L, B*T, F) inside
STATE = Place(1, 1)  # states of a recurrence: (layers, B, T, F) outside, (layers, B*T, F) inside

_SEQUENCES = frozenset({"input", "query", "key", "value", "src", "tgt", "memory"})


def has_places(module: nn.Module) -> bool:
    """True for a recurrence, an attention, a Transformer, also when wrapped: each of their tensors has its place."""
    return isinstance(_unwrapped(module), (nn.RNNBase, *ATTENTION))


def _unwrapped(module: Any) -> Any:
    while getattr(module, "folds_time", False):  # states leave an inner TimeDistributed with their layers in front
        module = module.module
    return module


def input_place(module: nn.Module, name: str, ndim: int, folded: int) -> Place:
    """The place of the input ``name`` (or of a part of it), of ``ndim`` axes with ``folded`` of them to fold."""
    argument = name.partition("[")[0]
    if argument == "hx" and isinstance(_unwrapped(module), nn.RNNBase):
        return STATE
    sequences = isinstance(module, (nn.RNNBase, *ATTENTION)) and argument in _SEQUENCES
    return SECOND if sequences and ndim == folded + 2 and not batch_first(module) else PLAIN


def output_place(module: nn.Module, index: int, given: Place) -> Place:
    """The place of the output tensor number ``index``, where the first input has the place ``given``."""
    if index and isinstance(_unwrapped(module), nn.RNNBase):
        return STATE
    return given if index == 0 else PLAIN


def fold_at(x: Tensor, folding: Folding, axes: tuple[int, ...], place: Place) -> Tensor:
    """``x`` folded, the folded axis at its place inside."""
    if place is PLAIN:
        return fold_like(x, folding, axes)
    rows = fold_like(x, folding, tuple(axis + place.shift for axis in axes)).movedim(0, place.inner)
    return rows.contiguous() if place is STATE else rows  # as cuDNN demands of states


def unfold_at(y: Tensor, folding: Folding, place: Place) -> Tensor:
    """A result unfolded from its place inside."""
    return unfold_rows(y.movedim(place.inner, 0) if place.inner else y, folding, place.shift)


def time_axis_of(ndim: int, folding: Folding, place: Place) -> int:
    """Where time stands in an unfolded output of ``ndim`` axes."""
    return unfolded_at(ndim - place.shift, folding.axes)[-1] + place.shift


def argument_names(module: nn.Module) -> tuple[str, ...]:
    """The names of what ``forward`` takes by position; one that takes ``*inputs`` gives fewer."""
    by_position: Any = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = _parameters(_unwrapped(module)) or ()
    return tuple(parameter.name for parameter in found if parameter.kind in by_position)


def labels(names: Sequence[str], count: int) -> list[str]:
    """What the first ``count`` inputs by position are called."""
    return [names[i] if i < len(names) else f"inputs[{i}]" for i in range(count)]


def takes_keyword(module: nn.Module, name: str) -> bool:
    """True when ``forward`` takes an argument of this name."""
    found = _parameters(module) or ()
    return any(parameter.name == name or parameter.kind is parameter.VAR_KEYWORD for parameter in found)


def needs_argument(module: nn.Module, name: str) -> bool:
    """True when ``forward`` cannot do without an argument of this name."""
    found = [parameter for parameter in _parameters(module) or () if parameter.name == name]
    return any(p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in found)


def check_names(module: nn.Module, names: Sequence[str]) -> None:
    """Raise ValueError for a name that no argument of ``forward`` has; ``*inputs`` and ``**named`` take any."""
    found = _parameters(_unwrapped(module))
    if found is None or any(parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) for parameter in found):
        return
    own = ["mask", "lengths"] if _unwrapped(module) is not module else []  # of a TimeDistributed inside
    takes = [parameter.name for parameter in found]
    for name in names:
        if name not in (*takes, *own):
            raise ValueError(f"passthrough: {type(module).__name__} takes {', '.join(takes)}; not {name!r}")


def _parameters(module: nn.Module) -> list[inspect.Parameter] | None:
    try:
        return list(inspect.signature(module.forward).parameters.values())
    except (TypeError, ValueError):  # a compiled or scripted forward without a signature
        return None

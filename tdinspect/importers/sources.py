"""Tensors that no input gives: what is wrong with their sizes can be said before anything is built."""

from __future__ import annotations

from tdinspect.domain.location import Path
from tdinspect.domain.spec import Arguments, Expression, show
from tdinspect.importers.collector import Collector, shorten, whole
from tdinspect.importers.values import Constants

_SHAPED = ("parameter", "zeros", "ones", "full")


def check_source(key: str, arguments: Arguments, path: Path, constants: Constants) -> Arguments:
    """The arguments of a source; one whose shape or size is wrong is noted, and nothing more is said about it."""
    name = "shape" if key in _SHAPED else "size"
    if arguments.has_scalar:
        value, place = arguments.scalar, path
    elif name in arguments.named:
        value, place = arguments.named[name], (*path, name)
    else:
        return arguments
    before = constants.collector.noted
    if key == "causal_mask":
        _check_mask(value, place, constants.collector)
    elif key in _SHAPED:
        _check_shape(key, value, place, arguments.has_scalar, constants)
    return arguments if constants.collector.noted == before else Arguments(wrong=True)


def _check_mask(value: object, path: Path, collector: Collector) -> None:
    if whole(value) and value < 1:
        collector.wrong("a whole number above zero", value, path, help="causal_mask: $T")


def _check_shape(key: str, value: object, path: Path, alone: bool, constants: Constants) -> None:
    if whole(value):
        shape = f"[{shorten(str(value))}]"
        help = f"{key}: {{shape: {shape}}}" if alone and key != "full" else f"shape: {shape}"
        constants.collector.wrong("a shape: a list", value, path, help=help)
    for index, entry in enumerate(value if isinstance(value, tuple) else ()):
        place: Path = path if alone else (*path, index)
        if whole(entry) and entry < 0:
            message = f"a size cannot be negative, found {shorten(str(entry))}"
            tell = "no other size tells this one: write the number" if entry == -1 else None
            constants.collector.add("TD003", message, place, help=tell)
        elif key == "parameter" and isinstance(entry, Expression) and entry.symbols & constants.batch:
            batch = min(entry.symbols & constants.batch)
            message = f"a learned tensor is the same for every batch, so `{batch}` cannot be a size of it"
            constants.collector.add("TD003", message, place, help="write 1; it is repeated over the batch where used")


def as_source(key: str, items: list[object]) -> str:
    """The step to write for a list in place of a source's arguments."""
    if key in _SHAPED:
        rest = ", fill_value: 0" if key == "full" else ""
        return f"{key}: {{shape: {shorten(show(items))}{rest}}}"
    if key == "arange" and 1 < len(items) < 4:
        named = zip(("start", "end", "step"), items, strict=False)
        return f"arange: {{{', '.join(f'{name}: {shorten(show(item))}' for name, item in named)}}}"
    return f"{key}: {shorten(show(items[0])) if items and whole(items[0]) else '$T'}"

"""``sizes``: the number that each symbol has in the dummy pass, given or chosen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import count
from math import prod

from tdinspect.domain.expression import MAX_VALUE
from tdinspect.domain.location import Path
from tdinspect.importers.collector import Collector, shorten, spaced, whole
from tdinspect.importers.inputs import Inputs
from tdinspect.importers.scalars import TooLong, plain_scalar
from tdinspect.importers.values import positive

SET = "--set"  # stands for the command line in a path: such a finding has no position
_FIRST_BATCH, _FIRST_TIME, _FIRST_OTHER = 2, 5, 64


def parse_sizes(value: object, inputs: Inputs, collector: Collector) -> dict[str, int]:
    """``sizes`` of the file: positive whole numbers for symbols of the inputs' shapes."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        collector.wrong("a mapping of symbols to sizes", value, ("sizes",), help="sizes: {B: 2, T: 16}")
        return {}
    result = {}
    for symbol, size in value.items():
        path: Path = ("sizes", symbol)
        if symbol in inputs.symbols:
            good = _checked(size, path, collector)
            result.update({symbol: good} if good else {})
        elif inputs.complete:
            message = f"no input's shape has the symbol `{shorten(symbol)}`"
            if spaced(symbol):
                collector.add("TD006", message, path, help=spaced(symbol))
                continue
            near = (s for s in inputs.symbols if s not in value)
            collector.unknown_name(message, symbol, near, path, none="remove it, or name an axis so")
    return result


def _checked(size: object, path: Path, collector: Collector) -> int | None:
    if not positive(size):
        collector.wrong("a whole number above zero", size, path)
        return None
    if size > MAX_VALUE:
        collector.add("TD008", f"the size {shorten(str(size))} is above 2**62", path)
        return None
    return size


def override(
    overrides: Mapping[str, str], vars: dict[str, object], sizes: dict[str, int], inputs: Inputs, collector: Collector
) -> None:
    """Put in the sizes of ``--set NAME=VALUE`` (its vars are in already), and note names that nothing has."""
    for name, text in overrides.items():
        if name in vars:
            continue
        path: Path = (SET, name)
        if name not in inputs.symbols:
            known = [*inputs.symbols, *vars]
            message = f"--set {shorten(name)}: the spec has neither a size nor a var of this name"
            if inputs.complete:
                collector.unknown_name(message, name, known, path, none="the spec has no sizes and no vars")
            continue
        size = set_value(text)
        if positive(size) and size <= MAX_VALUE:
            sizes[name] = size
        else:
            message = f"--set {shorten(name)}: expected a whole number above zero, found `{shorten(text)}`"
            collector.add("TD003", message, path)


def set_value(text: str) -> object:
    """The value of ``--set NAME=VALUE``, read as YAML reads a plain scalar."""
    try:
        return plain_scalar(text.strip())
    except TooLong:
        return text


def default_sizes(
    inputs: Inputs, sizes: Mapping[str, int], clocks: Collection[str], axes: set[int], written: set[int]
) -> dict[str, int]:
    """A size for each symbol without one, distinct from every axis of the inputs (``axes``) and from each other.

    So no axis is mistaken for another. All but the batch also keep clear of the numbers ``written`` anywhere in the
    steps: any of them may become the size of an axis, but a batch of 2 beside a kernel of 2 confuses nobody.
    """
    used = axes | set(sizes.values())

    def from_(first: int, avoid: Collection[int]) -> Iterator[int]:
        return (size for size in count(first) if size not in used and size not in avoid)

    batch, time, other = from_(_FIRST_BATCH, ()), from_(_FIRST_TIME, written), from_(_FIRST_OTHER, written)
    defaults: dict[str, int] = {}
    for symbol in inputs.symbols:
        if symbol not in sizes:
            defaults[symbol] = next(batch if symbol == "B" else time if symbol in clocks else other)
            used.add(defaults[symbol])
    return defaults


def whole_numbers(value: object) -> Iterator[int]:
    """Every whole number inside plain data."""
    if whole(value):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from whole_numbers(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from whole_numbers(item)


def check_volume(inputs: Inputs, sizes: Mapping[str, int], collector: Collector) -> None:
    """Note each input that has more elements than a tensor can (TD008)."""
    for one in inputs.inputs:
        elements = prod(sizes.get(entry, 1) if isinstance(entry, str) else entry for entry in one.shape)
        if elements > MAX_VALUE:
            collector.add("TD008", f"the input `{one.name}` has more than 2**62 elements", one.path)

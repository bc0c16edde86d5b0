"""Numbers among the arguments that would keep torch busy for minutes, or that no size can be: TD008."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from tdinspect.building.arguments import type_problem
from tdinspect.building.signatures import Parameter
from tdinspect.domain.expression import MAX_VALUE, ExpressionError
from tdinspect.domain.finding import Finding
from tdinspect.domain.limits import Limits
from tdinspect.domain.location import Path
from tdinspect.domain.spec import Arguments, Layer, resolved
from tdinspect.layers import family_of

_LAYERS = re.compile(r"num_(?:\w+_)?layers")


def check_limits(
    what: str,
    args: Arguments,
    bound: Mapping[str, object],
    parameters: Iterable[Parameter],
    path: Path,
    sizes: Mapping[str, int],
    limits: Limits | None,
) -> list[Finding]:
    """Each whole number in the ``bound`` arguments that is beyond a limit; ``args`` are they as they were written.

    ``limits`` are those of a layer; None: the arguments are a function's.

    Sizes of layers must stay far enough below those of tensors that their products are sizes, too. Numbers that mean
    no size (those that may have a fraction) are not looked at.
    """
    findings = []
    for parameter in parameters:
        if parameter.name not in bound:
            continue
        most, of = _limit(what, parameter.name, limits)
        for inner, number in _numbers(bound[parameter.name], sizes):
            if abs(number) > most and type_problem(parameter.annotation, parameter.default, 0.5) is not None:
                place = path if args.has_scalar else (*path, parameter.name, *inner)
                message = f"{what}: {parameter.name} is {_readable(number)}; the limit is {of}"
                findings.append(Finding("TD008", message, place))
    return findings


def _limit(what: str, name: str, limits: Limits | None) -> tuple[int, str]:
    if limits is None:
        return MAX_VALUE, "2**62"
    most = limits.layers if _LAYERS.fullmatch(name) else limits.layer_size
    most = min(most, family_of(what).most.get(name, most))
    return most, f"{most:,}"


def place_of_largest(layer: Layer, path: Path, sizes: Mapping[str, int]) -> Path:
    """Where the largest whole number among the layer's arguments stands, inner layers included; else ``path``.

    For a layer whose weights are too many together: no single number is beyond its limit then.
    """
    return max(_places(layer, path, sizes), default=(0, path), key=lambda found: found[0])[1]


def _places(layer: Layer, path: Path, sizes: Mapping[str, int]) -> Iterator[tuple[int, Path]]:
    for name, value in layer.args.named.items():
        if isinstance(value, Layer):
            yield from _places(value, value.path or (*path, name), sizes)
        else:
            yield from ((number, (*path, name, *inner)) for inner, number in _numbers(value, sizes))


def _numbers(value: object, sizes: Mapping[str, int]) -> Iterator[tuple[Path, int]]:
    """The whole numbers of an argument at these sizes, each with its place in it."""
    items = enumerate(value) if isinstance(value, tuple) else [(None, value)]
    for index, item in items:
        try:
            number = resolved(item, sizes)
        except ExpressionError:  # told where it is evaluated
            continue
        if isinstance(number, int):
            yield () if index is None else (index,), number


def _readable(number: int) -> str:
    text = f"{number:,}"
    return text if len(text) <= 40 else f"a number of {len(str(abs(number)))} digits"

"""What a spec's ``expect`` says, held to what was seen: one TD301 for each entry that does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tdinspect.domain.effect import ModelAxes
from tdinspect.domain.expression import ExpressionError, evaluate
from tdinspect.domain.finding import Finding
from tdinspect.domain.location import Path
from tdinspect.domain.report import Shape, Totals
from tdinspect.domain.spec import Expect

# Two formulas are one where they agree at the sizes of the spec and at these far from each other and from any chance.
_FAR = (1009, 20011, 300007)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a pass showed. ``values`` has the shapes of the outputs and of every named value; ``stuck`` the symbols of
    ``free`` that cannot have another size, with the reason; ``axes`` is None where nothing can be said.
    """

    sizes: Mapping[str, int]
    outputs: Mapping[str, Shape]
    values: Mapping[str, Shape]
    totals: Totals
    stuck: Mapping[str, str]
    axes: ModelAxes | None


def broken(expect: Expect, seen: Seen) -> Iterator[Finding]:
    """The entries that do not hold, in the order of the contract."""
    single = list(expect.outputs) == ["output"]
    for name, shape in expect.outputs.items():
        path: Path = ("expect", "output") if single else ("expect", "output", name)
        yield from _shape(f"the output{'' if single else f' {name}'}", shape, seen.outputs.get(name), seen.sizes, path)
    for name, shape in expect.layers.items():
        yield from _shape(name, shape, seen.values.get(name), seen.sizes, ("expect", "layers", name))
    for key, bounds in expect.counts.items():
        yield from _count(key, bounds, _told(key, seen.totals))
    for index, symbol in enumerate(expect.free):
        if symbol in seen.stuck:
            yield _finding(f"{symbol} is not free: {seen.stuck[symbol]}", ("expect", "free", index))
    yield from _axes(expect, seen.axes)


def as_meant(
    fails: tuple[str, str | None] | None, findings: Sequence[Finding], errors: Sequence[str]
) -> tuple[Finding, ...]:
    """The findings of a spec that is meant to fail: without the one it is meant to have, or with a TD301.

    ``errors`` are the exact texts of the layers that raised.
    """
    if fails is None:
        return tuple(findings)
    code, error = fails
    path: Path = ("expect", "fails")
    meant = [finding for finding in findings if finding.code == code]
    others = tuple(finding for finding in findings if finding.code != code)
    if not meant:
        got = ", ".join(dict.fromkeys(finding.code for finding in findings)) or "no finding"
        return (*others, _finding(f"{code} is expected, and the spec gives {got}", path))
    if error is not None and error not in errors:
        said = f": {errors[-1]}" if errors else ""
        return (*others, _finding(f"{code} comes with another text than the expected one{said}", path))
    return others


def _finding(message: str, path: Path, help: str | None = None) -> Finding:
    return Finding("TD301", message, path, on_key=len(path) == 2, help=help)


def _shape(
    what: str, expected: Sequence[int | str], found: Shape | None, sizes: Mapping[str, int], path: Path
) -> Iterator[Finding]:
    text = f"[{', '.join(map(str, expected))}]"
    if found is None:
        yield _finding(f"{what} has no shape to compare with {text}", path)
    elif not _fits(expected, found, sizes):
        yield _finding(f"{what} is [{', '.join(found.symbols)}], and {text} is expected", path)


def _fits(expected: Sequence[int | str], found: Shape, sizes: Mapping[str, int]) -> bool:
    axes = list(zip(found.sizes, found.symbols, strict=True))
    if "..." in expected:
        at = expected.index("...")
        after = len(expected) - at - 1
        if len(axes) < len(expected) - 1:
            return False
        start, end = expected[:at], expected[at + 1 :]
        return _all_fit(start, axes[:at], sizes) and _all_fit(end, axes[len(axes) - after :], sizes)
    return len(axes) == len(expected) and _all_fit(expected, axes, sizes)


def _all_fit(expected: Sequence[int | str], axes: Sequence[tuple[int, str]], sizes: Mapping[str, int]) -> bool:
    return all(_fits_axis(entry, axis, sizes) for entry, axis in zip(expected, axes, strict=True))


def _fits_axis(entry: int | str, axis: tuple[int, str], sizes: Mapping[str, int]) -> bool:
    number, text = axis
    if entry == "_":
        return True
    return number == entry if isinstance(entry, int) else _same(entry, text, sizes)


def _same(expected: str, found: str, sizes: Mapping[str, int]) -> bool:
    """True where two formulas are one: a symbol must be that symbol, not merely have its size."""
    far = [{name: base + 97 * i for i, name in enumerate(sizes)} for base in _FAR]
    try:
        return all(evaluate(expected, at) == evaluate(found, at) for at in (sizes, *far))
    except ExpressionError:
        return expected == found


def _told(key: str, totals: Totals) -> int | None:
    """The total; None for one that is known in part only."""
    value: int | None = getattr(totals, key)
    return None if key == "macs" and totals.macs_status != "complete" else value


def _count(key: str, bounds: tuple[int | None, int | None], value: int | None) -> Iterator[Finding]:
    low, high = bounds
    path: Path = ("expect", key)
    if value is None:
        yield _finding(f"{key} cannot be told of this model, so nothing holds it to what is expected", path)
        return
    unit = " bytes" if key.endswith("bytes") else ""
    if low == high and value != low:
        yield _finding(f"{key} is {value:,}{unit}, and {low:,} is expected", path)
    elif low is not None and value < low:
        yield _finding(f"{key} is {value:,}{unit}, below {low:,}", path)
    elif high is not None and value > high:
        yield _finding(f"{key} is {value:,}{unit}, above {high:,}", path)


def _axes(expect: Expect, axes: ModelAxes | None) -> Iterator[Finding]:
    if expect.causal is not None:
        path: Path = ("expect", "causal")
        if axes is None or axes.time is None:
            yield _finding("whether the model is causal cannot be told", path)
        elif (axes.time in ("per_step", "causal", "constant")) is not expect.causal:
            yield _finding(f"the model {_does(axes.time)}", path, "`tdinspect axes` shows which step sees which")
    if expect.batch_independent is not None:
        path = ("expect", "batch_independent")
        if axes is None or axes.batch is None:
            yield _finding("whether the samples stay independent cannot be told", path)
        elif (axes.batch == "independent") is not expect.batch_independent:
            independent = axes.batch == "independent"
            yield _finding(f"samples of the batch {'stay independent' if independent else 'mix'}", path)


def _does(time: str) -> str:
    return {
        "per_step": "is causal: each step is on its own",
        "causal": "is causal",
        "constant": "follows no step of its input",
        "anticausal": "sees later steps",
        "mixes": "sees later steps",
        "gone": "has no time axis in its output",
    }[time]

"""What changed between two reports: layers, shapes, parameters, costs, the output contract and the findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tdinspect.analysis.matching import matched
from tdinspect.analysis.names import given_name
from tdinspect.domain.finding import Finding
from tdinspect.domain.location import render_path
from tdinspect.domain.report import LayerRow, Shape, SpecReport

Kind = Literal["same", "changed", "added", "removed"]


@dataclass(frozen=True, slots=True)
class LayerDiff:
    """One layer before and after. ``what`` names what differs: type, arguments, output, params, trainable, shared_with,
    error, name (another one was given), place (it was wrapped or unwrapped).
    """

    before: LayerRow | None
    after: LayerRow | None
    what: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """What became of the layer."""
        if self.before is None or self.after is None:
            return "added" if self.before is None else "removed"
        return "changed" if self.what else "same"


@dataclass(frozen=True, slots=True)
class ShapeDiff:
    """An input or an output that is on either side."""

    name: str
    before: Shape | None
    after: Shape | None

    @property
    def same(self) -> bool:
        """Whether the symbols and the dtype are the same; what a symbol's size is does not count."""
        return _contract(self.before) == _contract(self.after)


@dataclass(frozen=True, slots=True)
class SpecDiff:
    """What changed in one spec; a side is None where the spec was not there."""

    before: SpecReport | None
    after: SpecReport | None
    layers: tuple[LayerDiff, ...] = ()
    inputs: tuple[ShapeDiff, ...] = ()
    outputs: tuple[ShapeDiff, ...] = ()
    sizes: Mapping[str, tuple[int | None, int | None]] | None = None
    new: tuple[Finding, ...] = ()
    fixed: tuple[Finding, ...] = ()

    @property
    def kind(self) -> Kind:
        """What became of the spec. One that was only moved, or whose text alone changed, is the same.

        Of texts that do not run to their end nobody knows.
        """
        if self.before is None or self.after is None:
            return "added" if self.before is None else "removed"
        if not runs(self.before) and not runs(self.after) and self.before.source != self.after.source:
            return "changed"
        differ = any(layer.what or layer.kind != "same" for layer in self.layers) or self.new or self.fixed
        shapes = any(not shape.same for shape in (*self.inputs, *self.outputs))
        axes = [(one.time_axis, one.batch_axis, one.totals, runs(one)) for one in (self.before, self.after)]
        return "changed" if differ or shapes or self.sizes or axes[0] != axes[1] else "same"

    @property
    def contract_kept(self) -> bool | None:
        """Whether every output that was there still has its shape; None where a side does not run to its end."""
        if self.before is None or self.after is None or not (runs(self.before) and runs(self.after)):
            return None
        return all(output.same for output in self.outputs if output.before is not None)


@dataclass(frozen=True, slots=True)
class Diff:
    """What changed between two sides, by spec; ``names`` say what the sides are."""

    names: tuple[str, str]
    specs: tuple[SpecDiff, ...]

    @property
    def ok(self) -> bool:
        """True when nothing new is an error."""
        return all(finding.severity != "error" for spec in self.specs for finding in spec.new)


def runs(report: SpecReport) -> bool:
    """Whether the pass reached the outputs."""
    return bool(report.outputs) and all(row.error is None for row in report.layers)


def diff_of(before: SpecReport | None, after: SpecReport | None) -> SpecDiff:
    """What changed from one report of `check` to another."""
    if before is None or after is None:
        there = after or before
        shapes = {} if there is None else there.outputs
        outputs = [ShapeDiff(name, *((None, s) if before is None else (s, None))) for name, s in shapes.items()]
        new = after.findings if after is not None else ()
        return SpecDiff(before, after, outputs=tuple(outputs), new=new)
    pairs = matched(before.layers, after.layers)
    layers = tuple(LayerDiff(old, new, _what(old, new, before, after)) for old, new in pairs)
    new, fixed = _findings(before, after, layers)
    sizes = _differing(before.sizes, after.sizes) if before.inputs and after.inputs else {}
    return SpecDiff(
        before,
        after,
        layers if before.layers and after.layers else (),
        _shapes(before.inputs, after.inputs),
        _shapes(before.outputs, after.outputs),
        sizes or None,
        new,
        fixed,
    )


def _differing(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, tuple[int | None, int | None]]:
    sizes = {name: (before.get(name), after.get(name)) for name in dict.fromkeys([*before, *after])}
    return {name: (old, new) for name, (old, new) in sizes.items() if old != new}


def _shapes(before: Mapping[str, Shape], after: Mapping[str, Shape]) -> tuple[ShapeDiff, ...]:
    return tuple(ShapeDiff(name, before.get(name), after.get(name)) for name in dict.fromkeys([*before, *after]))


def _contract(shape: Shape | None) -> tuple[tuple[str, ...], str] | None:
    return None if shape is None else (shape.symbols, shape.dtype)


def _what(old: LayerRow | None, new: LayerRow | None, before: SpecReport, after: SpecReport) -> tuple[str, ...]:
    """What differs between a layer and what became of it. The costs follow from the rest, or from the sizes."""
    if old is None or new is None:
        return ()
    sides: dict[str, tuple[object, object]] = {
        "name": (given_name(old.name, old.type), given_name(new.name, new.type)),
        "place": (old.depth, new.depth),
        "type": (old.type, new.type),
        "arguments": (arguments(old), arguments(new)),
        "output": (_contract(old.output), _contract(new.output)),
        "error": (old.error, new.error),
    }
    if not new.container:  # of a container it is the sum over its layers, which have rows of their own
        sides["params"] = (old.params, new.params)
        sides["trainable"] = (old.trainable_params, new.trainable_params)
    if bool(old.shared_with) != bool(new.shared_with):
        sides["shared_with"] = (old.shared_with, new.shared_with)
    return tuple(name for name, (one, other) in sides.items() if one != other)


def arguments(row: LayerRow) -> str:
    """The telling arguments, without the type: ``16→32 k3 p1``."""
    kind, _, rest = row.summary.partition(" ")
    return rest if row.type.rpartition(".")[2] == kind.rpartition(".")[2] else row.summary


def _findings(
    before: SpecReport, after: SpecReport, layers: Sequence[LayerDiff]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """What is found only after, and only before. Lines and names move: what stays is the code and the layer."""
    left, right = list(before.findings), list(after.findings)
    left, right = _unpaired(left, right, [(f.code, f.message) for f in left], [(f.code, f.message) for f in right])
    places = {pair.before.path: pair.after.path for pair in layers if pair.before and pair.after}
    moved = [(f.code, _place(render_path(f.path), places)) for f in left]
    left, right = _unpaired(left, right, moved, [(f.code, render_path(f.path)) for f in right])
    return tuple(right), tuple(finding for finding in left if _is_mended(finding, after))


def _is_mended(finding: Finding, after: SpecReport) -> bool:
    """Whether a finding that is gone can be told to be mended: a spec that stops is not looked at to its end."""
    return runs(after) or (finding.code < "TD1" and all(other.code != "TD001" for other in after.findings))


def _unpaired(
    left: list[Finding], right: list[Finding], left_keys: list[tuple[str, str]], right_keys: list[tuple[str, str]]
) -> tuple[list[Finding], list[Finding]]:
    """What of two lists is left over when equal keys take each other away."""
    both = Counter(left_keys) & Counter(right_keys)
    return list(_rest(left, left_keys, Counter(both))), list(_rest(right, right_keys, Counter(both)))


def _rest(findings: list[Finding], keys: list[tuple[str, str]], taken: Counter[tuple[str, str]]) -> Iterator[Finding]:
    for finding, key in zip(findings, keys, strict=True):
        if taken[key]:
            taken[key] -= 1
        else:
            yield finding


def _place(path: str, places: Mapping[str, str]) -> str:
    """Where a path of before stands after: that of the innermost layer which it lies in, and the rest of it."""
    for end in range(len(path), 0, -1):
        if path[:end] in places and path[end : end + 1] in ("", ".", "["):
            return places[path[:end]] + path[end:]
    return path

"""What a diff shows of each spec, before it is text or Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tdinspect.analysis.diff import Diff, LayerDiff, ShapeDiff, SpecDiff, runs
from tdinspect.domain.finding import Finding
from tdinspect.domain.location import render_path
from tdinspect.domain.report import SpecReport
from tdinspect.formats.diff.fold import NamedRow, folded
from tdinspect.formats.diff.words import ARROW, growth, named_shapes, percent, side, totals
from tdinspect.formats.frames import SEVERITY_STYLE, source_lines
from tdinspect.formats.screen.model import Grid, GridRow
from tdinspect.formats.spans import Line, Spans, join, line, span
from tdinspect.formats.words import counted, enumerated, failing_row, place, shape_spans

_COUNTS = ("params", "trainable_params", "keras_params", "macs", "param_bytes", "activation_bytes")


@dataclass(frozen=True, slots=True)
class DiffScreen:
    """One spec: its name, what is new of findings, the layers, and sentences."""

    title: Spans
    findings: tuple[Line, ...] = ()
    grid: Grid | None = None
    foot: tuple[Line, ...] = ()


def diff_screens(diff: Diff, notes: bool) -> list[DiffScreen]:
    """One screen for each spec that is not the same, or has another name."""
    if len(diff.specs) == 1 and diff.specs[0].kind == "same" and _two_files(diff):
        return []
    return [_screen(spec, notes) for spec in diff.specs if spec.kind != "same" or _moved(spec)]


def summary(diff: Diff) -> Spans:
    """What was set against what, and how many specs became what."""
    before, after = diff.names
    kinds = [spec.kind for spec in diff.specs]
    words = {"changed": "changed", "added": "added", "removed": "removed", "same": "the same"}
    parts = [f"{kinds.count(kind):,} {word}" for kind, word in words.items() if kind in kinds]
    sides = _named(before, diff) + ARROW + _named(after, diff)
    if not diff.specs:
        return span("No spec changed: ") + sides
    if len(kinds) == 1 and kinds != ["same"] and _two_files(diff):
        return ()  # its title says it all
    if set(kinds) == {"same"}:
        them = "It is the same model" if len(kinds) == 1 else "They are the same models"
        return span(f"{them}, no layer, shape, parameter or cost differs: ") + sides
    if len(parts) == 1:
        return sides + span(f": {counted(len(kinds), 'spec')} {words[kinds[0]]}")
    return sides + span(f": {counted(len(kinds), 'spec')}, {', '.join(parts)}")


def _named(name: str, diff: Diff) -> Spans:
    """A file or a revision as such; words, as for the working tree, as words."""
    return span(name) if " " in name and not (diff.specs and _two_files(diff)) else span(name, "code")


def _moved(spec: SpecDiff) -> bool:
    return spec.before is not None and spec.after is not None and spec.before.file != spec.after.file


def _two_files(diff: Diff) -> bool:
    """Whether the sides are the names of the one spec's files."""
    one = diff.specs[0]
    return one.before is not None and one.after is not None and diff.names == (one.before.file, one.after.file)


def _screen(spec: SpecDiff, notes: bool) -> DiffScreen:
    if spec.before is None or spec.after is None:
        return _one_sided(spec, notes)
    title = span(spec.after.file, "code")
    if _moved(spec):
        title = span(spec.before.file, "code") + ARROW + title
    if spec.kind == "same":
        return DiffScreen(title + span(" is the same model"))
    rows = folded(list(_rows(spec.layers)))
    both_run = runs(spec.before) and runs(spec.after)  # else the sums are not of the same
    if spec.layers and both_run and (rows or totals(spec.before) != totals(spec.after)):
        rows.append(_total(spec.before, spec.after))
    grid = Grid(("layer", "before", "after"), (False, False, False), tuple(rows)) if rows else None
    return DiffScreen(title, tuple(_findings(spec, spec.after, notes)), grid, tuple(_foot(spec, notes)))


def _one_sided(spec: SpecDiff, notes: bool) -> DiffScreen:
    there = spec.after or spec.before
    if there is None:
        return DiffScreen(())
    title = span(there.file, "code") + span(" is new" if spec.before is None else " is gone")
    foot = (line(*_known(there)),) if there.layers else ()
    findings = tuple(_findings(spec, there, notes)) if spec.after is not None else ()
    return DiffScreen(title, findings, None, foot)


def _known(report: SpecReport) -> list[Spans]:
    """What there is to say of a spec that is not set against another."""
    leaves = sum(not row.container for row in report.layers)
    words = [span(counted(leaves, "layer")), *map(span, totals(report))]
    if runs(report):
        named = len(report.outputs) > 1
        outputs = [span(f"{name} " if named else "") + shape_spans(shape) for name, shape in report.outputs.items()]
        words.append(span("output ") + join(outputs, ", "))
    return words


def _rows(layers: Sequence[LayerDiff]) -> Iterator[NamedRow]:
    """A row for each layer that differs; for a copy that was put in or taken out as a whole a single one."""
    at = 0
    while at < len(layers):
        layer, inside = layers[at], _inside_copy(layers, at)
        if inside:
            yield _copy_row(layer, inside)
        elif layer.kind != "same":
            yield _row(layer)
        at += 1 + len(inside)


def _inside_copy(layers: Sequence[LayerDiff], at: int) -> Sequence[LayerDiff]:
    """The layers in a copy of a repeat that is there on one side only; none where it is anything else."""
    layer = layers[at]
    row = layer.after or layer.before
    if row is None or layer.kind not in ("added", "removed") or not row.name.rpartition(".")[2].isdecimal():
        return ()
    end = at + 1
    while end < len(layers) and (other := layers[end].after or layers[end].before) and other.depth > row.depth:
        end += 1
    inside = layers[at + 1 : end]
    return inside if all(one.kind == layer.kind for one in inside) else ()


def _copy_row(layer: LayerDiff, inside: Sequence[LayerDiff]) -> NamedRow:
    row = layer.after or layer.before
    if row is None:
        return _row(layer)
    leaves = sum(not one.container for part in inside if (one := part.after or part.before))
    shape = shape_spans(row.output) if row.output else ()
    cell = join([span(counted(leaves, "layer")), shape, span(f"{row.params:,}")], ", ")
    sides = ((), cell) if layer.kind == "added" else (cell, ())
    return NamedRow(_marked(layer, span(row.name, "code"), *sides), row.name)


def _row(layer: LayerDiff) -> NamedRow:
    row = layer.after or layer.before
    name = row.name if row is not None else ""
    moved = layer.kind == "changed" and {"name", "place"} & {*layer.what}
    cell = span(name, "code")
    if layer.before is not None and moved:
        cell += span(" (was ") + span(layer.before.name, "code") + span(")")
    grown = growth(layer)
    after = side(layer, layer.after) + (span(" ") + span(grown, "strong") if grown else ())
    return NamedRow(_marked(layer, cell, side(layer, layer.before), after), None if moved else name)


def _marked(layer: LayerDiff, *cells: Spans) -> GridRow:
    return GridRow(cells, {"added": "+ ", "removed": "- "}.get(layer.kind, "  "), "  ")


def _total(before: SpecReport, after: SpecReport) -> GridRow:
    words = [totals(one) for one in (before, after)]
    grown = (
        percent(before.totals.params, after.totals.params),
        percent(before.totals.macs, after.totals.macs),
    )
    told = [
        span(text) + (span(" ") + span(by, "strong") if by else ()) for text, by in zip(words[1], grown, strict=True)
    ]
    return GridRow((span("total", "strong"), span(", ".join(words[0])), join(told, ", ")), "  ", "  ")


def _findings(spec: SpecDiff, there: SpecReport, notes: bool) -> Iterator[Line]:
    for finding in spec.new:
        if notes or finding.severity != "note":
            yield line(span("new ") + _found(finding, there), hang=4)


def _found(finding: Finding, report: SpecReport) -> Spans:
    position = finding.position
    where = f"{report.file}:{position.line}:{position.column}" if position else report.file
    head = span(f"{finding.severity}[{finding.code}]", SEVERITY_STYLE[finding.severity])
    return head + span(" ") + span(where, "code") + span(f": {finding.message}")


def _foot(spec: SpecDiff, notes: bool) -> Iterator[Line]:
    if spec.before is None or spec.after is None:
        return
    if spec.sizes:
        texts = [f"{name} {old or 'none'} → {new or 'none'}" for name, (old, new) in spec.sizes.items()]
        yield line(span(f"Sizes: {', '.join(texts)}."))
    if spec.before.inputs and spec.after.inputs:  # else one of them was never read
        yield from _came_in(spec, spec.before, spec.after)
    yield from _stops(spec.before, spec.after)
    contract = _contract(spec)
    if contract:
        yield line(contract)
    yield from _budgets(spec, spec.after)
    fixed = [finding for finding in spec.fixed if notes or finding.severity != "note"]
    for finding in fixed:
        yield line(span("Fixed: ", "good") + span(f"{finding.severity}[{finding.code}] {finding.message}"), hang=4)
    hidden = sum(finding.severity == "note" for finding in (*spec.new, *spec.fixed))
    if hidden and not notes:
        yield line(span(f"{counted(hidden, 'note')} new or fixed, --notes shows them.", "dim"))


def _came_in(spec: SpecDiff, before: SpecReport, after: SpecReport) -> Iterator[Line]:
    """What differs in the axes and the shapes of the inputs."""
    axes = (("Time", before.time_axis, after.time_axis), ("Batch", before.batch_axis, after.batch_axis))
    for name, old, new in axes:
        if old != new:
            yield line(span(f"{name} axis: {'none' if old is None else old} → {'none' if new is None else new}."))
    inputs = [shape for shape in spec.inputs if not shape.same]
    if inputs:
        yield line(span("Input ") + named_shapes(inputs, "input") + span("."))


def _stops(before: SpecReport, after: SpecReport) -> Iterator[Line]:
    """Where a side did not run to its end, and why."""
    was, now = _stop(before), _stop(after)
    if was and was == now:
        yield line(span(f"Before and now it {now}."))
    elif was:
        past = was.replace("stops", "stopped", 1).replace("cannot", "could not", 1)
        yield line(span(f"Before, it {past}."))
    if now and was != now:
        yield line(span(f"Now it {now}."))
    for when, known, other in (("Before: ", before, after), ("Now: ", after, before)):
        if known.layers and not other.layers:
            yield line(span(when) + join(_known(known), ", ") + span("."))


def _stop(report: SpecReport) -> str:
    """Where a spec stops, and its errors; empty where it runs to its end."""
    if runs(report):
        return ""
    row = failing_row(report)
    errors = [finding.code for finding in report.findings if finding.severity == "error"]
    of = f" ({enumerated(list(dict.fromkeys(errors)))})" if errors else ""
    return f"stops at {place(row)}{of}" if row is not None else f"cannot be built{of}"


def _contract(spec: SpecDiff) -> Spans:
    kept = spec.contract_kept
    if kept is None:
        known = [ShapeDiff(shape.name, shape.after, shape.after) for shape in spec.outputs if shape.after is not None]
        shown = known and spec.layers  # else it was told with all that is known
        return span("Output now ") + named_shapes(known, "output") + span(".") if shown else ()
    differing = [shape for shape in spec.outputs if not shape.same]
    if not kept:
        return span("Output contract ") + span("broken", "strong") + span(": ") + _sentence(spec, differing)
    return span("Output contract kept: ") + named_shapes(spec.outputs, "output") + span(".")


def _sentence(spec: SpecDiff, differing: list[ShapeDiff]) -> Spans:
    only = len(spec.outputs) == 1
    return named_shapes(spec.outputs if only else differing, "output") + span(".")


def _budgets(spec: SpecDiff, after: SpecReport) -> Iterator[Line]:
    for finding in spec.new:
        if finding.code == "TD301" and finding.path[:1] == ("expect",) and finding.path[1:2]:
            words = "Budget " if finding.path[1] in _COUNTS else "Expectation "
            told = span(_written(finding, after), "code")
            yield line(span(words) + told + span(" ") + span("broken", "strong") + span(" (TD301)."))


def _written(finding: Finding, report: SpecReport) -> str:
    """The entry as it stands in the spec, where it has a line of its own; else its key."""
    key, position = render_path(finding.path[1:]), finding.position
    lines = source_lines(report.source)
    text = lines[position.line - 1].strip() if position and position.line <= len(lines) else ""
    return text.partition(" #")[0].rstrip() if text.startswith(f"{key}: ") else key

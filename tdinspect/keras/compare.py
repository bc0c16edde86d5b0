"""What a Keras file implies, layer by layer, beside what the spec made of it shows when it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tdinspect.domain.finding import Finding
from tdinspect.domain.report import LayerRow, SpecReport
from tdinspect.keras.model import Imported
from tdinspect.keras.rows import KerasRow
from tdinspect.keras.shapes import Shape, keras_shape
from tdinspect.keras.steps import Layout


@dataclass(frozen=True, slots=True)
class Side:
    """One Keras layer beside its steps. ``torch_shape`` is None where no step shows it; ``wrong`` says what differs."""

    name: str
    type: str
    depth: int
    container: bool
    shared: bool
    keras_shape: tuple[int | None, ...]
    torch_shape: tuple[str, ...] | None
    keras_params: int
    torch_params: int
    why: str | None = None
    wrong: str | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """The two sides of a whole model; ``findings`` has what does not agree, which is a fault of tdinspect."""

    sides: tuple[Side, ...]
    keras_params: int
    torch_params: int
    keras_trainable: int
    findings: tuple[Finding, ...]


def compared(imported: Imported, report: SpecReport) -> Compared:
    """Hold the rows of the spec's report against what the Keras file implies."""
    rows = {row.name: row for row in report.layers}
    sides = tuple(_side(row, rows) for row in imported.rows)
    own = [row for row in imported.rows if not row.container]
    findings = [_fault(side) for side in sides if side.wrong]
    known = {name for row in own for name in row.steps}
    extra = [row for row in report.layers if not row.container and row.params and row.name not in known]
    findings += [
        Finding("TD003", f"the spec has {row.params:,} parameters in {row.name} that no Keras layer has")
        for row in extra
    ]
    sides = tuple(replace(side, torch_params=_inside(side, sides)) if side.container else side for side in sides)
    return Compared(
        sides=sides,
        keras_params=imported.keras_params,
        torch_params=report.totals.params,
        keras_trainable=sum(row.trainable for row in own),
        findings=tuple(findings),
    )


def _inside(container: Side, sides: Sequence[Side]) -> int:
    """What torch counts in all of a container."""
    start = f"{container.name}/"
    return sum(side.torch_params for side in sides if side.name.startswith(start) and not side.container)


def _fault(side: Side) -> Finding:
    message = (
        f"{side.name} ({side.type}): {side.wrong}; this is a fault of tdinspect, please report it with the model's JSON"
    )
    return Finding("TD003", message, tuple(side.name.split("/")))


def _side(row: KerasRow, rows: Mapping[str, LayerRow]) -> Side:
    steps = [rows[name] for name in row.steps if name in rows]
    torch = sum(step.params for step in steps if not step.container)
    shown = rows.get(row.refs[0][0]) if row.refs else None
    wrong = "; ".join(_wrong(row, rows, steps, torch)) or None
    return Side(
        name=row.name,
        type=row.type,
        depth=row.name.count("/"),
        container=row.container,
        shared=row.shared,
        keras_shape=keras_shape(row.shapes[0]),
        torch_shape=shown.output.symbols if shown is not None and shown.output is not None else None,
        keras_params=row.params,
        torch_params=torch,
        why=None if row.container else _why(row),
        wrong=wrong,
    )


def _why(row: KerasRow) -> str | None:
    """The reasons for which the two counts are not equal."""
    found: dict[str, int] = {}
    for weight in row.weights:
        if weight.why is not None:
            found[weight.why] = found.get(weight.why, 0) + (weight.in_torch - 1) * weight.count
    return "; ".join(f"{why} ({difference:+,})" for why, difference in found.items()) or None


def _wrong(row: KerasRow, rows: Mapping[str, LayerRow], steps: Sequence[LayerRow], torch: int) -> Iterator[str]:
    """What the spec shows otherwise than the file implies."""
    for shape, (ref, layout) in zip(row.shapes, row.refs, strict=False):
        shown = rows.get(ref)
        if shown is None or shown.output is None:
            continue
        expected = in_spec(shape, layout, row.outer)
        if shown.output.sizes != expected:
            yield f"the spec gives {shown.output.sizes}, and Keras implies {expected}"
    if row.container:
        return
    expected_torch = sum(weight.count * weight.in_torch for weight in row.weights)
    if torch != expected_torch:
        yield f"the spec has {torch:,} parameters, and {expected_torch:,} follow from Keras's"
    keras = sum(step.keras_params for step in steps if not step.container)
    if keras != row.counted:
        yield f"the spec counts {keras:,} for Keras, and the file implies {row.counted:,}"


def in_spec(shape: Shape, layout: Layout, outer: int) -> tuple[int, ...]:
    """Keras's shape in the order of the spec, the time axes around it in their place."""
    whole = (*range(outer + 1), *(axis + outer for axis in layout[1:]))
    return tuple(shape[axis].size for axis in whole)

"""What stands above and below every grid: the spec, its inputs and sizes, and the totals."""

from __future__ import annotations

from tdinspect.domain.report import Shape, SpecReport
from tdinspect.formats.spans import Line, Spans, join, line, span
from tdinspect.formats.words import (
    enumerated,
    failing_row,
    fixed_text,
    parameters_text,
    place,
    shape_spans,
    total_macs_text,
)


def title(spec: SpecReport) -> tuple[Line, ...]:
    """The spec's name and file."""
    name = spec.name if spec.name != spec.file else ""  # layers from the command line have no name of their own
    return (line(span(name, "strong"), span(spec.file, "dim"), gap=2),)


def header(spec: SpecReport) -> tuple[Line, ...]:
    """The title, the inputs with their sizes and axes, and what was assumed."""
    context = [_sizes(spec) + _defaults(spec), *_axes(spec)]
    named = [(name, shape) for name, shape in spec.inputs.items()]
    if len(named) == 1:
        name, shape = named[0]
        words = span("input " if name == "input" else f"input {name} ")
        lines = [line(words + _input(shape), *context)]
    else:
        width = max((len(name) for name, _ in named), default=0)
        lines = [line(span(f"input {name:<{width}} ") + _input(shape)) for name, shape in named]
        lines.append(line(*context))
    notes = [line(span(note, "dim")) for note in spec.notes]
    return title(spec) + tuple(part for part in [*lines, *notes] if part.pieces)


def _input(shape: Shape) -> Spans:
    return shape_spans(shape) + (span(f" {shape.dtype}") if shape.dtype != "float32" else ())


def _sizes(spec: SpecReport) -> Spans:
    return join([_size(spec, name, size) for name, size in spec.sizes.items()], " ")


def _size(spec: SpecReport, name: str, size: int) -> Spans:
    return span(f"{name}={size}", "dim" if name in spec.defaults else "")


def _defaults(spec: SpecReport) -> Spans:
    return span(f" ({enumerated(list(spec.defaults))} by default)", "dim") if spec.defaults else ()


def _axes(spec: SpecReport) -> list[Spans]:
    axes: list[Spans] = []
    if len(spec.clocks) > 1:
        axes.append(span("time axes ") + span(enumerated(spec.clocks), "time"))
    elif spec.time_axis is not None:
        axes.append(span("time axis ") + span(str(spec.time_axis), "time"))
    batch = f"batch axis {spec.batch_axis}"
    if spec.batch_axis not in (None, "B") and not any(batch in note for note in spec.notes):
        axes.append(span(batch))
    return axes


def total_lines(spec: SpecReport, *, brief: bool = False) -> tuple[Line, ...]:
    """The outputs, the parameters, the multiply-adds (not in ``brief``); where the pass stopped, if it did."""
    *above, last = _outputs(spec)
    counts = (span(parameters_text(spec)), span("" if brief else total_macs_text(spec)), span(fixed_text(spec)))
    if above:
        return (*(line(output) for output in [*above, last]), line(*counts))
    return (line(last, *counts),)


def stop_spans(spec: SpecReport) -> Spans:
    """Where the pass stopped; empty where it did not."""
    failing = failing_row(spec)
    return span(f"stops at {place(failing)}", "error") if failing else ()


def _outputs(spec: SpecReport) -> list[Spans]:
    if stop := stop_spans(spec):
        return [stop]
    if not spec.outputs:
        return [span("no output")]
    if list(spec.outputs) == ["output"]:
        return [span("output ") + shape_spans(spec.outputs["output"])]
    width = max(len(name) for name in spec.outputs)
    return [span(f"output {name:<{width}} ") + shape_spans(shape) for name, shape in spec.outputs.items()]

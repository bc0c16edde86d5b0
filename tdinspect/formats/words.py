"""Words for numbers, shapes and rows, the same in every format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tdinspect.domain.cost import CostStatus
from tdinspect.domain.finding import Finding
from tdinspect.domain.report import LayerRow, Report, Shape, SpecReport
from tdinspect.formats.spans import Spans, join, span

NONE = "·"
_LONG = 10_000_000  # from here on a count is no longer read at a glance


def grouped(number: int) -> str:
    """A count with thousands separators; a dot for none."""
    return f"{number:,}" if number else NONE


def with_unit(size: int) -> str:
    """Bytes with the largest binary unit that leaves a number of at least one: ``32.3 MiB``."""
    return _scaled(size, 1024, ("B", "KiB", "MiB", "GiB", "TiB", "PiB"))


def scaled(number: int) -> str:
    """A big count as people read it, in decimal units: ``56.6 M``, ``625``; a dot for none."""
    return _scaled(number, 1000, ("", "k", "M", "G", "T", "P")) if number else NONE


def _scaled(number: int, step: int, units: Sequence[str]) -> str:
    """In the first unit in which the number, as it is written, is less than ``step``; one digit behind the point."""
    if number < step:
        return f"{number} {units[0]}".rstrip()
    value = float(number)
    for unit in units[1:]:
        value /= step
        if round(value, 1) < step:
            return f"{value:.1f} {unit}"
    return f"{value:,.1f} {units[-1]}"


def per_copy(text: str, copies: int) -> str:
    """A number of one copy where a row stands for several: ``12 × 7,087,872``; nothing stays nothing."""
    if copies == 1 or text in ("", NONE, "?"):
        return text
    bound = "≥ " if text.startswith("≥ ") else ""
    return f"{bound}{copies:,} × {text.removeprefix(bound)}"


def macs_text(macs: int | None, status: CostStatus) -> str:
    """The multiply-adds: ``56.6 M``, ``≥ 56.6 M`` where a part is not known, ``?`` where nothing is."""
    if macs is None:
        return "?"
    return f"≥ {scaled(macs)}" if status == "partial" else scaled(macs)


def total_macs_text(spec: SpecReport) -> str:
    """The multiply-adds of one pass; nothing where there are none, or where the pass stopped."""
    totals = spec.totals
    if totals.macs == 0 or failing_row(spec) is not None:
        return ""
    return "macs not known" if totals.macs is None else f"{macs_text(totals.macs, totals.macs_status)} macs"


def counted(number: int, noun: str) -> str:
    """A number and its noun, in the plural where it must be."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def enumerated(words: Sequence[str], last: str = "and") -> str:
    """Words as a list in a sentence: ``B, T and H``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def shape_spans(shape: Shape) -> Spans:
    """A shape for a reader: ``(B, T, 16)``; a time axis that is a plain number is written ``T=5``."""
    parts: list[Spans] = []
    for index, symbol in enumerate(shape.symbols):
        if index == shape.time:
            parts.append(span(f"T={symbol}" if symbol.isdecimal() else symbol, "time"))
        else:
            parts.append(span(symbol))
    end = ",)" if len(parts) == 1 else ")"
    return span("(") + join(parts, ", ") + span(end)


def sizes_text(sizes: Iterable[int]) -> str:
    """A shape as whole numbers: ``(16, 3, 3, 3)``, ``(16,)``."""
    return str(tuple(sizes))


def steps_text(row: LayerRow) -> str:
    """How often a TimeDistributed runs its layers: ``×T``, ``×5``; empty where that is not known."""
    if row.steps is None:
        return ""
    return f"×{row.steps}" if re.fullmatch(r"\w+", row.steps) else f"×({row.steps})"


def label(row: LayerRow, parent: str) -> Spans:
    """A row's name for a tree: its own name where the user gave one, then what it is."""
    own = row.name.removeprefix(f"{parent}.") if parent else row.name
    text = span(row.summary or row.type)
    if not _is_default(own, row):
        text = span(f"{own}: ", "strong") + text
    steps = steps_text(row)
    return text + (span("  ") + span(steps, "time") if steps else ())


def _is_default(own: str, row: LayerRow) -> bool:
    kind = re.escape((row.summary or row.type).split()[0].rpartition(".")[2].lower())
    return re.fullmatch(rf"({kind}|share)(_\d+)?(\.\d+)?", own) is not None


def inferred_text(row: LayerRow) -> str:
    """The sizes that were read off the shapes: ``in_channels=3``."""
    return ", ".join(f"{name}={value}" for name, value in row.inferred.items())


def row_notes(row: LayerRow) -> list[Spans]:
    """What is worth saying beside a row."""
    notes: list[Spans] = []
    if row.inferred:
        notes.append(span(f"{inferred_text(row)} inferred", "dim"))
    for name, formula in row.sized_by.items():
        one = enumerated([f"one {symbol}" for symbol in dict.fromkeys(re.findall(r"[A-Za-z_]\w*", formula))])
        notes.append(span(f"{name} = {formula}: this model takes {one} only"))
    for axis, symbols in row.unclear:
        notes.append(span(f"axis {axis} follows {enumerated(symbols)}, by no simple formula: shown as a number"))
    if row.type == "TimeDistributed" and row.container and row.params:
        notes.append(span("same weights at every step"))
    if row.shared_with:
        notes.append(span(f"shares weights of {row.shared_with}"))
    if not row.container and row.trainable_params < row.params:
        frozen = row.params - row.trainable_params
        notes.append(span("frozen" if frozen == row.params else f"{frozen:,} frozen"))
    return notes


def fixed_text(spec: SpecReport) -> str:
    """Which sizes the parameters do not depend on: ``same for every B and T``; nothing where there are none."""
    known = spec.params_fixed_in and spec.totals.params and failing_row(spec) is None
    return f"same for every {enumerated(spec.params_fixed_in)}" if known else ""


def parameters_text(spec: SpecReport) -> str:
    """How many parameters, and how much memory they take."""
    totals, stopped = spec.totals, failing_row(spec) is not None
    if not totals.params:
        return "" if stopped else "no parameters"
    so_far = " up to there" if stopped else ""
    short = f" ({scaled(totals.params)})" if totals.params >= _LONG else ""
    return f"{counted(totals.params, 'parameter')}{short}, {with_unit(totals.param_bytes)}{so_far}"


def failing_row(spec: SpecReport) -> LayerRow | None:
    """The innermost row that raised."""
    failing = [row for row in spec.layers if row.error]
    return failing[-1] if failing else None


def place(row: LayerRow) -> str:
    """A layer, by its own name where the user gave one, and its line."""
    own = row.name.rpartition(".")[2]
    name = row.type if own.isdecimal() or _is_default(own, row) else own
    return f"{name} (line {row.line})" if row.line else name


def shown_findings(spec: SpecReport, notes: bool) -> list[Finding]:
    """The findings that text output shows: all but the notes, unless those are asked for."""
    return [finding for finding in spec.findings if notes or finding.severity != "note"]


def summary_text(report: Report, left_out: int, notes: bool) -> str:
    """The last line over several specs; empty where there is nothing to add to one spec."""
    hidden = sum(len(spec.findings) - len(shown_findings(spec, notes)) for spec in report.specs)
    extras = []
    if left_out:
        extras.append(f"{counted(left_out, 'other YAML file')} left out")
    if hidden:
        extras.append(f"{counted(hidden, 'note')}, --notes shows them")
    if len(report.specs) < 2 and not extras:
        return ""
    good = sum(spec.ok for spec in report.specs)
    parts = [f"{good} ok"] if good else []
    if good < len(report.specs):
        parts.append(f"{len(report.specs) - good} with errors")
    text = f"{counted(len(report.specs), 'spec')}: {', '.join(parts)}"
    return text + (f" ({'; '.join(extras)})" if extras else "")

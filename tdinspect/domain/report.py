"""What the program has to say about specs; formats turn it into text. ``to_dict`` is the JSON of version 1."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tdinspect.domain.cost import CostStatus
from tdinspect.domain.effect import AxisEffect, ModelAxes, chart
from tdinspect.domain.finding import Finding
from tdinspect.domain.location import render_path
from tdinspect.domain.trace import Comparison, FirstFailure

Command = Literal["shape", "params", "compare", "axes", "check"]


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape as numbers at the spec's own sizes, and as the texts a person reads (``B``, ``H//2``, ``64``).

    ``time`` and ``batch`` are the indices of the axes that carry time and the batch, or None.
    """

    sizes: tuple[int, ...]
    symbols: tuple[str, ...]
    dtype: str = "float32"
    time: int | None = None
    batch: int | None = None


@dataclass(frozen=True, slots=True)
class TensorRow:
    """One parameter tensor of a layer; bytes at its dtype."""

    name: str
    shape: tuple[int, ...]
    params: int
    bytes: int
    trainable: bool


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One row of a report. ``params`` of a leaf is what the row adds to the total, of a container the sum over it."""

    name: str
    type: str
    path: str
    line: int | None
    depth: int
    container: bool
    function: bool
    time_distributed: bool
    summary: str  # the type with its telling arguments: "Conv2d 3→16 k3 p1"
    inferred: Mapping[str, object]
    input: Shape | None
    output: Shape | None
    params: int
    trainable_params: int
    keras_params: int
    param_bytes: int
    tensors: tuple[TensorRow, ...] = ()
    formula: str | None = None
    kernel: tuple[int, ...] | None = None  # the window of a convolution, a pool and the like, one size per axis
    shared_with: str | None = None
    steps: str | None = None  # of a TimeDistributed: how often its layers run (``T``, ``5``)
    error: str | None = None
    comparison: Comparison | None = None
    axes: AxisEffect | None = None
    sized_by: Mapping[str, str] = field(default_factory=dict)  # formulas of inferred sizes that follow symbols
    unclear: tuple[tuple[int, tuple[str, ...]], ...] = ()  # output axes that follow these symbols by no known formula
    macs: int | None = None
    macs_status: CostStatus = "unavailable"
    activation_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the leaves. ``activation_bytes`` is None where the pass did not reach the end."""

    params: int = 0
    trainable_params: int = 0
    keras_params: int = 0
    param_bytes: int = 0
    macs: int | None = None
    macs_status: CostStatus = "unavailable"
    activation_bytes: int | None = None
    peak_activation_bytes: int | None = None  # without gradients: what is kept at one time at most


@dataclass(frozen=True, slots=True)
class SpecReport:
    """Everything about one spec. ``source`` is the file's text, for code frames."""

    file: str
    name: str
    source: str = ""
    description: str | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    defaults: Mapping[str, int] = field(default_factory=dict)
    time_axis: str | int | None = None
    clocks: tuple[str, ...] = ()  # every time symbol of a spec whose inputs have clocks of their own
    batch_axis: str | int | None = None
    inputs: Mapping[str, Shape] = field(default_factory=dict)
    layers: tuple[LayerRow, ...] = ()
    outputs: Mapping[str, Shape] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    params_fixed_in: tuple[str, ...] = ()  # the time and batch symbols that no parameter count depends on
    ranges: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unwrapped_failure: FirstFailure | None = None
    axes: ModelAxes | None = None
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True when no finding is an error."""
        return all(finding.severity != "error" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to one command over one or more specs; ``also`` has another command whose answer is in it, too."""

    command: Command
    specs: tuple[SpecReport, ...]
    also: tuple[Command, ...] = ()

    @property
    def ok(self) -> bool:
        """True when every spec is."""
        return all(spec.ok for spec in self.specs)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of version 1; keys are added, never renamed."""
        return {
            "version": 1,
            "tool": "tdinspect",
            "command": self.command,
            "specs": [_spec_dict(spec, (self.command, *self.also)) for spec in self.specs],
        }


def _spec_dict(spec: SpecReport, commands: Collection[Command]) -> dict[str, Any]:
    totals = spec.totals
    data: dict[str, Any] = {
        "file": spec.file,
        "name": spec.name,
        "ok": spec.ok,
        "sizes": dict(spec.sizes),
        "defaults": dict(spec.defaults),
        "time_axis": spec.time_axis,
        "batch_axis": spec.batch_axis,
        "inputs": {name: {**_shape_dict(shape), "dtype": shape.dtype} for name, shape in spec.inputs.items()},
        "layers": [_layer_dict(row, commands) for row in spec.layers],
        "outputs": {name: _shape_dict(shape) for name, shape in spec.outputs.items()},
        "totals": {
            "params": totals.params,
            "trainable_params": totals.trainable_params,
            "keras_params": totals.keras_params,
            "macs": totals.macs,
            "macs_status": totals.macs_status,
            "param_bytes": totals.param_bytes,
            "activation_bytes": totals.activation_bytes,
            "peak_activation_bytes": totals.peak_activation_bytes,
        },
        "ranges": {symbol: dict(limits) for symbol, limits in spec.ranges.items()},
        "findings": [_finding_dict(finding) for finding in spec.findings],
        "notes": list(spec.notes),
    }
    if "compare" in commands:
        data["comparison"] = {"first_failure": _first_failure_dict(spec.unwrapped_failure)}
    if {"axes", "check"} & {*commands}:
        data["axes"] = _model_axes_dict(spec.axes)
    return data


def _shape_dict(shape: Shape) -> dict[str, Any]:
    return {"shape": list(shape.sizes), "symbols": list(shape.symbols)}


def _layer_dict(row: LayerRow, commands: Collection[Command]) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": row.name,
        "type": row.type,
        "path": row.path,
        "line": row.line,
        "depth": row.depth,
        "container": row.container,
        "function": row.function,
        "time_distributed": row.time_distributed,
        "inferred": dict(row.inferred),
        "input_shape": list(row.input.sizes) if row.input else None,
        "output_shape": list(row.output.sizes) if row.output else None,
        "output_symbols": list(row.output.symbols) if row.output else None,
        "params": row.params,
        "trainable_params": row.trainable_params,
        "keras_params": row.keras_params,
        "param_bytes": row.param_bytes,
        "macs": row.macs,
        "macs_status": row.macs_status,
        "activation_bytes": row.activation_bytes,
        "shared_with": row.shared_with,
        "formula": row.formula,
        "kernel": None if row.kernel is None else list(row.kernel),
        "tensors": [
            {
                "name": tensor.name,
                "shape": list(tensor.shape),
                "params": tensor.params,
                "bytes": tensor.bytes,
                "trainable": tensor.trainable,
            }
            for tensor in row.tensors
        ],
        "error": row.error,
    }
    if "compare" in commands:
        data["comparison"] = _comparison_dict(row.comparison)
    if {"axes", "check"} & {*commands}:
        data["axes"] = None if row.container or row.function else _axes_dict(row.axes)
    return data


def _axes_dict(axes: AxisEffect | None) -> dict[str, Any] | None:
    return None if axes is None or axes.time is None else {"time": axes.time, "batch": axes.batch}


def _model_axes_dict(axes: ModelAxes | None) -> dict[str, Any] | None:
    if axes is None:
        return None
    table = [list(row) for row in chart(axes.rows, axes.steps)]
    return {
        "time": axes.time,
        "batch": axes.batch,
        "chart": table or None,
        "steps": axes.steps,
        "receptive_field": axes.receptive_field,
    }


def _comparison_dict(comparison: Comparison | None) -> dict[str, Any] | None:
    if comparison is None:
        return None
    data: dict[str, Any] = {
        "verdict": comparison.verdict,
        "right": comparison.right,
        "reason": comparison.reason,
        "max_abs_diff": comparison.max_abs_diff,
    }
    for side in ("bare", "wrapped"):
        outcome = getattr(comparison, side)
        shape = None if outcome.shape is None else list(outcome.shape)
        data[side] = {"shape": shape, "error": outcome.error}
    if comparison.train is not None:
        data["train"] = _comparison_dict(comparison.train)
    return data


def _first_failure_dict(failure: FirstFailure | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    return {"name": failure.name, "type": failure.type, "path": render_path(failure.path), "error": failure.error}


def _finding_dict(finding: Finding) -> dict[str, Any]:
    position = finding.position
    used = [{"line": use.line, "column": use.column} for use in finding.use_positions]
    return {
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        "line": position.line if position else None,
        "column": position.column if position else None,
        "path": render_path(finding.path),
        "help": finding.help,
        **({"used_at": used} if used else {}),  # where the block is used that the place lies in
    }

"""A diff for programs: version 1, keys are added and never renamed."""

from __future__ import annotations

import json
from typing import Any

from tdinspect.analysis.diff import Diff, LayerDiff, ShapeDiff, SpecDiff
from tdinspect.domain.report import LayerRow, Report, Shape, SpecReport
from tdinspect.formats.interface import RenderOptions


def render(diff: Diff, options: RenderOptions) -> str:
    """One object; ``specs`` has every spec that was compared, also those that are the same."""
    data = {
        "version": 1,
        "tool": "tdinspect",
        "command": "diff",
        "before": diff.names[0],
        "after": diff.names[1],
        "ok": diff.ok,
        "specs": [_spec(spec) for spec in diff.specs],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _spec(spec: SpecDiff) -> dict[str, Any]:
    sides = {"before": spec.before, "after": spec.after}
    reports = {side: _as_reported(report) for side, report in sides.items() if report is not None}
    return {
        "file": (spec.after or spec.before or SpecReport("", "")).file,
        "change": spec.kind,
        "before": _side(reports.get("before")),
        "after": _side(reports.get("after")),
        "sizes": {name: {"before": old, "after": new} for name, (old, new) in (spec.sizes or {}).items()},
        "layers": [_layer(layer) for layer in spec.layers if layer.kind != "same"],
        "inputs": {shape.name: _shapes(shape) for shape in spec.inputs},
        "outputs": {shape.name: _shapes(shape) for shape in spec.outputs},
        "contract_kept": spec.contract_kept,
        "findings": {
            "new": _those("after", reports, spec, fixed=False),
            "fixed": _those("before", reports, spec, fixed=True),
        },
    }


def _as_reported(report: SpecReport) -> dict[str, Any]:
    """The spec as the JSON of `check` has it."""
    data: dict[str, Any] = Report("check", (report,)).to_dict()["specs"][0]
    return data


def _side(data: dict[str, Any] | None) -> dict[str, Any] | None:
    if data is None:
        return None
    return {key: data[key] for key in ("file", "name", "ok", "time_axis", "batch_axis", "totals")}


def _those(side: str, reports: dict[str, dict[str, Any]], spec: SpecDiff, *, fixed: bool) -> list[dict[str, Any]]:
    report = spec.before if fixed else spec.after
    wanted = {id(finding) for finding in (spec.fixed if fixed else spec.new)}
    if report is None:
        return []
    told = zip(report.findings, reports[side]["findings"], strict=True)
    return [data for finding, data in told if id(finding) in wanted]


def _layer(layer: LayerDiff) -> dict[str, Any]:
    return {"change": layer.kind, "what": list(layer.what), "before": _row(layer.before), "after": _row(layer.after)}


def _row(row: LayerRow | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "name": row.name,
        "type": row.type,
        "path": row.path,
        "line": row.line,
        "summary": row.summary,
        "output": _shape(row.output),
        "params": row.params,
        "trainable_params": row.trainable_params,
        "macs": row.macs,
        "macs_status": row.macs_status,
        "shared_with": row.shared_with,
        "error": row.error,
    }


def _shapes(shape: ShapeDiff) -> dict[str, Any]:
    return {"before": _shape(shape.before), "after": _shape(shape.after)}


def _shape(shape: Shape | None) -> dict[str, Any] | None:
    return None if shape is None else {"symbols": list(shape.symbols), "dtype": shape.dtype}

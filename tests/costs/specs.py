"""Specs, inspected, and their built models run on the meta device."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from tdinspect.domain.report import LayerRow, SpecReport
from tdinspect.domain.spec import ModelSpec
from tdinspect.importers import read_spec
from tdinspect.pipeline import Request, Source, execute
from tests.costs.oracle import flops_of, on_meta


def reported(text: str, overrides: Mapping[str, str] | None = None, allow_import: tuple[str, ...] = ()) -> SpecReport:
    """The report of one spec."""
    request = Request("shape", (Source("model.yaml", text),), overrides or {}, allow_import, details=True)
    return execute(request).specs[0]


def counted(text: str, overrides: Mapping[str, str] | None = None, allow_import: tuple[str, ...] = ()) -> int:
    """What the oracle counts over the model that the spec builds, at the spec's own sizes."""
    from tdinspect.building.check import check_operations
    from tdinspect.running.assemble import assemble

    parsed = read_spec(text, "model.yaml", overrides or {})
    assert parsed.spec is not None
    spec: ModelSpec = check_operations(parsed.spec, allow_import).spec
    assembly = assemble(spec)
    assert assembly.model is not None
    sizes = assembly.world.sizes
    infos = assembly.inputs.values()
    return flops_of(assembly.model, *(on_meta(*i.shape(sizes), dtype=getattr(torch, i.dtype)) for i in infos))


def row(report: SpecReport, name: str) -> LayerRow:
    """The row of that name."""
    return next(found for found in report.layers if found.name == name)

"""``--device cpu``: a real pass with values at the spec's own sizes, held against the shapes that were derived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch

from tdinspect.building.imports import guarded
from tdinspect.domain.spec import ModelSpec
from tdinspect.domain.trace import Failure, LayerRecord
from tdinspect.running.assemble import Assembly
from tdinspect.running.engine import inspecting
from tdinspect.running.record import Calls, recording
from tdinspect.running.sides import Leaf
from tdinspect.running.values import input_tensor


class EnginesDisagree(Exception):
    """The real pass gave another shape than the derived one: a fault of tdinspect."""


def run_in_full(spec: ModelSpec, assembly: Assembly) -> Assembly:
    """The same assembly, its shapes confirmed; with the failing row where values (not shapes) make a layer raise.

    Raises EnginesDisagree where a shape differs.
    """
    if assembly.model is None:
        return assembly
    generator = torch.Generator().manual_seed(0)
    sizes = assembly.world.sizes
    inputs = [
        input_tensor(given, assembly.inputs[given.name].shape(sizes), assembly.highs.get(given.name), generator)
        for given in spec.inputs
    ]
    modules = [leaf.module for leaf in assembly.leaves.values()]
    with inspecting([assembly.model]), recording(modules) as calls, guarded():
        try:
            assembly.model(*inputs)
        except Exception as problem:  # any layer may raise anything on values
            return _failed(assembly, calls, f"{type(problem).__name__}: {problem}")
    for record, shapes in _uses(assembly, calls):
        for real in shapes:
            _agree(record, assembly.leaves[record.name], real, assembly)
    return assembly


def _uses(assembly: Assembly, calls: Calls) -> Iterator[tuple[LayerRecord, list[list[tuple[int, ...]]]]]:
    """Each row with the calls that it stands for: one, or as many as a Recurrent around it has steps."""
    rows: dict[int, list[LayerRecord]] = {}
    for record in assembly.trace.layers:
        if record.name in assembly.leaves:
            rows.setdefault(id(assembly.leaves[record.name].module), []).append(record)
    for records in rows.values():
        done = list(calls.of(assembly.leaves[records[0].name].module))
        for record in records:
            times = _times(record, assembly)
            yield record, done[:times]
            del done[:times]


def _times(record: LayerRecord, assembly: Assembly) -> int:
    """How often the layer of a row runs in one pass."""
    return record.times.value(assembly.world.sizes)


def _failed(assembly: Assembly, calls: Calls, error: str) -> Assembly:
    last = None
    for record, shapes in _uses(assembly, calls):
        if id(assembly.leaves[record.name].module) == calls.entered and len(shapes) < _times(record, assembly):
            last = record
            break
    kept = []
    for record in assembly.trace.layers:
        if record is last:
            failure = Failure(error, in_time_distributed=record.time_distributed)
            kept.append(replace(record, outputs=(), failure=failure))
            break
        kept.append(record)
    return replace(assembly, model=None, trace=replace(assembly.trace, layers=tuple(kept), outputs={}))


def _agree(record: LayerRecord, leaf: Leaf, shapes: list[tuple[int, ...]], assembly: Assembly) -> None:
    sizes = assembly.world.sizes
    for info, real in zip(leaf.outputs, shapes, strict=True):
        derived = info.shape(sizes)
        if derived != real:
            raise EnginesDisagree(f"{record.name}: derived {derived}, but a real pass gives {real}")

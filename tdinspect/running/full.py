"""``--device cpu``: a real pass with values at the spec's own sizes, held against the shapes that were derived."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import torch

from tdinspect.building.construct import is_weightless
from tdinspect.building.imports import guarded
from tdinspect.domain.finding import Finding
from tdinspect.domain.spec import ModelSpec
from tdinspect.domain.trace import Failure, LayerRecord
from tdinspect.running.assemble import Assembly
from tdinspect.running.engine import inspecting
from tdinspect.running.record import Calls, recording
from tdinspect.running.values import input_tensor


class EnginesDisagree(Exception):
    """The real pass gave another shape than the derived one: a fault of tdinspect."""


def run_in_full(spec: ModelSpec, assembly: Assembly) -> Assembly:
    """The same assembly, its shapes confirmed; with the failing row where values (not shapes) make a layer raise.

    Raises EnginesDisagree where a shape differs.
    """
    if assembly.model is None:
        return assembly
    if is_weightless(assembly.model):
        message = "no memory here holds the weights of this model: it cannot run on `--device cpu`"
        finding = Finding(
            "TD008", message, ("layers",), on_key=True, help="leave out `--device`: shapes need no weights"
        )
        return replace(assembly, model=None, findings=(*assembly.findings, finding))
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
    for rows in _rows_by_module(assembly):
        _agree(rows, calls, assembly)
    return assembly


def _rows_by_module(assembly: Assembly) -> list[list[LayerRecord]]:
    """The rows of the layers that ran, those that use one module together."""
    rows: dict[int, list[LayerRecord]] = {}
    for record in assembly.trace.layers:
        if record.name in assembly.leaves:
            rows.setdefault(id(assembly.leaves[record.name].module), []).append(record)
    return list(rows.values())


def _failed(assembly: Assembly, calls: Calls, error: str) -> Assembly:
    last = None
    for rows in _rows_by_module(assembly):
        module = assembly.leaves[rows[0].name].module
        if id(module) == calls.entered:
            last = rows[len(calls.of(module)) % len(rows)]  # a loop around them has called all of them in turn
    kept = []
    for record in assembly.trace.layers:
        if record is last:
            failure = Failure(error, in_time_distributed=record.time_distributed)
            kept.append(replace(record, outputs=(), failure=failure))
            break
        kept.append(record)
    return replace(assembly, model=None, trace=replace(assembly.trace, layers=tuple(kept), outputs={}))


def _agree(rows: list[LayerRecord], calls: Calls, assembly: Assembly) -> None:
    """Hold the calls of one module to its rows, one by one where each row stands for one call.

    In a loop (a Recurrent, or a TimeDistributed that takes a few steps at a time) there are more calls than rows: they
    give what the rows say, each of them or all together. Raises EnginesDisagree.
    """
    sizes = assembly.world.sizes
    done = calls.of(assembly.leaves[rows[0].name].module)
    derived = [[info.shape(sizes) for info in assembly.leaves[record.name].outputs] for record in rows]
    times = [record.times.value(sizes) for record in rows]
    if len(done) == len(rows):
        pairs = zip(rows, derived, done, strict=True)
        wrong = next(((record, said, real) for record, said, real in pairs if said != real), None)
    elif all(real in derived for real in done) or _elements(derived, times) == _elements(done, [1] * len(done)):
        wrong = None
    else:
        wrong = rows[0], derived[0], next(real for real in done if real not in derived)
    if wrong is not None:
        raise EnginesDisagree(f"{wrong[0].name}: derived {wrong[1]}, but a real pass gives {wrong[2]}")


def _elements(calls: list[list[tuple[int, ...]]], times: list[int]) -> list[int]:
    """How many elements each output of a module has in all its calls."""
    counted = [[count * prod(shape) for shape in shapes] for shapes, count in zip(calls, times, strict=True)]
    return [sum(of_output) for of_output in zip(*counted, strict=False)]

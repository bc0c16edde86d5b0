"""``--device cpu``: a real pass with values at the spec's own sizes, held against the shapes that were derived."""

from __future__ import annotations

from dataclasses import replace

import torch

from tdinspect.domain.spec import ModelSpec
from tdinspect.domain.trace import Failure, LayerRecord, TensorInfo
from tdinspect.running.assemble import Assembly
from tdinspect.running.engine import inspecting
from tdinspect.running.record import Call, recording
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
    with inspecting([assembly.model]), recording(modules) as calls:
        try:
            assembly.model(*inputs)
        except Exception as problem:  # any layer may raise anything on values
            return _failed(assembly, len(calls), f"{type(problem).__name__}: {problem}")
    for record, call in zip(_leaf_records(assembly), calls, strict=True):
        _agree(record, assembly.leaves[record.name], call, assembly)
    return assembly


def _leaf_records(assembly: Assembly) -> list[LayerRecord]:
    return [record for record in assembly.trace.layers if not record.container]


def _failed(assembly: Assembly, done: int, error: str) -> Assembly:
    failing = _leaf_records(assembly)[done]
    kept = []
    for record in assembly.trace.layers:
        if record is failing:
            kept.append(
                replace(record, outputs=(), failure=Failure(error, in_time_distributed=record.time_distributed))
            )
            break
        kept.append(record)
    return replace(assembly, model=None, trace=replace(assembly.trace, layers=tuple(kept), outputs={}))


def _agree(record: LayerRecord, leaf: Leaf, call: Call, assembly: Assembly) -> None:
    sizes = assembly.world.sizes
    for info, real in zip(record.outputs, call[1], strict=True):
        derived = _inside(info, leaf).shape(sizes)
        if derived != real:
            raise EnginesDisagree(f"{record.name}: derived {derived}, but a real pass gives {real}")


def _inside(info: TensorInfo, leaf: Leaf) -> TensorInfo:
    """What the layer itself gives, where its row shows what the model outside sees."""
    if leaf.fold is None:
        return info
    try:
        return leaf.fold.inside(info)
    except ValueError:
        return info

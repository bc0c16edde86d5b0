"""What an export needs to know of a spec beyond its text: sizes, shapes, folded axes. The one place that builds it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from tdinspect.building.check import check_operations
from tdinspect.building.model import BuiltModel, Clock, Folded, Loop, Steps
from tdinspect.domain.limits import Limits
from tdinspect.domain.spec import Layer, ModelSpec, Share, Step, inner_steps
from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import Tree
from tdinspect.running.assemble import assemble
from tdinspect.running.symbols import input_infos
from tdinspect.time_distributed import TimeDistributed

_USUAL = Limits()


@dataclass(frozen=True, slots=True)
class SeenLeaf:
    """A layer or a function: with all its arguments (a layer), what it gave, whether it has anything to learn."""

    layer: Layer | None
    value: Tree
    learns: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """A spec that was built once; everything by the full names of steps. ``folds`` are (time axis, batch axis)."""

    spec: ModelSpec
    inputs: Mapping[str, TensorInfo]
    sizes: Mapping[str, int]
    leaves: Mapping[str, SeenLeaf]
    folds: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)
    clocks: Mapping[str, Clock] = field(default_factory=dict)


def see(spec: ModelSpec, allow_import: Collection[str] = (), limits: Limits = _USUAL) -> Seen | None:
    """Build the spec without weights; None where it does not build or run, which ``shape`` has findings for."""
    checked = check_operations(spec, allow_import, limits)
    if checked.findings:
        return None
    assembly = assemble(checked.spec)
    if assembly.model is None:
        return None
    leaves = {
        name: SeenLeaf(leaf.layer, leaf.value, any(True for _ in leaf.module.parameters()))
        for name, leaf in assembly.leaves.items()
    }
    model: BuiltModel = assembly.model
    folds: dict[str, tuple[int, int | None]] = {}
    clocks: dict[str, Clock] = {}
    _frames(model.body, model.spec.steps, "", folds, clocks)
    return Seen(model.spec, input_infos(model.spec), assembly.world.sizes, leaves, folds, clocks)


def _frames(
    body: Steps,
    steps: Sequence[Step],
    prefix: str,
    folds: dict[str, tuple[int, int | None]],
    clocks: dict[str, Clock],
) -> None:
    for step in steps:
        child = body.child(step)
        full = prefix + step.name
        if isinstance(child, TimeDistributed) and isinstance(child.module, Folded):
            folds[full] = (child.time_axis, child.batch_axis)
            child = child.module.body
        elif isinstance(child, Loop):
            clocks[full] = child.clock
            child = child.body
        if isinstance(child, Steps):
            inner = child.steps if isinstance(step.operation, Share) else inner_steps(step.operation)
            _frames(child, inner, f"{full}.", folds, clocks)

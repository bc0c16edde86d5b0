"""Whether a TimeDistributed does anything: whether every step in it gives the same on the whole tensor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tdinspect.building.tensor_function import TensorFunction
from tdinspect.domain.trace import LayerRecord
from tdinspect.layers import uses_of
from tdinspect.layers.axis_use import Each, Uses
from tdinspect.running.call import World
from tdinspect.running.dependence.effects import train_crosses
from tdinspect.running.dependence.function_uses import function_uses
from tdinspect.running.folding import Fold
from tdinspect.running.sides import Leaf, outside_flow
from tdinspect.running.transfer import LayerError, transfer


def is_needless(rows: Iterable[LayerRecord], leaves: Iterable[Leaf], world: World) -> bool:
    """Whether all these steps of one TimeDistributed, known for what they do, do the same without it.

    ``rows`` are those of the steps, ``leaves`` the layers and functions among them.
    """
    found = list(leaves)
    plain = not any(row.container and row.type in ("Recurrent", "TimeDistributed") for row in rows)
    return plain and any(leaf.inputs for leaf in found) and all(_is_same(leaf, world) for leaf in found)


def _is_same(leaf: Leaf, world: World) -> bool:
    """Along batch and time it works on each alike, along the others as it does on the folded input."""
    fold = leaf.fold
    infos = leaf.inputs
    if not infos:  # a learned tensor, or a constant: what takes it says the rest
        return True
    if fold is None or fold.outer is not None or any(info.axes[:1] != (fold.axis,) for info in infos):
        return False
    if leaf.flow.kwargs or len({len(info.axes) for info in infos}) > 1:
        return False
    bare = replace(leaf, flow=outside_flow(leaf, world), fold=None)
    try:
        bare = replace(bare, value=transfer(bare.module, bare.flow.args, bare.flow.kwargs, world))
        wrapped = [replace(fold, outer=None).outside(info, world.sizes) for info in leaf.outputs]
    except (LayerError, ValueError):
        return False
    shapes = [[axis.size for axis in info.axes] for info in bare.outputs]
    if shapes != [[axis.size for axis in info.axes] for info in wrapped] or train_crosses(bare, world) is not None:
        return False
    before, after = _uses(leaf, world), _uses(bare, world)
    if before is None or after is None:
        return False
    return all(_agree(folded, whole, fold) for folded, whole in zip(before, after, strict=True))


def _uses(leaf: Leaf, world: World) -> tuple[Uses, ...] | None:
    shapes = tuple(info.shape(world.sizes) for info in leaf.inputs)
    if isinstance(leaf.module, TensorFunction):
        return function_uses(leaf.module, shapes, world.sizes)
    return uses_of(leaf.module, shapes)


def _agree(folded: Uses, whole: Uses, fold: Fold) -> bool:
    lead = [axis for axis in (fold.batch_axis, fold.time_axis) if axis is not None]
    rest = [use for i, use in enumerate(whole) if i not in lead]
    return all(whole[axis] == Each() for axis in lead) and None not in rest and list(folded[1:]) == rest

"""One sentence for each comparison: why the sides differ, with the numbers."""

from __future__ import annotations

from tdinspect.domain.size import readable
from tdinspect.domain.trace import Side, Verdict
from tdinspect.running.call import World
from tdinspect.running.folding import Fold
from tdinspect.running.independence import Behaviour
from tdinspect.running.sides import Leaf

_CHANNELS = ("in_channels", "num_features", "num_channels", "num_parameters", "normalized_shape")


# What train mode does that eval mode does not, by the words of ``train_crosses``.
IN_TRAIN_MODE = {
    "batch statistics": "its statistics are taken over other axes",
    "own statistics": "its statistics are taken over other axes",
    "whole frames": "it drops whole steps",
}


def reason(
    leaf: Leaf,
    verdict: Verdict,
    side: Side,
    across: bool,
    bare: Behaviour | None,
    wrapped: Behaviour | None,
    fold: Fold,
    world: World,
) -> str:
    """Why ``side`` is right."""
    lead = "*".join(readable(axis.size, world.sizes) for axis in fold.lead)
    if verdict == "same":
        alone = across and fold.batch_axis is not None and fold.lead[0].size.value(world.sizes) == 1
        return "with one sample the fold is that one sequence" if alone else "the wrapper changes nothing"
    if verdict == "both_error":
        return "it raises on both sides"
    if side == "bare":
        return _why_bare(verdict, across, wrapped, lead)
    if side == "wrapped":
        return _why_wrapped(leaf, verdict, bare, fold, world)
    without = _taken(leaf, bare, fold, world) or _fault_or_none(bare)
    return f"without the wrapper {without}; with it {_fault_or_none(wrapped)}"


def _fault_or_none(side: Behaviour | None) -> str:
    return "it raises" if side is None else _fault(side) or "steps stay on their own"


def _why_bare(verdict: Verdict, across: bool, wrapped: Behaviour | None, lead: str) -> str:
    if verdict == "wrapped_error":
        return (
            "it needs the time axis, which the wrapper takes away" if across else "wrapped, an axis it counts is gone"
        )
    if wrapped is not None and wrapped.mixes_samples:
        return f"wrapped, it reads all {lead} folded steps as one sequence"
    if across:
        return "it works across time, and wrapped it sees one step at a time"
    return f"wrapped, {_fault(wrapped) or 'the axes are read otherwise'}"


def _why_wrapped(leaf: Leaf, verdict: Verdict, bare: Behaviour | None, fold: Fold, world: World) -> str:
    if verdict == "bare_error":
        return "it takes one step at a time"
    return (
        f"without it, {_taken(leaf, bare, fold, world) or _fault(bare) or 'other axes are taken for channels or space'}"
    )


def _taken(leaf: Leaf, bare: Behaviour | None, fold: Fold, world: World) -> str | None:
    """Time that happens to have the size of the channels, and steps that are therefore treated unlike each other."""
    steps = fold.lead[-1].size.value(world.sizes)
    by_chance = any(leaf.settings.get(name) == steps for name in _CHANNELS)
    if bare is None or bare.alike or not by_chance:
        return None
    return f"T={steps} is taken for the {steps} channels"


def _fault(behaviour: Behaviour | None) -> str | None:
    if behaviour is None:
        return None
    if behaviour.mixes_samples:
        return "samples mix"
    if not behaviour.keeps_axes:
        return "time does not keep its own axis"
    if behaviour.mixes_steps:
        return "steps mix"
    return None if behaviour.alike else "steps are treated unlike each other"

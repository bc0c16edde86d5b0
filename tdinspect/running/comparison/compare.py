"""Every layer with and without TimeDistributed.

Shapes and errors are those at the spec's own sizes; values come from a small real run.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from tdinspect.building.construct import is_weightless
from tdinspect.building.imports import Ended, guarded
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.building.wiring import Flow
from tdinspect.domain.spec import ModelSpec
from tdinspect.domain.trace import Comparison, LayerRecord, Outcome, Side, TensorInfo, Verdict
from tdinspect.running.assemble import Assembly
from tdinspect.running.call import World
from tdinspect.running.comparison.bench import Bench, Values
from tdinspect.running.comparison.independence import Behaviour, works_across
from tdinspect.running.comparison.reasons import IN_TRAIN_MODE, Compared
from tdinspect.running.comparison.unwrap import first_failure
from tdinspect.running.dependence.effects import train_crosses
from tdinspect.running.engine import inspecting
from tdinspect.running.folding import Fold
from tdinspect.running.sides import Leaf, fold_of, map_infos, outside_flow, run_bare, run_wrapped
from tdinspect.running.transfer import LayerError


def compare(spec: ModelSpec, assembly: Assembly) -> Assembly:
    """The same assembly, every torch.nn layer that time reaches with its Comparison; and where the bare model stops."""
    layers = compared_layers(assembly)
    stops = first_failure(spec, assembly)
    return replace(assembly, trace=replace(assembly.trace, layers=layers, unwrapped_failure=stops))


def compared_layers(assembly: Assembly) -> tuple[LayerRecord, ...]:
    """The rows, every torch.nn layer that time reaches with its Comparison."""
    known: dict[object, Comparison | None] = {}  # the copies of a repeat are compared once

    def comparison(record: LayerRecord) -> Comparison | None:
        leaf = assembly.leaves[record.name]
        key = (leaf.call, record.time)
        if key not in known:
            known[key] = None
            with suppress(Ended), guarded():  # a user's module may ask Python to end
                known[key] = _compare_leaf(leaf, assembly.world, record.time)
        return known[key]

    with inspecting():
        return tuple(
            record.with_more(comparison=comparison(record))
            if record.name in assembly.leaves and not record.container
            else record
            for record in assembly.trace.layers
        )


def _compare_leaf(leaf: Leaf, world: World, intent: str | None) -> Comparison | None:
    """None for functions, where no input has a time axis, and where there are no values to compare."""
    fold = fold_of(leaf, world)
    if fold is None or isinstance(leaf.module, TensorFunction) or is_weightless(leaf.module):
        return None
    flow = outside_flow(leaf, world)
    bare = _outcome(lambda: run_bare(leaf, world), world)
    wrapped = _outcome(lambda: run_wrapped(leaf, fold, world), world)
    bench = Bench(leaf, flow, fold, world)
    values = bench.run(bare, wrapped)
    if values is None:  # some layers raise for values, or for what shapes alone do not show
        bare, wrapped = bench.raised(bare, wrapped)
        values = bench.run(bare, wrapped)
    if values is None:
        return None
    across = works_across(leaf.type, fold.ndim, len(fold.lead), fold.time_axis) or intent not in (None, "per_step")
    verdict = _verdict(bare, wrapped, values)
    side = _right(verdict, values, across)
    compared = Compared(leaf, fold, world, across, bare, wrapped, values.bare, values.wrapped)
    text = compared.reason(verdict, side)
    found = Comparison(verdict, side, text, bare, wrapped, values.difference)
    return replace(found, train=_in_train_mode(leaf, flow, fold, found, world))


def _in_train_mode(leaf: Leaf, flow: Flow, fold: Fold, found: Comparison, world: World) -> Comparison | None:
    """The comparison in train mode where it differs in kind from that of eval mode."""
    if found.bare.error is not None or found.wrapped.error is not None:
        return None
    bare = train_crosses(replace(leaf, flow=flow, fold=None), world)
    folded = replace(leaf, flow=map_infos(fold.inside, flow), fold=fold)
    wrapped = train_crosses(folded, world)
    if bare is None and wrapped is None:
        return None
    values = Bench(leaf, flow, fold, world, train=True).run(found.bare, found.wrapped)
    if values is None:
        return None
    verdict = _verdict(found.bare, found.wrapped, values)
    if verdict == found.verdict:
        return None
    side: Side = "neither" if bare == wrapped else "wrapped" if wrapped is None else "bare"
    reason = IN_TRAIN_MODE[(wrapped if side == "bare" else bare) or "batch statistics"]
    which = "with it" if side == "bare" else "without it"
    return Comparison(verdict, side, f"{which}, {reason}", found.bare, found.wrapped, values.difference)


def _outcome(call: Callable[[], TensorInfo], world: World) -> Outcome:
    try:
        info = call()
    except LayerError as error:
        return Outcome(None, error.text)
    except ValueError as problem:
        return Outcome(None, f"ValueError: {problem}")
    return Outcome(info.shape(world.sizes), None, info.symbols(world.sizes), info.time_axis(world.clocks))


def _verdict(bare: Outcome, wrapped: Outcome, values: Values) -> Verdict:
    if bare.error is not None and wrapped.error is not None:
        return "both_error"
    if bare.error is not None:
        return "bare_error"
    if wrapped.error is not None:
        return "wrapped_error"
    if bare.shape != wrapped.shape:
        return "shape_differs"
    return "same" if values.equal else "values_differ"


def _right(verdict: Verdict, values: Values, across: bool) -> Side:
    """The side that does what the layer is for, as the command line's contract defines it.

    Where both would do (an Upsample that takes channels for rows mixes nothing), a layer that works on single steps is
    right on single steps. What may work across time and does not (a kernel of 1 along it, attention to another
    sequence) is judged by single steps too.
    """
    if verdict == "same":
        return "either"
    if across and _works_across(values.bare):
        return "bare"
    if across and _works_across(values.wrapped):
        return "wrapped"
    order: tuple[Side, Side] = ("bare", "wrapped") if across else ("wrapped", "bare")
    per_step = {"bare": _per_step(values.bare), "wrapped": _per_step(values.wrapped)}
    return next((side for side in order if per_step[side]), "neither")


def _works_across(side: Behaviour | None) -> bool:
    return side is not None and side.works_across


def _per_step(side: Behaviour | None) -> bool:
    return side is not None and side.per_step

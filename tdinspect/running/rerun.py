"""A layer run once more at other sizes, and held to the formulas that it was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod

from torch import nn

from tdinspect.domain.size import Size
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.domain.tree import Tree, leaves, map_tree
from tdinspect.layers import family_of_module
from tdinspect.running.call import STEPS, Call, World, infos_in, is_view
from tdinspect.running.choice import LARGE, choose
from tdinspect.running.engine import ONE_SAMPLE, ZERO_BATCH, Described
from tdinspect.running.transfer import LayerError, own_sizes


class Unlike(Exception):
    """At other sizes a layer does not run, or gives another shape than its formulas say."""


def runs_as_said(
    module: nn.Module, args: Tree, kwargs: Mapping[str, Tree], value: Tree, worlds: tuple[World, World]
) -> None:
    """Run a layer once at the sizes of the second world and hold what it gives to the formulas of ``value``.

    The first world has the spec's own sizes, where the layer runs. Raises Unlike. What only a large run without a batch
    to shrink could tell is taken to be as said.
    """
    own, world = worlds
    walks = family_of_module(module).steps
    if walks is not None and args:
        axis = walks(module, len(args[0].axes))
        walked = args[0].axes[axis].size
        axes = [Axis(STEPS) if found.size == walked else found for found in args[0].axes]
        own, world = (replace(w, sizes={**w.sizes, str(STEPS): min(2, walked.value(w.sizes))}) for w in worlds)
        args = (replace(args[0], axes=tuple(axes)), *args[1:])
        value = map_tree(lambda info: _with_steps(info, walked), value)
    found = _run_at(module, args, kwargs, own, world)
    if found is None:
        return
    base, call = found
    given = [leaf.shape for leaf in leaves(base) if isinstance(leaf, Described)]
    told = infos_in(value)
    if [len(shape) for shape in given] != [len(info.axes) for info in told]:
        raise Unlike  # an unbind along the axis gives as many parts as there are
    for shape, info in zip(given, told, strict=True):
        for size, said in zip(shape, info.axes, strict=True):
            if not call.is_batch(said.size) and size != said.size.value(world.sizes):
                raise Unlike


def _with_steps(info: object, walked: Size) -> object:
    if not isinstance(info, TensorInfo):
        return info
    return replace(info, axes=tuple(Axis(STEPS) if axis.size == walked else axis for axis in info.axes))


def _run_at(
    module: nn.Module, args: Tree, kwargs: Mapping[str, Tree], own: World, world: World
) -> tuple[Tree, Call] | None:
    """One run at the sizes of ``world``; None where only a long one could tell. Raises Unlike."""
    inputs = infos_in((args, kwargs))
    call = Call(module, args, kwargs, world, choose(module, inputs, world))
    large = sum(prod(info.shape(world.sizes)) for info in inputs) > LARGE
    if large and call.engine.batch is None and not is_view(module):
        return None
    unsure = large and call.engine == ONE_SAMPLE  # an empty batch shows at least whether it runs
    call = call.on(ZERO_BATCH) if unsure else call
    try:
        base = call.run()
        return None if unsure else (base, call)
    except Exception as problem:
        if call.engine.batch is None or _answers(Call(module, args, kwargs, own, call.engine)):
            raise Unlike from problem
        if large:
            return None
    try:
        return own_sizes(call)
    except LayerError as error:
        raise Unlike from error


def _answers(call: Call) -> bool:
    """True where the layer runs this way."""
    try:
        call.run()
    except Exception:
        return False
    return True

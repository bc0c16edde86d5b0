"""What one layer does to shapes: its real kernels are run at a few sizes, and the sizes of its outputs become formulas.

Each input axis with a symbol in its size is a variable; the layer is run again with one variable grown at a time, and
every output axis is written as a function of those that move it. Composing these over the layers of a model gives the
shapes of the whole model with the symbols kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import nn

from tdinspect.building.construct import named_parameters
from tdinspect.building.sources import TensorSource
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.domain.tree import Tree, leaves, map_tree
from tdinspect.layers import family_of_module, index_bound
from tdinspect.running.call import STEPS, Call, Variable, World, infos_in, is_view
from tdinspect.running.choice import asks_for_much, choose
from tdinspect.running.engine import FULL, META, ONE_SAMPLE, ZERO_BATCH, Described
from tdinspect.running.formulas import symbolic

# They look at the kinds of numbers before anything else.
_ANY_KIND = frozenset(("where", "masked_fill", "to", "detach", "zeros_like", "ones_like", "full_like"))
_TWO_SEQUENCES = (nn.MultiheadAttention, nn.TransformerDecoderLayer, nn.TransformerDecoder, nn.Transformer)


class LayerError(Exception):
    """A layer raised at the spec's own sizes; ``text`` is the exception's type, a colon and its message."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def transfer(module: nn.Module, args: Tree, kwargs: Mapping[str, Tree], world: World) -> Tree:
    """The outputs of ``module`` as TensorInfo, for inputs as TensorInfo. Raises LayerError when the layer raises."""
    walks = family_of_module(module).steps
    if walks is not None and "input" in kwargs:
        kwargs = dict(kwargs)
        args = (kwargs.pop("input"), *args)
    if walks is not None and args:
        result = _with_few_steps(module, args, kwargs, world, walks(module, len(args[0].axes)))
        if result is not None:
            return result
    return _transfer(module, args, kwargs, world)


def _with_few_steps(module: nn.Module, args: Tree, kwargs: Mapping[str, Tree], world: World, axis: int) -> Tree:
    """A recurrence over two steps instead of all, the true length put back; None where it raises."""
    walked = args[0].axes[axis]

    def put_back(found: object) -> object:
        if not isinstance(found, TensorInfo):
            return found
        return replace(found, axes=tuple(walked if a.size == STEPS else a for a in found.axes))

    axes = list(args[0].axes)
    axes[axis] = Axis(STEPS)
    few = replace(world, sizes={**world.sizes, str(STEPS): 2})
    try:
        return map_tree(put_back, _transfer(module, (replace(args[0], axes=tuple(axes)), *args[1:]), kwargs, few))
    except LayerError:  # the exact text is that of the whole length
        return None


def _transfer(module: nn.Module, args: Tree, kwargs: Mapping[str, Tree], world: World) -> Tree:
    inputs = infos_in((args, kwargs))
    engine = choose(module, inputs, world)
    call = Call(module, args, kwargs, world, engine)
    try:
        base = call.run()
    except Exception as problem:  # any layer may raise anything; the spec's own sizes decide
        if engine.batch is None and engine.device == "cpu":
            raise LayerError(_text(problem)) from problem
        base, call = _at_full_size(call)
    if call.engine == ZERO_BATCH and _has_more_empty_axes(base, inputs, world):
        base, call = _one_sample(call) or own_sizes(call)
    _confirm(module, call, inputs)
    if _stretches(call, inputs):
        base, call = own_sizes(call)
    try:
        result = symbolic(call, base, inputs)
    except Exception:  # a sample gave what the spec's own sizes do not
        base, call = own_sizes(call)
        result = symbolic(call, base, inputs)
    return _bounded(module, world, result)


def _stretches(call: Call, inputs: Sequence[TensorInfo]) -> bool:
    """True where one sample fits what several do not: it broadcasts to any size."""
    sizes = {axis.size for info in inputs for axis in info.axes if call.is_batch(axis.size)}
    return call.engine == ONE_SAMPLE and any(call.shapes({Variable(s): by}) is None for s in sizes for by in (1, 2))


def _bounded(module: nn.Module, world: World, result: Tree) -> Tree:
    """What `arange` gives stays below its end: an embedding that it reaches is held to that."""
    if not isinstance(module, TensorSource):
        return result
    world.run.sizes.update(world.sizes)
    return replace(result, high=module.high)


def error_at_full_size(module: nn.Module, args: Tree, kwargs: Mapping[str, Tree], world: World) -> str | None:
    """The layer's own words at the spec's own sizes, or None when it does not raise."""
    try:
        Call(module, args, kwargs, world, FULL).run()
    except Exception as problem:
        return _text(problem)
    return None


def _text(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"


def _has_more_empty_axes(base: Tree, inputs: Sequence[TensorInfo], world: World) -> bool:
    """True where an output is empty for another reason than the batch (``narrow`` by 0)."""
    batches = max((sum(map(world.holds_batch, info.axes)) for info in inputs), default=0)
    return any(found.shape.count(0) > batches for found in leaves(base) if isinstance(found, Described))


def _at_full_size(failed: Call) -> tuple[Tree, Call]:
    """The same call where the engine at hand raised: the real error, or a run that works."""
    full = own_sizes(failed)
    return _one_sample(failed) or full


def _one_sample(call: Call) -> tuple[Tree, Call] | None:
    """The same call with one sample; None where that is too few."""
    sample = call.on(ONE_SAMPLE)
    try:
        return sample.run(), sample
    except Exception:
        return None


def own_sizes(call: Call) -> tuple[Tree, Call]:
    """The same call at the spec's own sizes. Raises LayerError when the layer raises there."""
    full = call.on(FULL)
    try:
        return full.run(), full
    except Exception as problem:
        raise LayerError(_text(problem)) from problem


def _look_up(module: nn.Module, info: TensorInfo) -> None:
    """The largest index that the spec lets in, for real: only its value is wrong, no shape shows it."""
    assert info.high is not None
    shape = (1,) * len(info.axes)
    try:
        module(torch.full(shape, info.high - 1, dtype=getattr(torch, info.dtype)))
    except Exception as problem:
        raise LayerError(_text(problem)) from problem


def _mixes_kinds(call: Call, inputs: Sequence[TensorInfo]) -> bool:
    """True for inputs that are not all of the layer's own floating dtype: kernels look at it when they compute."""
    module = call.module
    if is_view(module) or asks_for_much(module, inputs, call.world):
        return False
    if isinstance(module, TensorFunction) and module.name in _ANY_KIND:
        return False
    masks = [info for name, value in call.kwargs.items() if name.endswith("mask") for info in infos_in(value)]
    own = {value.dtype for _, value in named_parameters(module)}
    kinds = {getattr(torch, info.dtype) for info in inputs if info.dtype != "bool" or info not in masks}
    return bool(kinds) and (len(kinds | own) > 1 or not all(kind.is_floating_point for kind in kinds))


def _compute_once(call: Call) -> None:
    """One sample for real; an error counts where the spec's own sizes have it too."""
    if _one_sample(call) is None:
        own_sizes(call)


def _takes_two_batches(module: nn.Module, inputs: Sequence[TensorInfo], world: World) -> bool:
    """True for attention over two sequences whose batches differ."""
    if len(inputs) < 2 or not isinstance(module, _TWO_SEQUENCES):
        return False
    first = next(part for part in module.modules() if isinstance(part, nn.MultiheadAttention))
    axis = 0 if first.batch_first else 1
    sequences = [info for info in inputs[: 3 if first is module else 2] if len(info.axes) == 3]
    return len({info.shape(world.sizes)[axis] for info in sequences}) > 1


def _confirm(module: nn.Module, call: Call, inputs: Sequence[TensorInfo]) -> None:
    """Look for what an empty batch lets pass, at the smallest shape that shows it."""
    bound = index_bound(module)
    if bound is not None and inputs and (inputs[0].high or 0) > bound:
        _look_up(module, inputs[0])
    if bound is None and call.engine in (ZERO_BATCH, META) and _mixes_kinds(call, inputs):
        _compute_once(call)
    if _takes_two_batches(module, inputs, call.world):  # refused where there is one sample
        own_sizes(call)
    witness = family_of_module(module).witness
    if witness is None or not inputs:
        return
    small = Described(witness(inputs[0].shape(call.world.sizes)), inputs[0].dtype)
    try:
        FULL.run(module, (small,), {})
    except Exception as problem:
        error = error_at_full_size(module, call.args, call.kwargs, call.world)
        raise LayerError(error or _text(problem)) from problem

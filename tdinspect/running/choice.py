"""How one call of a layer is run first: on how large a batch, and on which device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from torch import nn
from torch.nn.modules.padding import _ConstantPadNd

from tdinspect.building.construct import is_weightless, named_parameters
from tdinspect.building.functions import BLIND_WHEN_EMPTY
from tdinspect.building.sources import TensorSource
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.domain.expression import ExpressionError
from tdinspect.domain.spec import resolved
from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import leaves
from tdinspect.running.call import World, is_view
from tdinspect.running.engine import FULL, META, ONE_SAMPLE, ZERO_BATCH, Engine

LARGE = 1 << 16  # elements of input above which a run without a batch to shrink may go to the meta device
_LARGEST = 1 << 22  # above which it always does
_MOST_PRODUCTS = 1 << 26  # multiply-adds that take a few milliseconds
# One sample of these is computed, and is longer than what came in by a constant or by its own last axis.
_SPREADS = frozenset(("one_hot", "diag_embed", "pad"))
_MUCH = 1 << 23  # elements that one sample may have in memory


def choose(module: nn.Module, inputs: Sequence[TensorInfo], world: World) -> Engine:
    """How a layer is run first."""
    if isinstance(module, TensorSource):
        return FULL
    if is_view(module):
        return META
    if world.device == "meta" or is_weightless(module):
        # On meta a recurrence runs step by step in Python; its kernels take weights that are one number seen often.
        walks = isinstance(module, nn.RNNBase) and _batched(inputs, world)
        return ZERO_BATCH if walks else META
    reads_batch = isinstance(module, TensorFunction) and world.batch in module.reads
    if reads_batch or asks_for_much(module, inputs, world):
        return META  # a batch of none or one would be that constant's value too
    if not _batched(inputs, world):
        return META if _is_heavy(module, inputs, world) else FULL
    if len({axis.size for info in inputs for axis in info.axes if world.holds_batch(axis)}) > 1:
        return META  # none or one of B and of B*T would be the same size
    return ONE_SAMPLE if _needs_a_sample(module, inputs, world) else ZERO_BATCH


def _is_heavy(module: nn.Module, inputs: Sequence[TensorInfo], world: World) -> bool:
    """True where a real run may take longer than the meta device, whose first operation imports for half a second."""
    elements = sum(prod(info.shape(world.sizes)) for info in inputs)
    if elements <= LARGE:
        return False
    if isinstance(module, TensorFunction) or elements > _LARGEST or not module.__module__.startswith("torch.nn."):
        return True
    if any(isinstance(part, nn.MultiheadAttention | nn.RNNBase) for part in module.modules()):
        return True  # positions meet each other, or come one after the other
    # Each row of a matrix, each filter of a convolution meets the input once a place.
    products = sum(weight.numel() // weight.shape[1] for _, weight in named_parameters(module) if weight.ndim > 1)
    return elements * products > _MOST_PRODUCTS


def _batched(inputs: Sequence[TensorInfo], world: World) -> bool:
    return any(world.holds_batch(axis) for info in inputs for axis in info.axes)


def asks_for_much(module: nn.Module, inputs: Sequence[TensorInfo], world: World) -> bool:
    """True where constants ask for so much that even one sample, or none, takes long or much memory."""
    if isinstance(module, TensorFunction):
        try:
            given: Mapping[str, object] = resolved(module.constants, world.sizes)
        except ExpressionError:  # the run says so
            return False
    elif module.__module__.startswith("torch.nn.") and not any(True for _ in named_parameters(module)):
        given = vars(module)
    else:
        return False
    most = max((n for n in leaves(tuple(given.values())) if isinstance(n, int | float)), default=0)
    if most > LARGE:
        return True
    if not isinstance(module, TensorFunction) or module.name not in _SPREADS:
        return False
    shapes = [tuple(axis.size.value({**world.sizes, str(world.batch): 1}) for axis in info.axes) for info in inputs]
    if module.name == "diag_embed":
        return any(prod(shape[:-1]) * (shape[-1] + most) ** 2 > _MUCH for shape in shapes if shape)
    return any(prod(shape) * most > _MUCH for shape in shapes)


def _needs_a_sample(module: nn.Module, inputs: Sequence[TensorInfo], world: World) -> bool:
    """True where an empty batch gives other shapes or lets mistakes pass."""
    if not isinstance(module, TensorFunction):
        return isinstance(module, nn.PixelUnshuffle) or _changes_batch(module, inputs, world)
    if module.name == "cat":
        dim = module.constants.get("dim", 0)
        axes = [info.axes[dim] for info in inputs if isinstance(dim, int) and -len(info.axes) <= dim < len(info.axes)]
        return any(len(info.axes) == 1 for info in inputs) or any(map(world.holds_batch, axes))
    if module.name == "pad":  # two numbers an axis, from the last
        widths = module.constants["pad"]
        reached = len(widths) // 2 if isinstance(widths, tuple) else 0
        return any(world.holds_batch(axis) for info in inputs for axis in info.axes[len(info.axes) - reached :])
    return module.name in BLIND_WHEN_EMPTY


def _changes_batch(module: nn.Module, inputs: Sequence[TensorInfo], world: World) -> bool:
    """True for a layer that gives another number of samples: the batch stands where it halves, pads or shuffles."""
    for info in inputs[:1]:
        for axis in (i for i, axis in enumerate(info.axes) if world.holds_batch(axis)):
            behind = len(info.axes) - axis
            if isinstance(module, nn.GLU) and module.dim in (axis, -behind):
                return True
            if isinstance(module, nn.Fold | nn.Unfold | nn.PixelShuffle):
                return behind < (3 if isinstance(module, nn.Fold) else 4)
            if isinstance(module, _ConstantPadNd) and behind <= len(module.padding) // 2:
                return True
    return False

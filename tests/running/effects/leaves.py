"""One call of a layer, without a spec: what `effect_of` is asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import nn

from tdinspect.building.construct import construct
from tdinspect.building.tensor_function import Run, TensorFunction
from tdinspect.building.wiring import Flow
from tdinspect.domain.size import Size
from tdinspect.domain.spec import Arguments, Layer
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.running.call import World
from tdinspect.running.engine import inspecting
from tdinspect.running.folding import Fold
from tdinspect.running.sides import Leaf
from tdinspect.running.transfer import transfer

SIZES = {"B": 2, "T": 6, "S": 5}


def world_of(sizes: Mapping[str, int] = SIZES) -> World:
    """B is the batch, T and S are times."""
    return World(dict(sizes), "B", Run(dict(sizes)), ("T", "S"))


def info_of(shape: Sequence[int | str], dtype: str = "float32", high: int | None = None) -> TensorInfo:
    """A tensor of this shape; ``B*T`` is an axis that both share."""
    return TensorInfo(tuple(map(_axis, shape)), dtype, high=high)


def _axis(entry: int | str) -> Axis:
    if isinstance(entry, int):
        return Axis(Size.number(entry))
    size = Size.number(1)
    for symbol in entry.split("*"):
        size = size * Size.symbol(symbol)
    return Axis(size, frozenset(entry.split("*")))


def leaf_of(
    name: str,
    arguments: Mapping[str, Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    fold: Fold | None = None,
    sizes: Mapping[str, int] = SIZES,
) -> Leaf:
    """A layer of torch.nn, or (in small letters) a function, on inputs that are TensorInfo or constants."""
    world = world_of(sizes)
    layer, module = _made(name, arguments, world)
    flow = Flow(tuple(args), dict(kwargs or {}))
    with inspecting():
        value = transfer(module, flow.args, flow.kwargs, world)
    leaf = Leaf(name, layer, arguments, {}, module, flow, fold)
    return replace(leaf, value=value)


def _made(name: str, arguments: Mapping[str, Any], world: World) -> tuple[Layer | None, nn.Module]:
    if name[0].islower():
        return None, TensorFunction(name, arguments, world.run)
    layer = Layer(name, Arguments(named=arguments))
    return layer, construct(layer, initialise=False).eval()

"""The same call on less: axes that are neither time nor batch shrink, where that changes nothing for those two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tdinspect.building.construct import construct
from tdinspect.domain.size import Size
from tdinspect.domain.trace import TensorInfo
from tdinspect.domain.tree import map_tree
from tdinspect.layers import family_of_module
from tdinspect.running.call import World
from tdinspect.running.sides import Leaf, map_infos

_SMALL = 16


def smaller_calls(leaf: Leaf, world: World, sizes: Mapping[str, int]) -> Iterator[tuple[Leaf, Mapping[str, int]]]:
    """The call and the sizes to run it at, the cheapest first, its own last. A user's module keeps its own."""
    if "." not in leaf.type:
        kept = {world.batch, *world.clocks}
        small = {name: size if name in kept else min(size, _SMALL) for name, size in sizes.items()}
        fewer = _with_fewer_features(leaf, sizes)
        if fewer is not None:
            yield fewer, sizes
        if small != sizes:
            yield leaf, small
    yield leaf, sizes


def _with_fewer_features(leaf: Leaf, sizes: Mapping[str, int]) -> Leaf | None:
    smaller = family_of_module(leaf.module).smaller
    found = None if smaller is None or leaf.layer is None else smaller(leaf.layer.args.named)
    if found is None or leaf.layer is None:
        return None
    layer = replace(leaf.layer, args=replace(leaf.layer.args, named=found.arguments))

    def narrowed(info: object) -> object:
        if not isinstance(info, TensorInfo) or not info.axes or info.axes[-1].carries:
            return info
        width = found.widths.get(info.axes[-1].size.value(sizes))
        if width is None:
            return info
        return replace(info, axes=(*info.axes[:-1], replace(info.axes[-1], size=Size.number(width))))

    try:
        module = construct(layer, initialise=False)
    except Exception:  # another argument suits the wide layer alone
        return None
    flow = map_infos(lambda info: _info(narrowed(info)), leaf.flow)
    return replace(leaf, layer=layer, module=module, flow=flow, value=map_tree(narrowed, leaf.value))


def _info(value: object) -> TensorInfo:
    assert isinstance(value, TensorInfo)
    return value

"""What follows what, the slow way: one element of one input is changed, and the elements that move are looked at.

Written apart from the program: plain torch, one element at a time, the axes told by their symbols.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from tdinspect.building.construct import quiet
from tdinspect.domain.trace import TensorInfo
from tests.running.effects.leaves import SIZES

Links = dict[tuple[int, int], tuple[int, ...]]


def flat(tree: Any) -> list[Any]:
    """Tensors from left to right."""
    if isinstance(tree, tuple | list):
        return [leaf for part in tree for leaf in flat(part)]
    return [tree] if isinstance(tree, Tensor | TensorInfo) else []


def drawn(info: TensorInfo, seed: int) -> Tensor:
    """Random values, whole numbers 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    shape = [axis.size.value(SIZES) for axis in info.axes]
    if info.dtype == "int64":
        return torch.randint(0, 2, shape, generator=generator)
    return torch.randn(shape, generator=generator, dtype=torch.float64) * 2


def random_weights(module: nn.Module, seed: int) -> nn.Module:
    """Everything drawn anew; variances above zero."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in [*module.named_parameters(), *module.named_buffers()]:
        if value.is_floating_point():
            noise = torch.randn(value.shape, generator=generator, dtype=torch.float64)
            value.data = noise.abs() + 0.3 if name.endswith("var") else noise * 0.5
    return module.double().eval()


def changes(value: Tensor, index: int) -> Iterator[Tensor]:
    """The same with one element changed, a little and a lot."""
    for by in (1.25, -120.0, 90.0) if value.is_floating_point() else (1,):
        other = value.clone()
        part = other.view(-1)
        part[index] = part[index] + by if value.is_floating_point() else (part[index] + 1) % 2
        yield other


def same(before: Tensor, after: Tensor) -> Tensor:
    """True where nothing moved beyond the noise of float64."""
    return ((after - before).abs() <= 1e-8 * (1 + before.abs())) | (after == before) | (after.isnan() & before.isnan())


def time_and_batch(module: nn.Module, infos: Any, outputs: list[TensorInfo]) -> tuple[Links, Links]:
    """The rows of every output over the steps, and over the samples, of every input."""
    before = flat(infos)
    time: dict[tuple[int, int], list[int]] = {}
    batch: dict[tuple[int, int], list[int]] = {}
    for seed in (3, 4):
        random_weights(module, seed)
        values = [drawn(info, seed + 10 * i) for i, info in enumerate(before)]
        base = run(module, infos, values)
        for i, value in enumerate(values):
            for index in range(value.numel()):
                place = position(index, value.shape)
                for other in changes(value, index):
                    after = run(module, infos, [*values[:i], other, *values[i + 1 :]])
                    for o, (was, now) in enumerate(zip(base, after, strict=True)):
                        moved = ~same(was, now)
                        mark(time, (o, i), outputs[o], before[i], "TS", moved, place)
                        mark(batch, (o, i), outputs[o], before[i], "B", moved, place)
    return ({key: tuple(rows) for key, rows in time.items()}, {key: tuple(rows) for key, rows in batch.items()})


def mark(
    found: dict[tuple[int, int], list[int]],
    key: tuple[int, int],
    output: TensorInfo,
    given: TensorInfo,
    symbols: str,
    moved: Tensor,
    place: tuple[int, ...],
) -> None:
    """Note where something moved, by the axes that have these symbols."""
    to, of = axis_of(output, symbols), axis_of(given, symbols)
    step = 0 if of is None else place[of]
    hits = [bool(moved.any())] if to is None else moved.movedim(to, 0).reshape(moved.shape[to], -1).any(1).tolist()
    rows = found.setdefault(key, [0] * len(hits))
    for row, hit in enumerate(hits):
        rows[row] |= int(hit) << step


def axis_of(info: TensorInfo, symbols: str) -> int | None:
    """The one axis that carries the first of the symbols, or that it shares with another."""
    for symbol in symbols:
        alone = [i for i, axis in enumerate(info.axes) if axis.carries == {symbol}]
        shared = [i for i, axis in enumerate(info.axes) if symbol in axis.carries]
        if len(alone) == 1 or len(shared) == 1:
            return (alone or shared)[0]
    return None


def position(index: int, shape: torch.Size) -> tuple[int, ...]:
    """Where element ``index`` stands."""
    place = []
    for size in reversed(shape):
        place.append(index % size)
        index //= size
    return tuple(reversed(place))


def run(module: nn.Module, infos: Any, values: list[Tensor]) -> list[Tensor]:
    """The tensors that come out; what is drawn inside is drawn the same."""
    torch.manual_seed(0)
    remaining = iter(values)

    def put(tree: Any) -> Any:
        return tuple(map(put, tree)) if isinstance(tree, tuple) else next(remaining)

    with torch.inference_mode(), quiet():
        return flat(module(*map(put, infos)))

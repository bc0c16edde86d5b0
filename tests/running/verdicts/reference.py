"""Verdict and right side the slow way, in plain torch: the layer on everything, the layer on the plain fold.

Written apart from the program: each (sample, step) of the inputs is changed alone, and each pair of steps is swapped.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import torch
from torch import Tensor, nn

from tests.running.verdicts.table import SIZES, Case

RTOL, ATOL = 1e-4, 1e-5

# Layers that read a sequence.
SEQUENCE = {"RNN", "LSTM", "GRU", "MultiheadAttention"} | {
    f"Transformer{part}" for part in ("", "Encoder", "EncoderLayer", "Decoder", "DecoderLayer")
}
# Layers with space, which may be time.
SPATIAL = ("Conv", "Pool", "Unpool", "Pad", "BatchNorm", "InstanceNorm", "Upsampling", "Pixel")
SPACE_BEHIND_CHANNELS = {"GroupNorm", "SyncBatchNorm", "Upsample"}

Side = Callable[[list[Any]], Tensor]


@dataclass(frozen=True, slots=True)
class Shown:
    """What one side does to samples and steps; those that lose their own axis are not apart."""

    samples_apart: bool
    steps_apart: bool
    alike: bool

    @property
    def per_step(self) -> bool:
        """Every (sample, step) on its own, each step treated like the others."""
        return self.samples_apart and self.steps_apart and self.alike


@dataclass(frozen=True, slots=True)
class Truth:
    """What must be said of a case; the shapes of the two sides, or what they raise."""

    verdict: str
    right: str
    bare: tuple[int, ...] | str
    wrapped: tuple[int, ...] | str


def truth(case: Case) -> Truth:
    """Verdict and right side."""
    given, axes = case.given(), _axes(case)
    module = random_weights(getattr(nn, case.name)(**case.named()))
    values = [_drawn(one, 10 + i) for i, one in enumerate(given)]

    def bare(inputs: list[Any]) -> Tensor:
        return _run(module, inputs)

    def wrapped(inputs: list[Any]) -> Tensor:
        return _unfolded(_run(module, [_folded(one, axes) for one in inputs]), values[0], axes)

    first, second = _attempt(bare, values), _attempt(wrapped, values)
    verdict = _verdict(first, second)
    shown = (_shown(bare, first, values, axes), _shown(wrapped, second, values, axes))
    return Truth(verdict, _right(verdict, _across(case), *shown), _seen(first), _seen(second))


def random_weights(module: nn.Module) -> nn.Module:
    """Everything drawn anew; variances above zero."""
    generator = torch.Generator().manual_seed(5)
    for name, value in [*module.named_parameters(), *module.named_buffers()]:
        if value.is_floating_point():
            noise = torch.randn(value.shape, generator=generator, dtype=torch.float64)
            value.data = noise.abs() + 0.3 if name.endswith("var") else noise * 0.5
    return module.double().eval()


def _axes(case: Case) -> dict[str, int]:
    """Where the first input has its batch and its time."""
    shape = case.given()[0][0]
    return {symbol: shape.index(symbol) for symbol in "BT" if symbol in shape}


def _drawn(given: Any, seed: int) -> Any:
    if not isinstance(given[1], str):
        return tuple(_drawn(part, seed + 20 + i) for i, part in enumerate(given))
    shape = [SIZES.get(entry, entry) for entry in given[0]]
    generator = torch.Generator().manual_seed(seed)
    if given[1] == "int64":
        return torch.randint(0, 2, shape, generator=generator)
    return torch.randn(shape, generator=generator, dtype=torch.float64) * 2


def _run(module: nn.Module, inputs: list[Any]) -> Tensor:
    torch.manual_seed(0)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = module(*inputs)
    while isinstance(result, tuple):
        result = result[0]
    assert isinstance(result, Tensor)
    return result


def _folded(value: Any, axes: dict[str, int]) -> Any:
    if isinstance(value, tuple):
        return tuple(_folded(part, axes) for part in value)
    places = tuple(sorted(axes.values()))
    sizes = tuple(SIZES[symbol] for symbol in sorted(axes, key=lambda symbol: axes[symbol]))
    if tuple(value.shape[place] for place in places) != sizes:
        raise ValueError("another batch and time")
    front = value.movedim(places, tuple(range(len(places))))
    return front.flatten(0, len(places) - 1)


def _unfolded(y: Tensor, x: Tensor, axes: dict[str, int]) -> Tensor:
    places = tuple(sorted(axes.values()))
    y = torch.unflatten(y, 0, [x.shape[place] for place in places])
    return y if y.ndim <= max(places) else y.movedim(tuple(range(len(places))), places)


def _attempt(side: Side, values: list[Any]) -> Tensor | str:
    try:
        return side(values)
    except (RuntimeError, ValueError, IndexError, AssertionError, NotImplementedError) as error:
        return f"{type(error).__name__}: {error}"


def _seen(result: Tensor | str) -> tuple[int, ...] | str:
    return result if isinstance(result, str) else tuple(result.shape)


def _verdict(bare: Tensor | str, wrapped: Tensor | str) -> str:
    if isinstance(bare, str):
        return "both_error" if isinstance(wrapped, str) else "bare_error"
    if isinstance(wrapped, str):
        return "wrapped_error"
    if bare.shape != wrapped.shape:
        return "shape_differs"
    return "same" if torch.allclose(bare, wrapped, RTOL, ATOL, equal_nan=True) else "values_differ"


def _across(case: Case) -> bool:
    """What works across time by nature: a sequence layer on sequences, and a layer whose space is time."""
    shape: tuple[int | str, ...] = case.given()[0][0]
    time, behind = shape.index("T"), len(shape)
    if case.name in SEQUENCE:
        return behind - len(_axes(case)) == 1 and time < behind - 1
    if case.name in SPACE_BEHIND_CHANNELS:
        return time >= 2
    space = int(case.name[-2]) if case.name[-2:] in ("1d", "2d", "3d") else 2
    return any(word in case.name for word in SPATIAL) and time >= behind - space


def _right(verdict: str, across: bool, bare: Shown | None, wrapped: Shown | None) -> str:
    if verdict == "same":
        return "either"
    if across:
        for name, side in (("bare", bare), ("wrapped", wrapped)):
            if side is not None and side.samples_apart and not side.steps_apart:
                return name
    order = (("bare", bare), ("wrapped", wrapped))
    for name, side in order if across else reversed(order):
        if side is not None and side.per_step:
            return name
    return "neither"


def _shown(side: Side, base: Tensor | str, values: list[Any], axes: dict[str, int]) -> Shown | None:
    """Every (sample, step) changed alone, in all inputs that have both; then all pairs of steps swapped."""
    if isinstance(base, str):
        return None
    where = {symbol: axis for symbol, axis in axes.items() if axis < base.ndim and base.shape[axis] == SIZES[symbol]}
    samples, steps = "B" not in axes or "B" in where, "T" in where
    for place in product(*(range(SIZES[symbol]) for symbol in axes)):
        at = dict(zip(axes, place, strict=True))
        for by in (1.25, 90.0):
            moved = ~_near(base, side(_changed(values, axes, at, by)))
            for symbol in where:
                if set(_hits(moved, where[symbol])) - {at[symbol]}:
                    samples, steps = samples and symbol != "B", steps and symbol != "T"
    if not steps:
        return Shown(samples, False, False)
    alike = all(
        bool(_near(_swapped(base, where["T"], pair), side(_all_swapped(values, axes, pair))).all())
        for pair in combinations(range(SIZES["T"]), 2)
    )
    return Shown(samples, True, alike)


def _near(before: Tensor, after: Tensor) -> Tensor:
    return ((after - before).abs() <= 1e-8 * (1 + before.abs())) | (after == before) | (after.isnan() & before.isnan())


def _hits(moved: Tensor, axis: int) -> list[int]:
    """The steps (or samples) in which something moved."""
    rows = moved.movedim(axis, 0).flatten(1).any(1) if moved.ndim > 1 else moved
    return [i for i, hit in enumerate(rows.tolist()) if hit]


def _has(value: Tensor, axes: dict[str, int]) -> bool:
    return all(a < value.ndim and value.shape[a] == SIZES[s] for s, a in axes.items())


def _changed(values: list[Any], axes: dict[str, int], at: dict[str, int], by: float) -> list[Any]:
    def change(value: Tensor) -> Tensor:
        value = value.clone()
        part = value[tuple(at[s] if (s := _symbol(axes, i)) else slice(None) for i in range(value.ndim))]
        noise = torch.randn(part.shape, generator=torch.Generator().manual_seed(value.ndim), dtype=torch.float64)
        part.copy_(part + by * noise if value.is_floating_point() else (part + 1) % 2)
        return value

    return _all(values, axes, change)


def _symbol(axes: dict[str, int], place: int) -> str | None:
    return next((symbol for symbol, axis in axes.items() if axis == place), None)


def _swapped(value: Tensor, axis: int, pair: tuple[int, int]) -> Tensor:
    order = list(range(SIZES["T"]))
    order[pair[0]], order[pair[1]] = pair[1], pair[0]
    return value.index_select(axis, torch.tensor(order))


def _all_swapped(values: list[Any], axes: dict[str, int], pair: tuple[int, int]) -> list[Any]:
    return _all(values, axes, lambda value: _swapped(value, axes["T"], pair))


def _all(values: list[Any], axes: dict[str, int], change: Callable[[Tensor], Tensor]) -> list[Any]:
    """``change`` of every tensor that has the axes."""

    def apply(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(apply, value))
        return change(value) if _has(value, axes) else value

    return [apply(value) for value in values]

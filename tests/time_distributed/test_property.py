"""Any axes, memory order, mode, mask and structure, against one (sample, step) at a time."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tdinspect.time_distributed import TimeDistributed
from tdinspect.time_distributed.trees import tensors_in
from tests.time_distributed.reference import normal


class Shaped(nn.Module):
    """Mixes what is in a row, and gives it back with more axes, with fewer, in another order, or in a structure."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, x: Tensor, other: Tensor | None = None) -> Any:
        x = x if other is None else x + _totals(other).view(-1, *[1] * (x.ndim - 1))
        if self.kind == "structure":
            return _totals(x), [x, None, 3], {"more": x.unsqueeze(1)}
        if self.kind == "fewer":
            return _totals(x)
        return x.movedim(1, -1) if self.kind == "moved" and x.ndim > 2 else x * 2


def _totals(x: Tensor) -> Tensor:
    return x.flatten(1).sum(1) if x.ndim > 1 else x


class Case(NamedTuple):
    inputs: list[Tensor]  # with the axes (B, T, ...), whatever their order in memory
    batch: int
    time: int
    mask: Tensor | None


@st.composite
def cases(draw: st.DrawFn) -> Case:
    shape = draw(st.lists(st.integers(1, 4), min_size=2, max_size=5))
    batch, time = draw(st.permutations(range(len(shape))))[:2]
    inputs = []
    for seed in range(draw(st.integers(1, 2))):
        order = draw(st.permutations(range(len(shape))))
        stored = normal(*(shape[axis] for axis in order), seed=seed)
        inputs.append(stored.permute([order.index(axis) for axis in range(len(shape))]))
    valid = draw(st.none() | st.lists(st.booleans(), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    return Case(inputs, batch, time, None if valid is None else torch.tensor(valid).view(shape[0], shape[1]))


def _tensors(value: object) -> list[Tensor]:
    return [found for _, found in tensors_in(value, "") if isinstance(found, Tensor)]


def of_each_alone(module: nn.Module, case: Case) -> list[Tensor]:
    """The tensors of the results on single rows, (B, T, ...) each, with zeros where the mask says no."""
    samples, steps = case.inputs[0].shape[:2]
    rows = [
        _tensors(module(*(x[b, t].unsqueeze(0) for x in case.inputs))) for b in range(samples) for t in range(steps)
    ]
    stacked = [torch.unflatten(torch.cat(parts), 0, (samples, steps)) for parts in zip(*rows, strict=True)]
    if case.mask is None:
        return stacked
    return [y * case.mask.view(samples, steps, *[1] * (y.ndim - 2)) for y in stacked]


def put(y: Tensor, case: Case) -> Tensor:
    """(B, T, ...) with the two axes where the inputs have them; in front, in that order, where there is no room."""
    if max(case.batch, case.time) < y.ndim:
        return y.movedim((0, 1), (case.batch, case.time))
    return y if case.batch < case.time else y.transpose(0, 1)


@settings(max_examples=1000, deadline=None)
@given(
    case=cases(),
    kind=st.sampled_from(["same", "structure", "fewer", "moved"]),
    options=st.sampled_from([{}, {"mode": "loop"}, *({"mode": "chunk", "chunk_size": size} for size in (1, 2, 3))]),
    negative=st.booleans(),
)
def test_every_call_gives_what_each_sample_and_step_alone_gives(
    case: Case, kind: str, options: dict[str, Any], negative: bool
) -> None:
    down = case.inputs[0].ndim if negative else 0
    module = TimeDistributed(Shaped(kind), batch_axis=case.batch - down, time_axis=case.time - down, **options)
    inputs = [x.movedim((0, 1), (case.batch, case.time)) for x in case.inputs]
    expected = [put(y, case) for y in of_each_alone(module.module, case)]
    for _ in range(2):  # the second call takes the short way
        found = module(*inputs) if case.mask is None else module(*inputs, mask=case.mask)
        torch.testing.assert_close(expected, _tensors(found), check_stride=False)

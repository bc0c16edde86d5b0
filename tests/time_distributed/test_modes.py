"""Point 4: fold, loop and chunk: equal values, and what differs between them."""

from __future__ import annotations

import json
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from tdinspect.time_distributed import TimeDistributed
from tests.time_distributed.reference import Recorder, counted, normal, one_by_one

CHUNKS = [1, 2, 3, 5, 9]
MODES: list[tuple[str, int | None]] = [("fold", None), ("loop", None), *(("chunk", size) for size in CHUNKS)]
EVERY = pytest.mark.parametrize(("mode", "size"), MODES)


def small() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv1d(3, 4, 2), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(16, 2)
    ).double()


@EVERY
@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("axes", [(0, 1), (1, 0), (0, 2)])
def test_in_eval_mode_all_modes_give_the_same(mode: str, size: int | None, grad: bool, axes: tuple[int, int]) -> None:
    module, x = small().eval(), normal(2, 5, 3, 5)
    wrapped = TimeDistributed(module, mode=mode, chunk_size=size, batch_axis=axes[0], time_axis=axes[1])
    with torch.set_grad_enabled(grad):
        found = wrapped(x.movedim((0, 1), axes))
    torch.testing.assert_close(found, one_by_one(module, x).movedim((0, 1), axes))


@EVERY
def test_gradients_are_the_same_in_all_modes(mode: str, size: int | None) -> None:
    module, x = small().eval(), normal(2, 5, 3, 5).requires_grad_()
    weights = (x, *module.parameters())
    expected = torch.autograd.grad(one_by_one(module, x).square().sum(), weights)
    wrapped = TimeDistributed(module, mode=mode, chunk_size=size)
    torch.testing.assert_close(torch.autograd.grad(wrapped(x).square().sum(), weights), expected)


@EVERY
def test_a_call_takes_all_samples_of_its_steps(mode: str, size: int | None) -> None:
    inner = Recorder()
    x = normal(2, 5, 3)
    TimeDistributed(inner, mode=mode, chunk_size=size)(x)
    at_once = {"fold": 5, "loop": 1}.get(mode) or size or 0
    expected = [x[:, t : t + at_once].flatten(0, 1) for t in range(0, 5, at_once)]
    torch.testing.assert_close(inner.got, expected)


@EVERY
def test_the_hooks_of_the_inner_module_fire_once_a_call(mode: str, size: int | None) -> None:
    module = nn.Linear(3, 3)
    counter = counted(module)
    TimeDistributed(module, mode=mode, chunk_size=size)(torch.zeros(2, 5, 3))
    assert {"fold": 1, "loop": 5}.get(mode, -(-5 // (size or 1))) == counter.calls


@EVERY
def test_batch_norm_sees_what_runs_together_and_updates_once_a_call(mode: str, size: int | None) -> None:
    x = normal(4, 5, 3)
    norm, again = nn.BatchNorm1d(3).double(), nn.BatchNorm1d(3).double()
    found = TimeDistributed(norm, mode=mode, chunk_size=size)(x)
    at_once = {"fold": 5, "loop": 1}.get(mode) or size or 0
    pieces = [x[:, t : t + at_once] for t in range(0, 5, at_once)]
    torch.testing.assert_close(found, torch.cat([again(p.flatten(0, 1)).unflatten(0, (4, -1)) for p in pieces], 1))
    torch.testing.assert_close(norm.state_dict(), again.state_dict())
    assert norm.num_batches_tracked is not None
    assert len(pieces) == norm.num_batches_tracked.item()


@EVERY
def test_dropout_draws_anew_for_each_sample_and_step(mode: str, size: int | None) -> None:
    torch.manual_seed(0)
    out = TimeDistributed(nn.Dropout(0.5), mode=mode, chunk_size=size)(torch.ones(3, 5, 64))
    masks = {tuple(row) for row in out.flatten(0, 1).ne(0).tolist()}
    assert 15 == len(masks)
    assert 0.4 < out.ne(0).float().mean() < 0.6


@EVERY
def test_parts_that_are_no_tensors_come_from_the_first_call(mode: str, size: int | None) -> None:
    class Parts(nn.Module):
        def forward(self, x: Tensor) -> Any:
            return {"sum": x.sum(-1), "none": None, "flags": [x > 0, "text"]}

    x = normal(2, 5, 3)
    found = TimeDistributed(Parts(), mode=mode, chunk_size=size)(x)
    torch.testing.assert_close([found["sum"], found["flags"][0]], [x.sum(-1), x > 0])
    assert [None, "text"] == [found["none"], found["flags"][1]]


def test_the_mode_may_be_changed_later() -> None:
    module = nn.Linear(3, 3)
    counter = counted(module)
    wrapped = TimeDistributed(module)
    wrapped.mode = "loop"
    wrapped(torch.zeros(2, 5, 3))
    assert 5 == counter.calls


@pytest.mark.parametrize(
    ("message", "options"),
    [
        ("mode is 'fast'; it is one of 'fold', 'loop', 'chunk'", {"mode": "fast"}),
        ("chunk_size goes with mode='chunk', and only with it; got mode='chunk'", {"mode": "chunk"}),
        ("chunk_size goes with mode='chunk', and only with it; got mode='fold'", {"chunk_size": 3}),
        ("chunk_size is a whole number from 1 on, not 0", {"mode": "chunk", "chunk_size": 0}),
        ("chunk_size is a whole number from 1 on, not 2.5", {"mode": "chunk", "chunk_size": 2.5}),
    ],
)
def test_a_mode_there_is_not_is_a_value_error(message: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the beginning is compared
        TimeDistributed(nn.ReLU(), **options)
    assert str(caught.value).startswith(message)


def peak(wrapped: TimeDistributed, x: Tensor, folder: Path) -> int:
    """The most bytes that a call holds at once, from the profiler's record of every allocation."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        wrapped(x)
    record.export_chrome_trace(str(folder / "trace.json"))
    events = json.loads((folder / "trace.json").read_text(encoding="utf-8"))["traceEvents"]
    changes = sorted((event["ts"], event["args"]["Bytes"]) for event in events if event.get("name") == "[memory]")
    return max(accumulate(int(change) for _, change in changes))


@pytest.mark.parametrize("samples", [1, 2])
def test_chunks_and_the_loop_need_far_less_memory(samples: int, tmp_path: Path) -> None:
    module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    x = torch.zeros(samples, 128, 3, 16, 16)
    with torch.no_grad():
        whole = peak(TimeDistributed(module), x, tmp_path)
        assert peak(TimeDistributed(module, mode="chunk", chunk_size=4), x, tmp_path) < whole / 2
        assert peak(TimeDistributed(module, mode="loop"), x, tmp_path) < whole / 10

"""Point 1: where batch and time stand, what is copied, and how results lie in memory."""

from __future__ import annotations

from itertools import permutations

import pytest
import torch
from torch import Tensor, nn

from tdinspect.functional import fold, unfold
from tdinspect.time_distributed import TimeDistributed
from tests.time_distributed.reference import Recorder, normal, one_by_one


class Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x.sum(-1)


CONV = nn.Conv1d(3, 5, 2).double().eval()


@pytest.mark.parametrize("mode", ["fold", "loop"])
@pytest.mark.parametrize(("batch", "time"), list(permutations(range(4), 2)))
@pytest.mark.parametrize("negative", [False, True])
def test_every_pair_of_axes_gives_what_each_step_alone_gives(batch: int, time: int, negative: bool, mode: str) -> None:
    x = normal(2, 4, 3, 6)  # B, T, C, L
    expected = one_by_one(CONV, x).movedim((0, 1), (batch, time))
    down = 4 if negative else 0
    wrapped = TimeDistributed(CONV, batch_axis=batch - down, time_axis=time - down, mode=mode)
    torch.testing.assert_close(wrapped(x.movedim((0, 1), (batch, time))), expected)
    torch.testing.assert_close(wrapped(x.movedim((0, 1), (batch, time)).contiguous()), expected)


def test_the_two_usual_orders_have_names() -> None:
    x = normal(2, 4, 3, 6)
    expected = one_by_one(CONV, x)
    torch.testing.assert_close(TimeDistributed.batch_first(CONV, mode="loop")(x), expected)
    torch.testing.assert_close(TimeDistributed.time_first(CONV)(x.transpose(0, 1)), expected.transpose(0, 1))
    assert "time_axis=0, batch_axis=1" == TimeDistributed.time_first(CONV).extra_repr()


@pytest.mark.parametrize("time", [0, 1, 2, -1])
def test_an_unbatched_input_has_a_time_axis_alone(time: int) -> None:
    x = normal(4, 3, 6)
    expected = CONV(x).movedim(0, time)
    torch.testing.assert_close(TimeDistributed(CONV, batch_axis=None, time_axis=time)(x.movedim(0, time)), expected)


@pytest.mark.parametrize("mode", ["fold", "loop"])
def test_an_output_with_too_few_axes_keeps_batch_and_time_in_their_order(mode: str) -> None:
    wrapped = TimeDistributed(nn.Flatten(0), batch_axis=2, time_axis=0, mode=mode)
    assert (5, 2) == wrapped(normal(5, 1, 2)).shape


@pytest.mark.parametrize(
    ("x", "batch", "time"),
    [
        (normal(2, 4, 3), 0, 1),
        (normal(4, 2, 3), 1, 0),
        (normal(4, 2, 3).transpose(0, 1), 0, 1),
        (normal(2, 4, 3).transpose(0, 1), 1, 0),
        (normal(4, 3), None, 0),
        (normal(2, 4, 6, 6, 3).permute(0, 1, 4, 2, 3), 0, 1),
        (normal(2, 8, 3)[:, :1], 0, 1),
    ],
)
def test_nothing_is_copied_where_the_strides_allow_it(x: Tensor, batch: int | None, time: int) -> None:
    inner = Recorder()
    out = TimeDistributed(inner, batch_axis=batch, time_axis=time)(x)
    assert x.data_ptr() == inner.got[0].data_ptr() == out.data_ptr()
    torch.testing.assert_close(out, x)


@pytest.mark.parametrize("axes", [(0, 1), (1, 0)])
@pytest.mark.parametrize(
    "x",
    [
        normal(2, 4, 3, 6),
        normal(4, 2, 3, 6).transpose(0, 1),
        normal(2, 8, 3, 6)[:, ::2],
        normal(8, 2, 3, 6)[::2].transpose(0, 1),
        normal(2, 8, 3, 6)[:, :4],
        normal(1, 4, 3, 6).expand(2, 4, 3, 6),
        normal(2, 1, 3, 6).expand(2, 4, 3, 6),
        normal(3, 6, 2, 4).permute(2, 3, 0, 1),
        normal(2, 3, 6, 1).permute(0, 3, 1, 2),
        normal(1, 3, 6, 4).permute(0, 3, 1, 2),
    ],
)
def test_values_do_not_depend_on_how_the_input_lies_in_memory(x: Tensor, axes: tuple[int, int]) -> None:
    wrapped = TimeDistributed(CONV, batch_axis=axes[0], time_axis=axes[1])
    parts = TimeDistributed(Pair(), batch_axis=axes[0], time_axis=axes[1])
    expected = one_by_one(CONV, x)
    for _ in range(2):  # the second call takes the short way
        torch.testing.assert_close(wrapped(x), expected)
        torch.testing.assert_close(parts(x), (x, x.sum(-1)))


@pytest.mark.parametrize("sliced", [False, True])
@pytest.mark.parametrize("axes", [(0, 1), (1, 0)])
def test_channels_last_stays_channels_last(axes: tuple[int, int], sliced: bool) -> None:
    x = normal(2, 8, 6, 6, 3).permute(0, 1, 4, 2, 3)
    inner = Recorder()
    x = x[:, :5] if sliced else x  # of a slice the rows cannot be a view
    out = TimeDistributed(inner, batch_axis=axes[0], time_axis=axes[1])(x)
    assert inner.got[0].is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(out, x)


def test_rows_that_a_mask_picks_stay_channels_last() -> None:
    x = normal(2, 4, 6, 6, 3).permute(0, 1, 4, 2, 3)
    inner = Recorder()
    out = TimeDistributed(inner)(x, lengths=[4, 3])
    assert inner.got[0].is_contiguous(memory_format=torch.channels_last)
    assert out.flatten(0, 1).is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(out[0], x[0])


@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.parametrize("mode", ["fold", "loop"])
def test_what_a_convolution_gives_in_channels_last_stays_so(mode: str, grad: bool) -> None:
    conv = nn.Conv2d(3, 4, 3, padding=1)
    conv.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = normal(2, 4, 6, 6, 3, dtype=torch.float32).permute(0, 1, 4, 2, 3)
    with torch.set_grad_enabled(grad):
        out = TimeDistributed(conv, mode=mode)(x)
    folded = out.flatten(0, 1) if mode == "fold" else out[0]
    assert folded.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(out, torch.unflatten(conv(x.flatten(0, 1)), 0, (2, 4)))


@pytest.mark.parametrize(("batch", "time"), [(0, 1), (1, 0), (0, 2), (2, 1), (None, 1), (-1, 0)])
def test_unfold_undoes_fold(batch: int | None, time: int) -> None:
    x = normal(2, 4, 3, 6)
    folded, how = fold(x, batch_axis=batch, time_axis=time)
    assert folded.shape[0] == how.rows == x.shape[time] * (1 if batch is None else x.shape[batch])
    torch.testing.assert_close(unfold(folded, how), x)


def test_what_is_computed_on_folded_rows_unfolds_with_them() -> None:
    x = normal(4, 2, 3)
    folded, how = fold(x, time_axis=0, batch_axis=1)
    torch.testing.assert_close(unfold(folded.sum(-1), how), x.sum(-1))
    with pytest.raises(ValueError, match=r"must keep the folded axis of 8 first, got \[7, 3\]"):
        unfold(folded[1:], how)

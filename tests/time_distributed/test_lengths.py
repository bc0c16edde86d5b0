"""Point 5: masks, lengths and packed sequences: only valid steps are run."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pack_sequence, pad_packed_sequence

from tdinspect.time_distributed import TimeDistributed
from tests.time_distributed.reference import Recorder, normal, one_by_one

X = normal(3, 4, 5)
LENGTHS = torch.tensor([4, 0, 2])
MASK = torch.tensor([[True] * 4, [False] * 4, [True, True, False, False]])
HOLES = torch.tensor([[True, False, True, False], [False, False, False, True], [False, True, True, False]])
MODES = pytest.mark.parametrize(("mode", "size"), [("fold", None), ("loop", None), ("chunk", 3)])
LINEAR = nn.Linear(5, 2).double()


def wrapped(module: nn.Module, mode: str = "fold", size: int | None = None, **options: Any) -> TimeDistributed:
    return TimeDistributed(module, mode=mode, chunk_size=size, **options)


@MODES
@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("fill", [0.0, -1.5, float("nan")])
@pytest.mark.parametrize("mask", [MASK, HOLES, ~HOLES, torch.ones(3, 4) > 0, torch.zeros(3, 4) > 0])
def test_valid_steps_hold_their_own_result_and_the_others_the_fill_value(
    mask: Tensor, fill: float, grad: bool, mode: str, size: int | None
) -> None:
    expected = one_by_one(LINEAR, X).where(mask.unsqueeze(-1), torch.tensor(fill).double())
    with torch.set_grad_enabled(grad):
        found = wrapped(LINEAR, mode, size, fill_value=fill)(X, mask=mask)
    torch.testing.assert_close(found, expected, equal_nan=True)


@MODES
@pytest.mark.parametrize("lengths", [LENGTHS, [4, 0, 2], (4, 0, 2), LENGTHS.to(torch.uint8)])
def test_lengths_are_a_mask_that_starts_with_valid_steps(lengths: Any, mode: str, size: int | None) -> None:
    module = wrapped(LINEAR, mode, size)
    torch.testing.assert_close(module(X, lengths=lengths), module(X, mask=MASK))


@MODES
@pytest.mark.parametrize(("batch", "time"), [(1, 0), (0, 2), (2, 1)])
def test_a_mask_is_batch_by_time_wherever_the_axes_are(batch: int, time: int, mode: str, size: int | None) -> None:
    found = wrapped(LINEAR, mode, size, batch_axis=batch, time_axis=time)
    if max(batch, time) < 2:
        x = X.movedim((0, 1), (batch, time))
        torch.testing.assert_close(found(x, mask=HOLES), found(x).masked_fill(~HOLES.T.unsqueeze(-1), 0))
    else:
        x = X.movedim((0, 1), (batch, time))
        valid = HOLES.unsqueeze(-1).movedim((0, 1), (batch, time))
        torch.testing.assert_close(found(x, mask=HOLES), found(x).masked_fill(~valid, 0))


def test_one_unbatched_sample_has_a_mask_of_steps_or_one_length() -> None:
    module = TimeDistributed(LINEAR, batch_axis=None, time_axis=0)
    expected = LINEAR(X[0]) * torch.tensor([1, 1, 0, 0]).unsqueeze(-1)
    torch.testing.assert_close(module(X[0], mask=torch.tensor([True, True, False, False])), expected)
    torch.testing.assert_close(module(X[0], lengths=2), expected)
    torch.testing.assert_close(module(X[0], lengths=torch.tensor(2)), expected)


@MODES
def test_the_module_gets_valid_steps_only(mode: str, size: int | None) -> None:
    inner = Recorder()
    wrapped(inner, mode, size)(X, mask=HOLES)
    got = torch.cat(inner.got)
    assert sorted(X[HOLES].sum(-1).tolist()) == pytest.approx(sorted(got.sum(-1).tolist()))


def test_padding_enters_neither_the_statistics_of_batch_norm_nor_a_gradient() -> None:
    norm, again = nn.BatchNorm1d(5).double(), nn.BatchNorm1d(5).double()
    x = X.masked_fill(~MASK.unsqueeze(-1), float("nan")).requires_grad_()
    found = TimeDistributed(norm)(x, lengths=LENGTHS)
    torch.testing.assert_close(found[MASK], again(X[MASK]))
    torch.testing.assert_close(norm.state_dict(), again.state_dict())
    (gradient,) = torch.autograd.grad(found.square().sum(), x)
    assert bool(gradient.isfinite().all())
    assert 0 == gradient[~MASK].abs().sum()


@MODES
def test_every_part_of_a_result_is_filled(mode: str, size: int | None) -> None:
    class Parts(nn.Module):
        def forward(self, x: Tensor, other: Tensor) -> Any:
            return {"sum": x.sum(-1), "parts": [other > 0, other.argmax(-1)]}

    found = wrapped(Parts(), mode, size)(X, other=X, mask=HOLES)
    torch.testing.assert_close(found["sum"], X.sum(-1) * HOLES)
    torch.testing.assert_close(found["parts"][0], (X > 0) & HOLES.unsqueeze(-1))
    torch.testing.assert_close(found["parts"][1], X.argmax(-1) * HOLES)


@MODES
def test_states_of_a_recurrence_are_filled_at_padded_steps(mode: str, size: int | None) -> None:
    rnn = nn.GRU(5, 6, 2, batch_first=True).double()
    x = normal(3, 4, 7, 5)
    out, state = wrapped(rnn, mode, size)(x, mask=HOLES)
    whole, states = TimeDistributed(rnn)(x)
    torch.testing.assert_close(out, whole * HOLES[..., None, None])
    torch.testing.assert_close(state, states * HOLES[None, ..., None])


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("mask: (4, 3) beside (B, T) = (3, 4) of the input", {"mask": MASK.T}),
        ("mask: (3,) beside (B, T) = (3, 4) of the input", {"mask": MASK[:, 0]}),
        ("mask: it must be boolean, True where a step is valid; got torch.int64", {"mask": MASK.long()}),
        ("mask: give mask or lengths, not both", {"mask": MASK, "lengths": LENGTHS}),
        ("mask: (3, 4, 1) beside (B, T) = (3, 4) of the input", {"mask": MASK.unsqueeze(-1)}),
        ("lengths: (2,) beside (B, T) = (3, 4) of the input", {"lengths": LENGTHS[:2]}),
        ("lengths: (1, 3) beside (B, T) = (3, 4) of the input", {"lengths": LENGTHS.unsqueeze(0)}),
        ("lengths: 5 is not within 0..4, the steps of the input", {"lengths": [1, 5, 2]}),
        ("lengths: -1 is not within 0..4, the steps of the input", {"lengths": [1, -1, 2]}),
        ("lengths: they must be whole numbers; got torch.float32", {"lengths": [1.0, 2.0, 3.0]}),
        ("lengths: they must be whole numbers; got torch.bool", {"lengths": LENGTHS > 0}),
    ],
)
def test_a_wrong_mask_and_wrong_lengths_are_value_errors(message: str, named: dict[str, Any]) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the whole text is compared
        TimeDistributed(LINEAR)(X, **named)
    assert message == str(caught.value)


def test_a_fill_value_that_a_result_cannot_hold_is_a_value_error() -> None:
    class Best(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.argmax(-1)

    with pytest.raises(ValueError, match=r"output: its dtype torch\.int64 cannot hold fill_value=nan at padded steps"):
        TimeDistributed(Best(), fill_value=float("nan"))(X, mask=MASK)


def test_a_mask_of_more_axes_is_the_modules_own() -> None:
    class Mean(nn.Module):
        def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
            return x.mean(-1) if mask is None else (x * mask).sum(-1)

    words = normal(3, 4, 5) > 0
    module = TimeDistributed(Mean())
    torch.testing.assert_close(module(X, mask=words), (X * words).sum(-1))
    torch.testing.assert_close(module(X, mask=words, lengths=LENGTHS), (X * words).sum(-1) * MASK)
    torch.testing.assert_close(module(X, mask=MASK), X.mean(-1) * MASK)
    torch.testing.assert_close(module(X, mask=None), X.mean(-1))


def test_a_mask_that_the_module_cannot_do_without_is_handed_to_it_step_by_step() -> None:
    class Masked(nn.Module):
        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            return torch.where(mask[:, None], x, 9.0)

    for mode in ("fold", "loop"):
        expected = torch.where(MASK[..., None], X, torch.tensor(9.0).to(X))
        torch.testing.assert_close(expected, TimeDistributed(Masked(), mode=mode)(X, mask=MASK))


def test_a_mask_may_be_passed_through_to_the_module() -> None:
    class Masked(nn.Module):
        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            return x * mask

    mask = normal(5)
    torch.testing.assert_close(TimeDistributed(Masked(), passthrough=("mask",))(X, mask=mask), X * mask)


def packed(*lengths: int, enforce_sorted: bool = False) -> tuple[PackedSequence, Tensor]:
    x = normal(len(lengths), max(lengths), 5)
    return pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=enforce_sorted), x


@MODES
@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("lengths", [(2, 4, 1), (4, 4, 4), (1,), (5, 2, 2, 1)])
def test_a_packed_sequence_comes_out_packed_alike(
    lengths: tuple[int, ...], grad: bool, mode: str, size: int | None
) -> None:
    given, x = packed(*lengths)
    with torch.set_grad_enabled(grad):
        found = wrapped(LINEAR, mode, size)(given)
    assert isinstance(found, PackedSequence)
    assert given.batch_sizes is found.batch_sizes
    assert given.sorted_indices is found.sorted_indices
    assert given.unsorted_indices is found.unsorted_indices
    padded, counts = pad_packed_sequence(found, batch_first=True)
    torch.testing.assert_close(padded, TimeDistributed(LINEAR)(x, lengths=torch.tensor(lengths)))
    assert list(lengths) == counts.tolist()


@MODES
def test_parts_of_a_packed_result_are_packed_each(mode: str, size: int | None) -> None:
    given, _ = packed(4, 3, 1)
    rnn = nn.LSTM(1, 6, 2).double()
    words = PackedSequence(given.data.unsqueeze(-1), given.batch_sizes, given.sorted_indices, given.unsorted_indices)
    out, (h, _) = wrapped(rnn, mode, size)(words)
    expected, (state, _) = rnn(words.data.transpose(0, 1))
    torch.testing.assert_close(out.data, expected.transpose(0, 1))
    torch.testing.assert_close(h.data, state.transpose(0, 1))


def test_a_packed_sequence_between_two_recurrences_is_run_without_unpacking() -> None:
    first, second = nn.LSTM(5, 6).double(), nn.LSTM(3, 2).double()
    middle = nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3)).double().eval()
    sequences = [normal(n, 5) for n in (2, 4, 1)]
    out, _ = second(TimeDistributed(middle)(first(pack_sequence(sequences, enforce_sorted=False))[0]))
    padded, _ = pad_packed_sequence(out)
    for i, sequence in enumerate(sequences):
        torch.testing.assert_close(padded[: len(sequence), i], second(middle(first(sequence)[0]))[0])


def test_several_packed_sequences_must_be_packed_alike() -> None:
    class Both(nn.Module):
        def forward(self, x: Tensor, other: Tensor) -> Tensor:
            return x + other

    (x, _), (same, _), (other, _) = packed(4, 2), packed(4, 2), packed(4, 3)
    swapped, _ = packed(2, 4)
    module = TimeDistributed(Both())
    torch.testing.assert_close(module(x, other=same).data, x.data + same.data)
    with pytest.raises(ValueError, match=r"^other: batch_sizes \[2, 2, 2, 1\] beside \[2, 2, 1, 1\] of x$"):
        module(x, other)
    with pytest.raises(ValueError, match=r"^other: its samples are sorted otherwise than those of x$"):
        module(x, swapped)
    with pytest.raises(ValueError, match=r"^other: a tensor \(2, 4, 5\) beside the PackedSequence x; pack it alike"):
        module(x, normal(2, 4, 5))
    with pytest.raises(ValueError, match=r"^mask: a PackedSequence has its own lengths$"):
        module(x, same, mask=MASK)


def test_packed_steps_are_guarded_too() -> None:
    with pytest.raises(ValueError, match="LSTM would take the folded axis"):
        TimeDistributed(nn.LSTM(5, 6))(packed(4, 2)[0])

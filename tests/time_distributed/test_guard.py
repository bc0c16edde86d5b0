"""Point 3: the axis guard, held against what a change of one slice does to the others."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tdinspect.time_distributed import TimeDistributed
from tests.time_distributed.reference import normal


class First(nn.Module):
    """The first part of what a module gives."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tensor) -> Any:
        found = self.module(*inputs)
        return found[0] if isinstance(found, tuple) else found


class Attend(nn.Module):
    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, **options)

    def forward(self, x: Tensor) -> Any:
        return self.attention(x, x, x)[0]


def transformer(**options: Any) -> nn.TransformerEncoderLayer:
    return nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, **options)


# a module on (2, 3, *step): 6 folded slices
MIXING = {
    "Conv1d": (nn.Conv1d(6, 6, 3, padding=1), (8,)),
    "Conv2d": (nn.Conv2d(6, 6, 3, padding=1), (5, 8)),
    "Conv3d": (nn.Conv3d(6, 6, 1), (2, 5, 8)),
    "ConvTranspose1d": (nn.ConvTranspose1d(6, 6, 1), (8,)),
    "ConvTranspose2d": (nn.ConvTranspose2d(6, 6, 1), (5, 8)),
    "ConvTranspose3d": (nn.ConvTranspose3d(6, 6, 1), (2, 5, 8)),
    "Softmax2d": (nn.Softmax2d(), (5, 8)),
    "Softmax of no dim": (nn.Softmax(), (5, 8)),
    "Softmax of dim 0": (nn.Softmax(dim=0), (8,)),
    "LogSoftmax of a negative dim": (nn.LogSoftmax(dim=-2), (8,)),
    "Softmin": (nn.Softmin(dim=0), (5, 8)),
    "Linear on scalars": (nn.Linear(6, 6), ()),
    "LayerNorm over all": (nn.LayerNorm((6, 8)), (8,)),
    "LSTM": (First(nn.LSTM(8, 4)), (8,)),
    "GRU, batch_first": (First(nn.GRU(8, 4, batch_first=True)), (8,)),
    "RNN inside, time first": (First(nn.RNN(8, 4)), (5, 8)),
    "attention": (Attend(), (8,)),
    "attention, batch_first": (Attend(batch_first=True), (8,)),
    "attention inside, time first": (Attend(), (5, 8)),
    "transformer": (transformer(), (8,)),
    "transformer, batch_first": (transformer(batch_first=True), (8,)),
    "transformer inside, time first": (nn.Sequential(nn.ReLU(), transformer()), (5, 8)),
    "encoder inside": (First(nn.TransformerEncoder(transformer(), 1, enable_nested_tensor=False)), (5, 8)),
    "deep inside": (nn.Sequential(nn.ReLU(), nn.Sequential(nn.Conv2d(6, 6, 1))), (5, 8)),
    "after an axis is lost": (nn.Sequential(nn.Flatten(1), nn.Conv1d(6, 6, 1)), (2, 8)),
}
HARMLESS = {
    "Conv2d": (nn.Conv2d(3, 4, 3), (3, 5, 8)),
    "Conv2d, one sample": (nn.Conv2d(1, 4, 3), (1, 5, 8)),
    "MaxPool1d": (nn.MaxPool1d(2), (8,)),
    "AvgPool2d": (nn.AvgPool2d(2), (6, 8)),
    "ReflectionPad1d": (nn.ReflectionPad1d(1), (8,)),
    "InstanceNorm1d": (nn.InstanceNorm1d(6), (8,)),
    "Softmax": (nn.Softmax(dim=-1), (5, 8)),
    "Softmax over channels": (nn.Softmax(dim=1), (5, 8)),
    "Softmax2d": (nn.Softmax2d(), (3, 5, 8)),
    "LayerNorm": (nn.LayerNorm(8), (8,)),
    "Linear": (nn.Linear(8, 4), (8,)),
    "Linear on as many features as slices": (nn.Linear(6, 4), (6,)),
    "LSTM": (First(nn.LSTM(8, 4, batch_first=True)), (5, 8)),
    "LSTM itself, time first": (nn.Sequential(First(nn.LSTM(8, 4, batch_first=True))), (6, 8)),
    "attention": (Attend(batch_first=True), (5, 8)),
    "transformer": (transformer(batch_first=True), (5, 8)),
    "transformer itself, time first": (transformer(), (5, 8)),
    "transformer itself, as many steps as slices": (transformer(), (6, 8)),
}


def mixes(wrapped: TimeDistributed, x: Tensor) -> bool:
    """True when a change of one (sample, step) shows in another."""
    changed = x.clone()
    changed[0, 0] += normal(*x.shape[2:], seed=8)  # the first row: a recurrence hands it on
    moved = (wrapped(x) - wrapped(changed)).abs().flatten(2).amax(2) if x.ndim > 2 else wrapped(x) - wrapped(changed)
    assert moved[0, 0] != 0
    moved[0, 0] = 0
    return bool((moved.abs() > 1e-9).any())


@pytest.mark.filterwarnings("ignore:Implicit dimension choice")
@pytest.mark.parametrize("name", MIXING)
def test_a_layer_that_mixes_samples_and_steps_is_refused(name: str) -> None:
    module, step = MIXING[name]
    module.double().eval()
    x = normal(2, 3, *step)
    with pytest.raises(ValueError, match=r"would take the folded axis of \(6.*mix different samples and steps: .* "):
        TimeDistributed(module)(x)
    assert mixes(TimeDistributed(module, guard=False), x)


@pytest.mark.parametrize("name", HARMLESS)
def test_a_layer_that_keeps_samples_and_steps_apart_is_let_through(name: str) -> None:
    module, step = HARMLESS[name]
    module.double().eval()
    assert not mixes(TimeDistributed(module), normal(2, 3, *step))


def test_the_refusal_names_the_layer_the_shape_and_what_to_do() -> None:
    expected = (
        "Conv2d (1.0) would take the folded axis of (20, 16, 16) for the channels of one unbatched sample, and mix "
        "different samples and steps: give each step its channels: (B, T, C, H, W) (guard=False lets it pass)"
    )
    inner = nn.Sequential(nn.ReLU(), nn.Sequential(nn.Conv2d(20, 20, 3)))
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the whole text is compared
        TimeDistributed(inner)(torch.zeros(4, 5, 16, 16))
    assert expected == str(caught.value)


@pytest.mark.parametrize(("mode", "size"), [("loop", None), ("chunk", 2)])
def test_every_mode_is_guarded(mode: str, size: int | None) -> None:
    wrapped = TimeDistributed(nn.Conv1d(2, 2, 1), mode=mode, chunk_size=size)
    with pytest.raises(ValueError, match="Conv1d would take"):
        wrapped(torch.zeros(2, 3, 8))


def test_another_size_of_a_step_is_looked_at_again() -> None:
    wrapped = TimeDistributed(nn.Conv1d(6, 6, 1))
    wrapped(torch.zeros(2, 3, 6, 8))
    with pytest.raises(ValueError, match="Conv1d would take"):
        wrapped(torch.zeros(2, 3, 8))
    wrapped(torch.zeros(2, 3, 6, 8))


def test_a_branch_that_only_trains_is_looked_at_in_training() -> None:
    class Branch(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv1d(6, 6, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(x) if self.training else x

    wrapped = TimeDistributed(Branch()).eval()
    wrapped(torch.zeros(2, 3, 8))
    with pytest.raises(ValueError, match=r"Conv1d \(conv\) would take"):
        wrapped.train()(torch.zeros(2, 3, 8))


@pytest.mark.parametrize("put", [setattr, TimeDistributed.add_module, TimeDistributed.register_module])
def test_a_layer_put_in_later_is_guarded(put: Any) -> None:
    wrapped = TimeDistributed(nn.ReLU())
    wrapped(torch.zeros(2, 3, 8))
    put(wrapped, "module", nn.Conv1d(6, 6, 1))
    with pytest.raises(ValueError, match="Conv1d would take"):
        wrapped(torch.zeros(2, 3, 8))


def test_a_layer_on_a_parameter_as_long_as_the_folded_axis_is_let_through() -> None:
    class Weighted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights, self.softmax = nn.Parameter(torch.zeros(6)), nn.Softmax(dim=0)

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = x * self.softmax(self.weights)[0]
            return y

    torch.testing.assert_close(torch.ones(2, 3, 8) / 6, TimeDistributed(Weighted())(torch.ones(2, 3, 8)))
    with pytest.raises(ValueError, match="Softmax would take"):
        TimeDistributed(nn.Softmax(dim=0))(nn.Parameter(torch.ones(2, 3, 8)))


def test_equal_sizes_do_not_hide_a_mistake_from_later_calls() -> None:
    wrapped = TimeDistributed(First(nn.LSTM(8, 4)))
    wrapped(torch.zeros(2, 3, 6, 8))  # 6 slices of 6 steps: which axis is which cannot be seen
    with pytest.raises(ValueError, match="LSTM"):
        wrapped(torch.zeros(2, 2, 6, 8))


def test_the_guard_leaves_no_hooks_behind() -> None:
    conv = nn.Conv1d(6, 6, 1)
    wrapped = TimeDistributed(nn.Sequential(conv))
    for x in (torch.zeros(2, 3, 6, 8), torch.zeros(2, 3, 8)):
        with suppress(ValueError):
            wrapped(x)
        assert not conv._forward_pre_hooks


def test_a_layer_under_an_inner_wrapper_is_guarded_by_that_one() -> None:
    inner = TimeDistributed(nn.Conv1d(6, 6, 1))
    assert (2, 3, 4, 6, 8) == TimeDistributed(inner)(torch.zeros(2, 3, 4, 6, 8)).shape
    with pytest.raises(ValueError, match="Conv1d would take"):
        TimeDistributed(inner)(torch.zeros(1, 3, 2, 8))

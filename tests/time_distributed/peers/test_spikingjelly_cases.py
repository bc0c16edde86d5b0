"""What users of spikingjelly's multi-step layers and containers rely on: time-first sequences, cases written anew.

The equalities were checked against ``SeqToANNContainer`` and ``MultiStepContainer`` of spikingjelly 2.0.0.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from tdinspect import TimeDistributed
from tests.time_distributed.peers.steps import step_by_step

TIME_FIRST: dict[str, Any] = {"time_axis": 0, "batch_axis": 1}


@pytest.mark.parametrize("mode", ["fold", "loop"])
def test_a_linear_layer_folded_and_stepped_are_equal(mode: str) -> None:
    linear, x = nn.Linear(4, 3), torch.randn(5, 2, 4)
    actual = TimeDistributed(linear, mode=mode, **TIME_FIRST)(x)
    assert (5, 2, 3) == actual.shape
    torch.testing.assert_close(actual, step_by_step(linear, x, time_axis=0))


def test_a_sequential_is_folded_as_a_whole() -> None:
    block = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)).eval()
    x = torch.randn(5, 2, 3, 8, 8)
    actual = TimeDistributed(block, **TIME_FIRST)(x)
    assert (5, 2, 8, 4, 4) == actual.shape
    torch.testing.assert_close(actual, step_by_step(block, x, time_axis=0))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Conv1d(3, 4, 3, padding=1), (3, 8)),
        (nn.Conv2d(3, 4, 3, stride=2), (3, 8, 8)),
        (nn.Conv3d(3, 4, 3), (3, 4, 4, 4)),
        (nn.ConvTranspose1d(3, 4, 3), (3, 8)),
        (nn.ConvTranspose2d(3, 4, 3), (3, 8, 8)),
        (nn.ConvTranspose3d(3, 4, 2), (3, 4, 4, 4)),
        (nn.Upsample(scale_factor=2), (3, 8, 8)),
        (nn.AvgPool2d(2), (3, 8, 8)),
        (nn.MaxPool2d(2), (3, 8, 8)),
        (nn.AdaptiveAvgPool2d((1, 2)), (3, 8, 8)),
        (nn.AdaptiveMaxPool3d((1, 2, 3)), (3, 4, 4, 4)),
        (nn.GroupNorm(3, 6), (6, 4, 4)),
        (nn.Flatten(), (3, 4, 4)),
        (nn.Linear(4, 3), (4,)),
        (nn.Identity(), (4,)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_a_multi_step_layer_equals_the_layer_stepped(layer: nn.Module, shape: tuple[int, ...]) -> None:
    x = torch.randn(5, 2, *shape)
    actual = TimeDistributed(layer, **TIME_FIRST)(x)
    torch.testing.assert_close(actual, step_by_step(layer, x, time_axis=0))


@pytest.mark.parametrize(
    ("norm", "shape"),
    [
        (nn.BatchNorm1d(4), (3, 2, 4)),
        (nn.BatchNorm2d(4), (3, 2, 4, 5, 6)),
        (nn.BatchNorm3d(4), (3, 2, 4, 2, 3, 5)),
    ],
    ids=["1d", "2d", "3d"],
)
@pytest.mark.parametrize("training", [True, False])
def test_a_multi_step_batch_norm_is_torchs_on_the_flattened_sequence(
    norm: nn.Module, shape: tuple[int, ...], training: bool
) -> None:
    norm.train(training)
    x = torch.randn(shape)
    expected = norm(x.flatten(0, 1)).view_as(x)
    torch.testing.assert_close(TimeDistributed(norm, **TIME_FIRST)(x), expected)


def test_a_chunk_of_steps_equals_all_at_once() -> None:
    block, x = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), torch.randn(7, 2, 3, 5, 5)
    actual = TimeDistributed(block, mode="chunk", chunk_size=3, **TIME_FIRST)(x)
    torch.testing.assert_close(actual, step_by_step(block, x, time_axis=0))


def test_time_may_be_the_last_axis() -> None:
    layer, x = nn.Conv2d(3, 4, 3), torch.randn(2, 3, 5, 5, 7)
    actual = TimeDistributed(layer, time_axis=-1)(x)
    assert (2, 4, 3, 3, 7) == actual.shape
    torch.testing.assert_close(actual, step_by_step(layer, x, time_axis=-1))


def test_a_module_with_state_is_stepped_in_order_by_the_loop() -> None:
    class Sum(nn.Module):
        """A neuron that adds up what it has seen."""

        def __init__(self) -> None:
            super().__init__()
            self.seen: torch.Tensor | float = 0.0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.seen = self.seen + x
            return self.seen

    x = torch.randn(5, 2, 4)
    torch.testing.assert_close(TimeDistributed(Sum(), mode="loop", **TIME_FIRST)(x), x.cumsum(0))


def test_gradients_through_a_time_first_fold_are_those_of_the_steps() -> None:
    layer, x = nn.Conv2d(3, 4, 3), torch.randn(5, 2, 3, 6, 6, requires_grad=True)
    (expected,) = torch.autograd.grad(step_by_step(layer, x, time_axis=0).square().sum(), x)
    (actual,) = torch.autograd.grad(TimeDistributed(layer, **TIME_FIRST)(x).square().sum(), x)
    torch.testing.assert_close(actual, expected)

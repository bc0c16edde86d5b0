"""What users of fastai's TimeDistributed rely on: the cases shown and tested in its notebook on layers, written anew.

``low_mem=True`` is ``mode="loop"`` here. The shapes and the equality of both modes were checked against fastai 2.8.12.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tdinspect import TimeDistributed
from tests.time_distributed.peers.steps import step_by_step

MODES: list[dict[str, Any]] = [
    {"mode": "fold"},
    {"mode": "loop"},
    {"mode": "chunk", "chunk_size": 1},
    {"mode": "chunk", "chunk_size": 2},
    {"mode": "chunk", "chunk_size": 99},
]
in_every_mode = pytest.mark.parametrize("mode", MODES, ids=lambda mode: "-".join(map(str, mode.values())))


class TwoIn(nn.Module):
    """One convolution over two images, summed, or side by side as a tuple; ``scale`` multiplies."""

    def __init__(self, pair: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.pair = pair

    def forward(self, x: Tensor, y: Tensor, scale: float | Tensor = 1.0) -> Tensor | tuple[Tensor, Tensor]:
        """Both are ``(N, 3, H, W)``, and so is what comes out with 4 channels."""
        left, right = self.conv(x) * scale, self.conv(y) * scale
        return (left, right) if self.pair else left + right


def images(steps: int = 5) -> Tensor:
    """Two samples of tiny images."""
    return torch.rand(2, steps, 3, 2, 2)


@in_every_mode
def test_a_convolution_of_one_input(mode: dict[str, Any]) -> None:
    layer, x = nn.Conv2d(3, 4, 1), images()
    actual = TimeDistributed(layer, **mode)(x)
    assert (2, 5, 4, 2, 2) == actual.shape
    torch.testing.assert_close(actual, step_by_step(layer, x))


@in_every_mode
def test_a_module_of_two_inputs(mode: dict[str, Any]) -> None:
    layer, x, y = TwoIn(), images(), images()
    torch.testing.assert_close(TimeDistributed(layer, **mode)(x, y), step_by_step(layer, x, y))


@in_every_mode
def test_a_module_of_two_inputs_and_two_outputs(mode: dict[str, Any]) -> None:
    layer, x, y = TwoIn(pair=True), images(), images()
    actual = TimeDistributed(layer, **mode)(x, y)
    assert isinstance(actual, tuple)
    left, right = actual
    torch.testing.assert_close(left, step_by_step(layer.conv, x))
    torch.testing.assert_close(right, step_by_step(layer.conv, y))


@in_every_mode
def test_a_number_by_keyword(mode: dict[str, Any]) -> None:
    layer, x, y = TwoIn(), images(), images()
    torch.testing.assert_close(TimeDistributed(layer, **mode)(x, y, scale=3.0), 3 * step_by_step(layer, x, y))


@in_every_mode
def test_a_tensor_by_keyword_has_its_own_value_at_each_step(mode: dict[str, Any]) -> None:
    layer, x, y = TwoIn(), images(), images()
    scale = torch.rand(2, 5, 1, 1, 1)
    actual = TimeDistributed(layer, **mode)(x, y, scale=scale)
    torch.testing.assert_close(actual, step_by_step(layer, x, y) * scale)


@in_every_mode
def test_a_tensor_by_keyword_passed_through_is_the_same_at_each_step(mode: dict[str, Any]) -> None:
    layer, x, y = TwoIn(), images(), images()
    scale = torch.rand(4, 1, 1)
    actual = TimeDistributed(layer, passthrough=("scale",), **mode)(x, y, scale=scale)
    torch.testing.assert_close(actual, step_by_step(layer, x, y) * scale)


@in_every_mode
def test_time_may_be_another_axis(mode: dict[str, Any]) -> None:
    layer, x = nn.Conv2d(3, 4, 1), images()
    expected = step_by_step(layer, x).movedim(1, 2)
    actual = TimeDistributed(layer, time_axis=2, **mode)(x.movedim(1, 2))
    assert (2, 4, 5, 2, 2) == actual.shape
    torch.testing.assert_close(actual, expected)


@in_every_mode
def test_gradients_are_the_same_whatever_the_mode(mode: dict[str, Any]) -> None:
    layer, x = nn.Conv2d(3, 4, 1), images().requires_grad_()
    (expected,) = torch.autograd.grad(step_by_step(layer, x).square().sum(), x)
    (actual,) = torch.autograd.grad(TimeDistributed(layer, **mode)(x).square().sum(), x)
    torch.testing.assert_close(actual, expected)


def test_a_printed_wrapper_shows_the_module_in_it() -> None:
    assert "Conv2d(3, 4" in repr(TimeDistributed(nn.Conv2d(3, 4, 1)))

"""Each fault found in an existing wrapper, as a test that ours does not have it.

Which wrapper has which fault: the comment above each group. Reproduced with Keras 3.15.1, fastai 2.8.12,
AllenNLP 2.10.1, pytorch-forecasting 1.8.0, tsai 1.0.1, spikingjelly 2.0.0 and the wrapper that a much-read blog shows.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tdinspect import TimeDistributed
from tests.time_distributed.peers.steps import Add, step_by_step


class Returns(nn.Module):
    """Give back whatever ``make`` makes of the folded input; counts how often it is called."""

    def __init__(self, make: Callable[[Any], object]) -> None:
        super().__init__()
        self.make = make
        self.calls = 0

    def forward(self, x: Any) -> object:
        """``make(x)``."""
        self.calls += 1
        return self.make(x)


def channels_last_frames() -> Tensor:
    """(2, 3, 3, 5, 5): each folded frame is channels_last."""
    return torch.rand(6, 3, 5, 5).to(memory_format=torch.channels_last).view(2, 3, 3, 5, 5)


X = torch.arange(2 * 3 * 4, dtype=torch.float32).reshape(2, 3, 4)


# --- the blog's wrapper ---


def test_a_tuple_output_stays_a_tuple_of_tensors() -> None:
    out = TimeDistributed(Returns(lambda x: (x + 1, x.sum(-1))))(X)
    assert type(out) is tuple
    assert torch.equal(X + 1, out[0])
    assert torch.equal(X.sum(-1), out[1])


def test_a_list_output_stays_a_list_of_tensors() -> None:
    out = TimeDistributed(Returns(lambda x: [x + 1, x.sum(-1)]))(X)
    assert type(out) is list
    assert torch.equal(X + 1, out[0])
    assert torch.equal(X.sum(-1), out[1])


def test_a_dict_output_keeps_its_keys_and_their_order() -> None:
    out = TimeDistributed(Returns(lambda x: OrderedDict(plus=x + 1, another=x.sum(-1))))(X)
    assert type(out) is OrderedDict
    assert ["plus", "another"] == list(out)
    assert torch.equal(X + 1, out["plus"])
    assert torch.equal(X.sum(-1), out["another"])


def test_a_none_among_the_outputs_stays_none() -> None:
    out = TimeDistributed(Returns(lambda x: (x, None)))(X)
    assert torch.equal(X, out[0])
    assert out[1] is None


def test_a_module_that_returns_only_none_gives_none() -> None:
    assert TimeDistributed(Returns(lambda x: None))(X) is None


def test_a_second_input_is_folded_as_well() -> None:
    assert torch.equal(3 * X, TimeDistributed(Add())(X, 2 * X))


def test_a_keyword_input_reaches_the_module() -> None:
    assert torch.equal(3 * X, TimeDistributed(Add())(X, y=2 * X))


def test_channels_last_frames_stay_channels_last_inside_and_come_out_so() -> None:
    inside: list[bool] = []

    class Look(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            inside.append(x.is_contiguous(memory_format=torch.channels_last))
            return x * 2

    frames = channels_last_frames()
    out = TimeDistributed(Look())(frames)
    assert [True] == inside
    assert out.flatten(0, 1).is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(frames * 2, out)


def test_channels_last_frames_are_folded_without_a_copy() -> None:
    inside: list[int] = []

    class Look(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            inside.append(x.data_ptr())
            return x * 2

    frames = channels_last_frames()
    TimeDistributed(Look())(frames)
    assert [frames.data_ptr()] == inside


def test_an_input_without_time_is_refused_with_its_shape_in_the_message() -> None:
    with pytest.raises(ValueError, match=r"7"):
        TimeDistributed(nn.Identity())(torch.rand(7))


def test_an_output_that_lost_the_folded_axis_is_refused_with_its_shape() -> None:
    with pytest.raises(ValueError, match=r"5"):
        TimeDistributed(Returns(lambda x: x[:5]))(X)


def test_the_axes_that_were_asked_for_are_those_that_are_read() -> None:
    norm = nn.Softmax(dim=1)
    x = torch.rand(3, 2, 4, 5)
    expected = torch.stack([norm(step) for step in x])
    torch.testing.assert_close(TimeDistributed(norm, time_axis=0, batch_axis=1)(x), expected)


# --- Keras 3 ---


def test_a_list_input_is_folded_part_by_part() -> None:
    out = TimeDistributed(Returns(lambda parts: parts[0] + parts[1]))([X, 2 * X])
    assert torch.equal(3 * X, out)


def test_a_dict_input_is_folded_part_by_part() -> None:
    out = TimeDistributed(Returns(lambda parts: parts["left"] - parts["right"]))({"left": 3 * X, "right": X})
    assert torch.equal(2 * X, out)


def test_a_tuple_of_equal_shapes_does_not_become_one_tensor_with_axes_swapped() -> None:
    out = TimeDistributed(Returns(lambda x: (x, -x)))(X)
    assert isinstance(out, tuple)
    assert [(2, 3, 4), (2, 3, 4)] == [part.shape for part in out]
    assert torch.equal(-X, out[1])


@pytest.mark.parametrize("mode", [{}, {"mode": "loop"}, {"mode": "chunk", "chunk_size": 2}], ids=str)
def test_a_sequence_of_no_steps_gives_a_sequence_of_no_steps(mode: dict[str, Any]) -> None:
    assert (2, 0, 5) == TimeDistributed(nn.Linear(4, 5), **mode)(torch.rand(2, 0, 4)).shape


def test_the_module_runs_once_for_all_steps() -> None:
    module = Returns(lambda x: x)
    TimeDistributed(module)(X)
    assert 1 == module.calls


def test_a_batch_norm_is_updated_once_a_call() -> None:
    norm = nn.BatchNorm1d(4)
    TimeDistributed(norm)(X)
    assert norm.num_batches_tracked is not None
    assert 1 == norm.num_batches_tracked.item()


# --- fastai ---


class Scaled(nn.Module):
    """``x * scale``."""

    def forward(self, x: Tensor, scale: float | Tensor = 1.0) -> Tensor:
        """Both have one row for each folded step, or ``scale`` is a number."""
        return x * scale


@pytest.mark.parametrize("mode", [{"mode": "loop"}, {"mode": "chunk", "chunk_size": 2}], ids=["loop", "chunk"])
def test_the_modes_of_little_memory_take_keywords(mode: dict[str, Any]) -> None:
    assert torch.equal(2 * X, TimeDistributed(Scaled(), **mode)(X, scale=2.0))


def test_a_transposed_input_is_folded() -> None:
    layer, x = nn.Linear(4, 5), torch.rand(3, 2, 4).transpose(0, 1)
    torch.testing.assert_close(TimeDistributed(layer)(x), step_by_step(layer, x))


def test_an_output_of_the_module_that_is_not_contiguous_is_unfolded() -> None:
    out = TimeDistributed(Returns(lambda x: x[:, None].expand(-1, 3, -1).transpose(1, 2)))(X)
    assert torch.equal(X[..., None].expand(-1, -1, -1, 3), out)


def test_a_tensor_by_keyword_is_folded_like_the_input() -> None:
    scale = torch.rand(2, 3, 1)
    assert torch.equal(X * scale, TimeDistributed(Scaled())(X, scale=scale))


@pytest.mark.parametrize("mode", ["fold", "loop"])
def test_inputs_of_4_by_5_and_5_by_4_steps_are_refused_with_both_shapes(mode: str) -> None:
    with pytest.raises(ValueError, match=r"4, 5.*5, 4|5, 4.*4, 5"):
        TimeDistributed(Add(), mode=mode)(torch.rand(4, 5, 3), torch.rand(5, 4, 3))


def test_a_keyword_of_5_by_4_steps_beside_4_by_5_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match="y"):
        TimeDistributed(Add())(torch.rand(4, 5, 3), y=torch.rand(5, 4, 3))


# --- AllenNLP ---


def test_a_tuple_does_not_come_back_as_a_list() -> None:
    assert type(TimeDistributed(Returns(lambda x: (x,)))(X)) is tuple


def test_a_tensor_after_the_first_decides_nothing_alone() -> None:
    """AllenNLP takes (B, T) from the last input only, whatever the others say."""
    with pytest.raises(ValueError):
        TimeDistributed(Add())(torch.rand(6, 2, 3), torch.rand(4, 3, 3))


# --- pytorch-forecasting and tsai ---


def test_steps_may_be_images_and_not_only_vectors() -> None:
    layer, x = nn.Conv2d(3, 4, 3), torch.rand(2, 3, 3, 6, 6)
    torch.testing.assert_close(TimeDistributed(layer)(x), step_by_step(layer, x))


def test_steps_of_matrices_are_not_torn_into_vectors() -> None:
    class Rows(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.cumsum(1)

    x = torch.rand(2, 3, 4, 5)
    torch.testing.assert_close(TimeDistributed(Rows())(x), x.cumsum(2))


def test_input_of_four_axes_is_not_scrambled_by_the_default_axes() -> None:
    layer, x = nn.Linear(5, 6), torch.rand(2, 3, 4, 5)
    both: list[dict[str, Any]] = [{}, {"time_axis": 0, "batch_axis": 1}]
    for axes in both:
        out = TimeDistributed(layer, **axes)(x)
        assert (2, 3, 4, 6) == out.shape
        torch.testing.assert_close(out, layer(x))


def test_an_input_of_two_axes_does_not_bypass_the_wrapper() -> None:
    seen: list[tuple[int, ...]] = []

    def look(x: Tensor) -> Tensor:
        seen.append(tuple(x.shape))
        return x

    out = TimeDistributed(Returns(look))(X[..., 0])
    assert [(6,)] == seen
    assert torch.equal(X[..., 0], out)


# --- loops: Keras, spikingjelly's multi-step mode, norse ---


def test_an_exported_fold_takes_other_numbers_of_samples_and_steps() -> None:
    layer = nn.Conv2d(3, 4, 3)
    b, t = torch.export.Dim("b", min=2, max=64), torch.export.Dim("t", min=2, max=64)
    exported = torch.export.export(
        TimeDistributed(layer), (torch.rand(3, 5, 3, 6, 6),), dynamic_shapes=({0: b, 1: t},), strict=False
    )
    for shape in ((2, 7), (9, 3)):
        x = torch.rand(*shape, 3, 6, 6)
        torch.testing.assert_close(exported.module()(x), step_by_step(layer, x))


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
def test_a_traced_fold_takes_other_numbers_of_samples_and_steps() -> None:
    layer = nn.Conv2d(3, 4, 3)
    traced = torch.jit.trace(TimeDistributed(layer), torch.rand(3, 5, 3, 6, 6))  # type: ignore[no-untyped-call]
    for shape in ((2, 7), (9, 3)):
        x = torch.rand(*shape, 3, 6, 6)
        torch.testing.assert_close(traced(x), step_by_step(layer, x))


# --- torch.vmap ---


def test_a_batch_norm_in_training_runs() -> None:
    out = TimeDistributed(nn.BatchNorm1d(4))(torch.randn(8, 6, 4))
    torch.testing.assert_close(out.mean((0, 1)), torch.zeros(4), atol=1e-5, rtol=0)


def test_a_recurrence_over_the_words_of_each_step_runs() -> None:
    lstm, x = nn.LSTM(4, 5, batch_first=True), torch.rand(2, 3, 7, 4)
    out, (h, c) = TimeDistributed(lstm)(x)
    assert (2, 3, 7, 5) == out.shape
    for step in range(3):
        expected, _ = lstm(x[:, step])
        torch.testing.assert_close(out[:, step], expected)


def test_a_lazy_layer_learns_its_size_from_the_step() -> None:
    layer = nn.LazyConv2d(4, 3)
    out = TimeDistributed(layer)(torch.rand(2, 5, 3, 6, 6))
    assert (2, 5, 4, 4, 4) == out.shape
    assert 3 == layer.in_channels


# --- every folding wrapper ---


def test_a_convolution_that_would_read_all_steps_as_one_image_is_refused() -> None:
    with pytest.raises(ValueError):
        TimeDistributed(nn.Conv2d(20, 20, 3))(torch.rand(4, 5, 16, 16))


@pytest.mark.parametrize("layer", [nn.LSTM, nn.GRU, nn.RNN])
def test_a_recurrence_that_would_run_through_all_samples_as_one_sequence_does_not(
    layer: Callable[..., nn.RNNBase],
) -> None:
    wrapped = TimeDistributed(layer(3, 6, batch_first=True))
    x = torch.rand(4, 5, 3)
    other = x.clone()
    other[0, 0] += 1
    try:
        before, after = wrapped(x)[0], wrapped(other)[0]
    except ValueError:
        return  # refused: no wrong value
    torch.testing.assert_close(before[1:], after[1:])


def test_an_attention_over_all_samples_as_one_sequence_does_not_happen() -> None:
    wrapped = TimeDistributed(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).eval())
    x = torch.rand(4, 5, 4)
    other = x.clone()
    other[0, 0] += 1
    try:
        before, after = wrapped(x), wrapped(other)
    except ValueError:
        return  # refused: no wrong value
    torch.testing.assert_close(before[1:], after[1:])


def test_the_states_of_a_recurrence_unfold_at_their_own_batch_axis() -> None:
    lstm = nn.LSTM(4, 5, num_layers=2, bidirectional=True, batch_first=True)
    x = torch.rand(2, 3, 7, 4)
    _, (h, c) = TimeDistributed(lstm)(x)
    assert 4 * 2 * 3 * 5 == h.numel()
    batch, step = (axis for axis in (0, 1, 2) if h.shape[axis] in (2, 3))
    for index in range(3):
        _, (state, cell) = lstm(x[:, index])
        torch.testing.assert_close(h.select(step, index).movedim(batch, 1), state)
        torch.testing.assert_close(c.select(step, index).movedim(batch, 1), cell)


def test_a_wrapper_that_was_saved_whole_runs_as_before() -> None:
    wrapped = TimeDistributed(nn.Linear(4, 5))
    file = io.BytesIO()
    torch.save(wrapped, file)
    file.seek(0)
    torch.testing.assert_close(torch.load(file, weights_only=False)(X), wrapped(X))

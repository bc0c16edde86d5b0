"""What users of Keras's TimeDistributed rely on: the numbers of its tests (Keras 3 and Keras 2), written anew.

The hand numbers of the first four tests were checked against Keras 3.15.1 with its torch backend.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tdinspect import TimeDistributed
from tests.time_distributed.peers.steps import counting, dense, step_by_step

HAND = torch.tensor([[[0.06], [0.22]], [[0.38], [0.54]], [[0.70], [0.86]]])
MASK = torch.tensor([[False, True], [True, False], [True, True]])


def test_a_dense_layer_of_one_unit_maps_3_2_4_to_3_2_1_with_one_weight() -> None:
    wrapped = TimeDistributed(nn.Linear(4, 1, bias=False))
    assert (3, 2, 1) == wrapped(torch.rand(3, 2, 4)).shape
    assert 1 == len(list(wrapped.parameters()))


def test_a_dense_layer_gives_the_numbers_worked_out_by_hand() -> None:
    torch.testing.assert_close(TimeDistributed(dense(4, 1, 0.01))(counting(3, 2, 4)), HAND)


def test_masked_steps_come_out_as_zero_and_the_others_unchanged() -> None:
    expected = torch.tensor([[[0.0], [0.22]], [[0.38], [0.0]], [[0.70], [0.86]]])
    torch.testing.assert_close(TimeDistributed(dense(4, 1, 0.01))(counting(3, 2, 4), mask=MASK), expected)


def test_a_mask_that_is_true_everywhere_changes_nothing() -> None:
    wrapped = TimeDistributed(dense(4, 1, 0.01))
    torch.testing.assert_close(wrapped(counting(3, 2, 4), mask=torch.ones(3, 2, dtype=torch.bool)), HAND)


def test_a_mask_with_a_step_too_many_is_refused() -> None:
    wrapped = TimeDistributed(nn.Sequential(nn.Linear(3, 5), nn.Softmax(-1)))
    x = torch.zeros(4, 5, 3)
    assert (4, 5, 5) == wrapped(x, mask=torch.ones(4, 5, dtype=torch.bool)).shape
    with pytest.raises(ValueError, match="mask"):
        wrapped(x, mask=torch.ones(4, 6, dtype=torch.bool))


@pytest.mark.parametrize("shape", [(4,), (5, 4), (3, 5), ()])
def test_a_mask_without_batch_and_time_of_the_input_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="mask"):
        TimeDistributed(nn.Linear(3, 2))(torch.zeros(4, 5, 3), mask=torch.ones(shape, dtype=torch.bool))


def test_a_mask_with_more_axes_goes_to_a_layer_that_takes_a_mask_step_by_step() -> None:
    class Mean(nn.Module):
        """The mean of the words that are there."""

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            weights = mask.to(x.dtype)[..., None]
            return (x * weights).sum(1) / weights.sum(1)

    words = counting(2, 3, 4, 5)
    there = torch.rand(2, 3, 4, generator=torch.Generator().manual_seed(0)) < 0.5
    there[..., 0] = True
    expected = torch.stack([Mean()(words[:, t], there[:, t]) for t in range(3)], dim=1)
    torch.testing.assert_close(TimeDistributed(Mean())(words, mask=there), expected)


def test_what_stands_at_masked_steps_has_no_influence_on_the_others() -> None:
    wrapped = TimeDistributed(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)))
    x = torch.rand(3, 2, 4)
    spoiled = torch.where(MASK[..., None], x, torch.full_like(x, 1e6))
    clean = wrapped(x, mask=MASK)
    torch.testing.assert_close(wrapped(spoiled, mask=MASK), clean)


def test_one_mask_serves_a_stack_of_wrapped_layers() -> None:
    first, second = dense(4, 2, 0.01), dense(2, 1, 0.5)
    x = counting(3, 2, 4)
    hidden = TimeDistributed(first)(x, mask=MASK)
    expected = torch.where(MASK[..., None], second(first(x)), torch.zeros(1))
    torch.testing.assert_close(TimeDistributed(second)(hidden, mask=MASK), expected)


def test_a_masked_embedding_and_a_softmax_classifier_train_on_22_by_20_tokens() -> None:
    tokens = torch.randint(0, 10, (22, 20), generator=torch.Generator().manual_seed(0))
    embed = nn.Embedding(10, 5, padding_idx=0)
    head = TimeDistributed(nn.Linear(5, 5))
    scores = head(embed(tokens), mask=tokens != 0)
    loss = nn.functional.cross_entropy(scores.flatten(0, 1), torch.ones(440, dtype=torch.long))
    loss.backward()  # type: ignore[no-untyped-call]
    assert (22, 20, 5) == scores.shape
    gradient = embed.weight.grad
    assert gradient is not None
    assert 0 == gradient[0].abs().sum()
    assert 0 < gradient[1:].abs().sum()


def test_gradients_reach_the_weights_from_valid_steps_only() -> None:
    layer = dense(4, 1, 0.01)
    x = counting(3, 2, 4)
    TimeDistributed(layer)(x, mask=MASK).sum().backward()
    assert layer.weight.grad is not None
    torch.testing.assert_close(layer.weight.grad[0], x[MASK].sum(0))


def test_64_filters_of_3_by_3_on_32_videos_of_10_frames_of_128_by_128() -> None:
    with torch.device("meta"):
        frames = torch.empty(32, 10, 3, 128, 128)
        assert (32, 10, 64, 126, 126) == TimeDistributed(nn.Conv2d(3, 64, 3))(frames).shape


def test_a_convolution_in_the_middle_and_one_on_top_of_it_equal_their_steps() -> None:
    first, second = nn.Conv2d(3, 5, 3, padding="same"), nn.Conv2d(5, 4, 2)
    x = torch.rand(1, 2, 3, 4, 4)
    actual = TimeDistributed(second)(TimeDistributed(first)(x))
    assert (1, 2, 4, 3, 3) == actual.shape
    torch.testing.assert_close(actual, step_by_step(nn.Sequential(first, second), x))


@pytest.mark.parametrize("batch", [1, 2, 10])
def test_one_wrapper_takes_batches_of_any_size(batch: int) -> None:
    layer = nn.Linear(4, 2)
    x = torch.rand(batch, 3, 4)
    torch.testing.assert_close(TimeDistributed(layer)(x), step_by_step(layer, x))


def test_one_wrapper_takes_any_number_of_steps_in_turn() -> None:
    layer = nn.Linear(4, 2)
    wrapped = TimeDistributed(layer)
    for steps in (3, 1, 7):
        x = torch.rand(2, steps, 4)
        torch.testing.assert_close(wrapped(x), step_by_step(layer, x))


def test_stacked_dense_layers_with_an_activation_between_equal_one_wrapped_stack() -> None:
    layers = [nn.Linear(4, 2), nn.Linear(2, 3), nn.ReLU()]
    x = torch.rand(10, 3, 4)
    apart = nn.Sequential(*(TimeDistributed(layer) for layer in layers))
    together = TimeDistributed(nn.Sequential(*layers))
    torch.testing.assert_close(apart(x), together(x))


def test_a_wrapper_in_a_wrapper_shares_one_layer_over_two_leading_axes() -> None:
    layer = nn.Conv2d(3, 2, 3)
    x = torch.rand(2, 3, 4, 3, 5, 5)
    expected = step_by_step(TimeDistributed(layer), x)
    actual = TimeDistributed(TimeDistributed(layer))(x)
    assert (2, 3, 4, 2, 3, 3) == actual.shape
    torch.testing.assert_close(actual, expected)


def test_dropout_of_all_but_a_thousandth_keeps_the_mean_in_training_and_everything_in_eval() -> None:
    torch.manual_seed(0)
    wrapped = TimeDistributed(nn.Dropout(0.999))
    x = torch.ones(40, 100, 100)
    assert 1.0 == pytest.approx(wrapped(x).mean().item(), abs=0.2)
    assert torch.equal(x, wrapped.eval()(x))


def test_a_batch_norm_takes_its_statistics_over_samples_and_steps() -> None:
    norm = nn.BatchNorm1d(2)
    x = torch.randn(1, 10, 2, generator=torch.Generator().manual_seed(0)) * 2 + 2
    out = TimeDistributed(norm)(x)
    torch.testing.assert_close(out.mean((0, 1)), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(out.var((0, 1), correction=0), torch.ones(2), atol=1e-3, rtol=0)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    torch.testing.assert_close(norm.running_mean, 0.1 * x.mean((0, 1)))
    torch.testing.assert_close(norm.running_var, 0.9 + 0.1 * x.var((0, 1)))


def test_a_batch_norm_in_eval_uses_what_it_learned_and_learns_nothing() -> None:
    norm = nn.BatchNorm1d(2)
    wrapped = TimeDistributed(norm).eval()
    x = torch.randn(4, 10, 2) * 2 + 2
    torch.testing.assert_close(wrapped(x), x / (1 + 1e-5) ** 0.5)
    assert norm.num_batches_tracked is not None
    assert 0 == norm.num_batches_tracked.item()


def test_train_and_eval_of_the_wrapper_are_those_of_the_layer() -> None:
    layer = nn.Dropout()
    wrapped = TimeDistributed(layer)
    assert not wrapped.eval().training
    assert not layer.training
    wrapped.train()
    assert layer.training


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64])
def test_the_dtype_that_goes_in_comes_out(dtype: torch.dtype) -> None:
    layer = nn.Linear(4, 2, dtype=dtype)
    x = torch.randn(3, 2, 4, dtype=torch.float64).to(dtype)
    actual = TimeDistributed(layer)(x)
    assert dtype == actual.dtype
    tolerance = {torch.float16: 2e-3, torch.bfloat16: 2e-2}.get(dtype, 1e-5)
    torch.testing.assert_close(actual, step_by_step(layer, x), atol=tolerance, rtol=tolerance)


def test_several_outputs_of_a_step_come_out_as_several_sequences() -> None:
    class Both(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x + 1, x.sum(-1)

    x = counting(3, 2, 4)
    plus, total = TimeDistributed(Both())(x)
    assert torch.equal(x + 1, plus)
    assert torch.equal(x.sum(-1), total)


def test_a_layer_that_is_no_module_is_refused() -> None:
    with pytest.raises(TypeError, match="Module"):
        TimeDistributed("no layer")  # type: ignore[arg-type]


def test_weights_are_saved_and_loaded_with_the_wrapper() -> None:
    wrapped, other = TimeDistributed(nn.Linear(4, 2)), TimeDistributed(nn.Linear(4, 2))
    other.load_state_dict(wrapped.state_dict())
    x = torch.rand(3, 2, 4)
    assert torch.equal(wrapped(x), other(x))

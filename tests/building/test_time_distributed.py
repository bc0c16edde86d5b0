"""The wrapper against a slow loop over the steps, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tdinspect import TimeDistributed
from tdinspect.domain.tree import Tree


class Parts(nn.Module):
    """Gives a tuple, a list, a dict and a constant of its input and of a keyword input."""

    def forward(self, x: Tensor, *, scale: Tensor | None = None, factor: float = 1.0) -> object:
        y = x * factor if scale is None else x * scale * factor
        return y, [y.sum(-1), {"first": y[:, :1], "none": None}], "a constant"


class Both(nn.Module):
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return torch.cat([x, 2 * y], dim=1)


def by_loop(module: nn.Module, x: Tensor, time: int, batch: int | None) -> Tensor:
    """Step after step, sample axis first; the two axes go back to where they were, as far as there is room."""
    time = time % x.ndim
    if batch is None:
        steps = [module(step.unsqueeze(0)).squeeze(0) for step in x.unbind(time)]
        out = torch.stack(steps)
        return out.movedim(0, time) if time < out.ndim else out
    batch = batch % x.ndim
    steps = [module(step.movedim(batch - (batch > time), 0)) for step in x.unbind(time)]
    out = torch.stack(steps, 1)  # (B, T, ...)
    if max(batch, time) < out.ndim:
        return out.movedim((0, 1), (batch, time))
    return out if batch < time else out.transpose(0, 1)


def double(module: nn.Module) -> nn.Module:
    return module.double().eval()


MODULES: Mapping[str, tuple[nn.Module, tuple[int, ...]]] = {
    "Linear": (double(nn.Linear(6, 4)), (6,)),
    "LayerNorm": (double(nn.LayerNorm(6)), (6,)),
    "Conv2d": (double(nn.Conv2d(3, 5, 3, stride=2)), (3, 7, 8)),
    "Conv1d": (double(nn.Conv1d(3, 4, 2)), (3, 8)),
    "BatchNorm2d": (double(nn.BatchNorm2d(3)), (3, 4, 4)),
    "MaxPool2d": (double(nn.MaxPool2d(2)), (3, 6, 4)),
    "Flatten": (double(nn.Flatten()), (3, 4, 5)),
    "Unflatten": (double(nn.Unflatten(1, (2, 3))), (6,)),
    "Softmax": (double(nn.Softmax(dim=1)), (6,)),
    "Sequential": (double(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 2))), (3, 6, 6)),
}

every_module = pytest.mark.parametrize("name", sorted(MODULES))


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


@every_module
@pytest.mark.parametrize(("time", "batch"), [(1, 0), (0, 1), (-1, 0), (0, -1), (2, 1), (1, -1), (0, None), (-1, None)])
def test_the_values_are_those_of_a_loop_whatever_the_axes(name: str, time: int, batch: int | None) -> None:
    module, inner = MODULES[name]
    ndim = len(inner) + (1 if batch is None else 2)
    axes = {time % ndim: 4} | ({} if batch is None else {batch % ndim: 3})
    if len(axes) < (1 if batch is None else 2):
        pytest.skip("one axis twice")
    rest = iter(inner)
    x = normal(*(axes[i] if i in axes else next(rest) for i in range(ndim)))
    wrapped = TimeDistributed(module, time_axis=time, batch_axis=batch)
    torch.testing.assert_close(wrapped(x), by_loop(module, x, time, batch))


@settings(max_examples=30, deadline=None)
@given(
    name=st.sampled_from(sorted(MODULES)),
    steps=st.integers(1, 6),
    samples=st.integers(1, 4),
    time_first=st.booleans(),
)
def test_the_values_are_those_of_a_loop_whatever_the_sizes(
    name: str, steps: int, samples: int, time_first: bool
) -> None:
    module, inner = MODULES[name]
    time, batch = (0, 1) if time_first else (1, 0)
    x = normal(*((steps, samples) if time_first else (samples, steps)), *inner)
    found = TimeDistributed(module, time_axis=time, batch_axis=batch)(x)
    torch.testing.assert_close(found, by_loop(module, x, time, batch))


@every_module
@pytest.mark.parametrize(("samples", "steps"), [(2, 0), (0, 3), (1, 1)])
def test_no_steps_no_samples_and_a_single_one_give_the_same_shape_as_many(name: str, samples: int, steps: int) -> None:
    module, inner = MODULES[name]
    many = TimeDistributed(module)(normal(3, 4, *inner))
    assert (samples, steps, *many.shape[2:]) == TimeDistributed(module)(normal(samples, steps, *inner)).shape


def test_tuples_lists_dicts_and_constants_come_out_as_the_module_gives_them() -> None:
    x, scale = normal(2, 3, 4), normal(2, 3, 4)
    found = TimeDistributed(Parts())(x, scale=scale, factor=2.0)
    y = x * scale * 2
    assert isinstance(found, tuple)
    tensor, (total, parts), constant = found
    torch.testing.assert_close(tensor, y)
    torch.testing.assert_close(total, y.sum(-1))
    torch.testing.assert_close(parts, {"first": y[:, :, :1], "none": None})
    assert "a constant" == constant


def test_several_inputs_are_folded_alike_whatever_their_other_axes() -> None:
    x, y = normal(2, 3, 4), normal(2, 3, 5)
    torch.testing.assert_close(TimeDistributed(Both())(x, y), torch.cat([x, 2 * y], dim=2))
    torch.testing.assert_close(TimeDistributed(Both())(x=x, y=y), torch.cat([x, 2 * y], dim=2))


def test_states_that_keep_the_folded_axis_first_are_unfolded_too() -> None:
    cell = nn.LSTMCell(4, 3).double()
    h, c = TimeDistributed(cell)(normal(2, 5, 4))
    expected = cell(normal(2, 5, 4).flatten(0, 1))
    torch.testing.assert_close((h, c), tuple(part.unflatten(0, (2, 5)) for part in expected))


@pytest.mark.parametrize("training", [True, False])
def test_gradients_flow_as_through_a_loop(training: bool) -> None:
    module, x = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 2)).double(), normal(2, 5, 3, 4, 4)
    module.train(training)
    weights = tuple(module.parameters())
    x.requires_grad_()
    wrapped = torch.autograd.grad(TimeDistributed(module)(x).square().sum(), (x, *weights))
    looped = torch.autograd.grad(by_loop(module, x, 1, 0).square().sum(), (x, *weights))
    torch.testing.assert_close(wrapped, looped)


def test_the_wrapper_adds_no_weight_and_hands_train_and_eval_on() -> None:
    inner = nn.Conv2d(3, 16, 3)
    wrapped = TimeDistributed(inner).eval()
    assert not inner.training
    assert {"module.weight", "module.bias"} == set(wrapped.state_dict())
    assert list(inner.parameters()) == list(wrapped.parameters())


def test_batch_norm_in_train_mode_sees_all_steps_at_once_and_counts_one_batch() -> None:
    norm = nn.BatchNorm1d(4).double()
    x = normal(3, 5, 4)
    found = TimeDistributed(norm)(x)
    flat = x.reshape(15, 4)
    expected = (flat - flat.mean(0)) / (flat.var(0, unbiased=False) + norm.eps).sqrt()
    torch.testing.assert_close(found, expected.reshape(3, 5, 4))
    assert norm.num_batches_tracked is not None
    assert 1 == norm.num_batches_tracked.item()


def test_contiguous_input_is_folded_without_a_copy() -> None:
    x = normal(2, 3, 4)
    assert x.data_ptr() == TimeDistributed(nn.Identity())(x).data_ptr()


def test_a_number_of_steps_other_than_the_first_times_is_fine() -> None:
    wrapped = TimeDistributed(MODULES["Linear"][0])
    assert [(2, steps, 4) for steps in (1, 3, 7)] == [tuple(wrapped(normal(2, steps, 6)).shape) for steps in (1, 3, 7)]


class Gives(nn.Module):
    def __init__(self, result: Tree) -> None:
        super().__init__()
        self.result = result

    def forward(self, x: Tensor) -> Tree:
        return self.result


@pytest.mark.parametrize(
    ("message", "wrapped", "inputs"),
    [
        (
            "y: (2, 4) beside (2, 5) of x, as (B, T)",
            TimeDistributed(Both()),
            (normal(2, 5, 3), normal(2, 4, 3)),
        ),
        (
            "y: (5, 4) beside (4, 5) of x, as (B, T)",
            TimeDistributed(Both()),
            (normal(4, 5, 3), normal(5, 4, 3)),
        ),
        (
            "y: (4,) beside (5,) of x, as (T,)",
            TimeDistributed(Both(), time_axis=0, batch_axis=None),
            (normal(5, 3), normal(4, 3)),
        ),
        (
            "input (5,): TimeDistributed needs axis 1, and a tensor of 1 axes has none",
            TimeDistributed(nn.ReLU()),
            (normal(5),),
        ),
        (
            "input (2, 3, 4): TimeDistributed needs axis 3, and a tensor of 3 axes has none",
            TimeDistributed(nn.ReLU(), time_axis=3),
            (normal(2, 3, 4),),
        ),
        (
            "y (2,): TimeDistributed needs axis 1, and a tensor of 1 axes has none",
            TimeDistributed(Both()),
            (normal(2, 3, 4), normal(2)),
        ),
        (
            "input (2, 3): time_axis -2 and batch_axis 0 are one axis of a tensor of 2 axes",
            TimeDistributed(nn.ReLU(), time_axis=-2),
            (normal(2, 3),),
        ),
        (
            "an output of TimeDistributed must keep the folded axis of 6 first, got [5, 4]",
            TimeDistributed(Gives(normal(5, 4))),
            (normal(2, 3, 4),),
        ),
        (
            "an output of TimeDistributed must keep the folded axis of 6 first, got []",
            TimeDistributed(Gives(torch.tensor(1.0))),
            (normal(2, 3, 4),),
        ),
        ("TimeDistributed needs a tensor among its inputs", TimeDistributed(nn.ReLU()), ()),
        ("TimeDistributed needs a tensor among its inputs", TimeDistributed(nn.ReLU()), (3,)),
    ],
)
def test_what_cannot_be_folded_is_a_value_error_that_says_why(
    message: str, wrapped: TimeDistributed, inputs: tuple[object, ...]
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the whole text is compared
        wrapped(*inputs)
    assert message == str(caught.value)


@pytest.mark.parametrize(
    ("kind", "wrapped"), [("function", torch.relu), ("int", 3), ("type", nn.ReLU), ("list", [nn.ReLU()])]
)
def test_what_is_no_module_is_a_type_error(kind: str, wrapped: object) -> None:
    with pytest.raises(TypeError, match=r"^TimeDistributed wraps an nn\.Module, not "):
        TimeDistributed(wrapped)  # type: ignore[arg-type]


def test_one_axis_for_both_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="^time_axis and batch_axis are both 1$"):
        TimeDistributed(nn.ReLU(), time_axis=1, batch_axis=1)


def test_it_shows_its_axes() -> None:
    assert "time_axis=0, batch_axis=None" in repr(TimeDistributed(nn.ReLU(), time_axis=0, batch_axis=None))


def test_its_weights_are_saved_and_loaded_like_any_modules() -> None:
    wrapped = TimeDistributed(MODULES["Linear"][0])
    again = TimeDistributed(double(nn.Linear(6, 4)))
    again.load_state_dict(wrapped.state_dict())
    torch.testing.assert_close(again(normal(2, 3, 6)), wrapped(normal(2, 3, 6)))


def test_a_named_tuple_comes_out_as_one() -> None:
    found = TimeDistributed(Gives(torch.max(normal(6, 4), 1)))(normal(2, 3, 4))
    assert isinstance(found, torch.return_types.max)
    assert [(2, 3), (2, 3)] == [tuple(part.shape) for part in found]

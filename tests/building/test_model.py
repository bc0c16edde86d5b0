"""A built spec as a module: what it computes, against the same model written in plain torch."""

from __future__ import annotations

import copy
import io

import pytest
import torch
from torch import Tensor, nn

from tdinspect import TimeDistributed, build
from tdinspect.building.model import BuiltModel, exported_names
from tests.importers.reading import good


def built(text: str) -> BuiltModel:
    """The model of a spec, its parameters drawn anew."""
    torch.manual_seed(0)
    model = build(good(text))
    assert isinstance(model, BuiltModel)
    return model


def child(model: nn.Module, name: str) -> nn.Module:
    return model.get_submodule(f"body.{name}")


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def names(model: nn.Module) -> list[str]:
    return [name.removeprefix("body.") for name in model.state_dict()]


VIDEO = """
input: [B, T, 3, 8, 8]
time_axis: T
layers:
  - TimeDistributed:
      - Conv2d: {out_channels: 4, kernel_size: 3}
      - ReLU
      - Flatten
    name: frames
  - LSTM: {hidden_size: 5, batch_first: true}
  - Linear: 2
"""


def test_a_video_model_computes_what_its_layers_compute() -> None:
    model = built(VIDEO)
    frames = child(model, "frames")
    assert isinstance(frames, TimeDistributed)
    conv, lstm, linear = (child(model, n) for n in ("frames.module.body.conv2d_1", "lstm_1", "linear_1"))
    x = normal(2, 4, 3, 8, 8)
    steps = torch.stack([conv(step).relu().flatten(1) for step in x.unbind(1)], 1)
    torch.testing.assert_close(model(x), linear(lstm(steps)[0]))


@pytest.mark.parametrize(("samples", "steps"), [(1, 1), (3, 7), (2, 0), (5, 2)])
def test_a_model_runs_at_other_sizes_of_batch_and_time_than_its_specs(samples: int, steps: int) -> None:
    recurrence = "  - LSTM: {hidden_size: 5, batch_first: true}\n"
    model = built(VIDEO if steps else VIDEO.replace(recurrence, ""))  # an LSTM wants a step at least
    assert (samples, steps, 2) == model(normal(samples, steps, 3, 8, 8)).shape


def test_the_names_of_the_weights_are_those_of_the_steps() -> None:
    text = "input: [B, 4]\nlayers:\n  - Sequential:\n      - Linear: 3\n        name: inner\n    name: outer\n  - PReLU"
    assert ["outer.inner.weight", "outer.inner.bias", "prelu_1.weight"] == names(built(text))


def test_a_model_is_in_train_mode_and_every_weight_takes_gradients() -> None:
    model = built(VIDEO)
    assert all(module.training for module in model.modules())
    model(normal(2, 4, 3, 8, 8)).square().sum().backward()
    assert [] == [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]


def test_a_model_learns() -> None:
    model = built("input: [B, 3]\nlayers:\n  - Linear: 8\n  - Tanh\n  - Linear: 1")
    x = normal(32, 3)
    target = x.sum(1, keepdim=True)
    optimizer = torch.optim.Adam(model.parameters(), 0.05)
    losses = []
    for _ in range(40):
        loss = (model(x) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


def test_the_weights_are_initialised_as_torch_does() -> None:
    model = built("input: [B, 400]\nlayers:\n  - Linear: 300\n  - BatchNorm1d")
    weight = child(model, "linear_1").weight
    assert isinstance(weight, Tensor)
    assert 0.99 / 20 < weight.abs().max() <= 1 / 20  # uniform within 1/sqrt(400)
    norm = child(model, "batchnorm1d_1")
    assert isinstance(norm, nn.BatchNorm1d)
    assert norm.running_var is not None
    assert torch.equal(torch.ones(300), norm.weight)
    assert torch.equal(torch.ones(300), norm.running_var)
    assert norm.num_batches_tracked is not None
    assert 0 == norm.num_batches_tracked.item()


def test_two_builds_under_one_seed_are_equal() -> None:
    one, other = built(VIDEO).state_dict(), built(VIDEO).state_dict()
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_two_builds_one_after_the_other_differ() -> None:
    torch.manual_seed(0)
    spec = good(VIDEO)
    one, other = build(spec).state_dict(), build(spec).state_dict()
    assert not any(torch.equal(one[key], other[key]) for key in one)


def test_several_inputs_come_in_the_specs_order_or_by_name() -> None:
    model = built("inputs: {a: [B, 4], b: [B, 5]}\nlayers:\n  - Bilinear: 3\n    from: [a, b]")
    a, b = normal(2, 4), normal(2, 5)
    expected = child(model, "bilinear_1")(a, b)
    for found in (model(a, b), model(a=a, b=b), model(b=b, a=a), model(a, b=b)):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("message", "given"),
    [
        ("two takes the inputs a, b; got none", ()),
        ("two takes the inputs a, b; got 1 in order", ("a",)),
        ("two takes the inputs a, b; got 3 in order", ("a", "b", "c")),
    ],
)
def test_a_wrong_number_of_inputs_is_a_type_error(message: str, given: tuple[str, ...]) -> None:
    model = built("name: two\ninputs: {a: [B, 4], b: [B, 5]}\nlayers:\n  - Bilinear: 3\n    from: [a, b]")
    with pytest.raises(TypeError) as caught:
        model(*(normal(2, 4) for _ in given))
    assert message == str(caught.value)


def test_an_input_that_the_spec_does_not_have_is_a_type_error() -> None:
    model = built("name: one\ninput: [B, 4]\nlayers:\n  - Linear: 3")
    with pytest.raises(TypeError, match="^one takes the inputs input; got 1 in order, mask$"):
        model(normal(2, 4), mask=normal(2, 4))
    with pytest.raises(TypeError, match="^one takes the inputs input; got 1 in order, input$"):
        model(normal(2, 4), input=normal(2, 4))


def test_an_input_by_keyword_reaches_the_layers_own_parameter() -> None:
    model = built(
        "inputs: {q: [B, 3, 8], m: [B, 5, 8]}\nlayers:\n"
        "  - MultiheadAttention: {num_heads: 2, batch_first: true}\n    name: at\n"
        "    from: {query: q, key: m, value: m}\n"
    )
    q, m = normal(2, 3, 8), normal(2, 5, 8)
    torch.testing.assert_close(model(q, m), child(model, "at")(q, m, m)[0])


def test_several_outputs_come_as_a_mapping_by_name() -> None:
    model = built("input: [B, 4]\nlayers:\n  - Linear: 3\n    name: a\n  - Linear: 2\n    name: b\noutputs: [b, a]")
    x = normal(2, 4)
    a = child(model, "a")(x)
    found = model(x)
    assert ["b", "a"] == list(found)
    torch.testing.assert_close(found, {"b": child(model, "b")(a), "a": a})


def test_a_shared_step_is_the_same_module_under_two_names() -> None:
    model = built(
        "input: [B, 4]\nlayers:\n  - Linear: 4\n    name: one\n  - ReLU\n  - share: one\n    name: two\n  - share: one"
    )
    assert child(model, "one") is child(model, "two") is child(model, "share_2")
    assert 20 == sum(weight.numel() for weight in model.parameters())
    assert ["one.weight", "one.bias", "two.weight", "two.bias", "share_2.weight", "share_2.bias"] == names(model)
    x, one = normal(2, 4), child(model, "one")
    torch.testing.assert_close(model(x), one(one(one(x).relu())))


def test_a_shared_container_uses_its_weights_again_on_other_values() -> None:
    model = built(
        "inputs: {a: [B, 4], b: [B, 4]}\nlayers:\n"
        "  - Sequential: [{Linear: 3}, Tanh]\n    name: head\n    from: a\n"
        "  - share: head\n    name: again\n    from: b\n  - cat: 1\n    from: [head, again]\n"
    )
    a, b, linear = normal(2, 4), normal(2, 4), child(model, "head.linear_1")
    assert 15 == sum(weight.numel() for weight in model.parameters())
    torch.testing.assert_close(model(a, b), torch.cat([linear(a).tanh(), linear(b).tanh()], 1))


def test_a_step_shared_from_outside_runs_under_time_distributed() -> None:
    model = built(
        "inputs: {x: [B, T, 4], y: [B, 4]}\ntime_axis: T\nlayers:\n  - Linear: 3\n    name: head\n    from: y\n"
        "  - TimeDistributed:\n      - share: head\n    from: x\noutputs: [head, timedistributed_1]\n"
    )
    x, y, head = normal(2, 5, 4), normal(2, 4), child(model, "head")
    torch.testing.assert_close(model(x, y), {"head": head(y), "timedistributed_1": head(x)})


def test_a_step_keeps_its_state_when_loaded_from_a_file() -> None:
    model, other = built(VIDEO), built(VIDEO.replace("name: frames", "name: frames"))
    with torch.no_grad():
        for weight in other.parameters():
            weight.zero_()
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    other.load_state_dict(torch.load(io.BytesIO(file.getvalue())))
    x = normal(2, 4, 3, 8, 8)
    torch.testing.assert_close(other(x), model(x))


def test_a_model_can_be_copied_and_the_copy_stands_alone() -> None:
    model = built("input: [B, T, 4]\nlayers:\n  - Linear: 4\n  - reshape: {shape: [-1, $T, 2, 2]}")
    other = copy.deepcopy(model)
    x = normal(2, 3, 4)
    torch.testing.assert_close(other(x), model(x))
    assert (2, 7, 2, 2) == other(normal(2, 7, 4)).shape
    assert (2, 3, 2, 2) == model(x).shape


def test_the_parts_of_a_result_have_the_names_of_as() -> None:
    model = built(
        "input: [B, T, 4]\ntime_axis: T\nlayers:\n"
        "  - LSTM: {hidden_size: 3, batch_first: true}\n    name: rnn\n    as: [seq, [h, _]]\n"
        "  - squeeze: 0\n    from: h\n    name: last\noutputs: [rnn, seq, h, last]\n"
    )
    x = normal(2, 5, 4)
    seq, (h, _) = child(model, "rnn")(x)
    torch.testing.assert_close(model(x), {"rnn": seq, "seq": seq, "h": h, "last": h[0]})


def test_the_next_step_takes_part_0_whatever_as_drops() -> None:
    model = built("input: [B, T, 4]\ntime_axis: T\nlayers:\n  - GRU: 3\n    as: [_, h]\n  - Linear: 2")
    x = normal(2, 5, 4)
    torch.testing.assert_close(model(x), child(model, "linear_1")(child(model, "gru_1")(x)[0]))


def test_states_go_into_a_recurrence_as_nested_names() -> None:
    model = built(
        "inputs: {x: [B, T, 4], y: [B, S, 4]}\ntime_axis: [T, S]\nlayers:\n"
        "  - LSTM: {hidden_size: 3, batch_first: true}\n    from: x\n    name: enc\n    as: [_, [h, c]]\n"
        "  - LSTM: {hidden_size: 3, batch_first: true}\n    from: [y, [h, c]]\n    name: dec\n"
    )
    x, y = normal(2, 5, 4), normal(2, 3, 4)
    torch.testing.assert_close(model(x, y), child(model, "dec")(y, child(model, "enc")(x)[1])[0])


def test_constants_of_the_call_reach_the_layer() -> None:
    text = (
        "input: [B, 5, 8]\nlayers:\n  - MultiheadAttention: {num_heads: 2, batch_first: true}\n"
        "    from: [input, input, input]\n    name: at\n    as: [y, w]\n    call: {average_attn_weights: false}\n"
        "outputs: [w]\n"
    )
    assert (2, 2, 5, 5) == built(text)(normal(2, 5, 8))["w"].shape


def test_an_inner_step_is_read_outside_by_its_dotted_name() -> None:
    model = built(
        "input: [B, T, 4]\ntime_axis: T\nlayers:\n"
        "  - TimeDistributed:\n"
        "      - Sequential:\n          - Linear: 4\n            name: deep\n          - Linear: 2\n"
        "        name: block\n"
        "      - Linear: 4\n        name: flat\n    name: td\n"
        "  - add:\n    from: [td.block.deep, td.flat]\n"
    )
    x, inside = normal(2, 3, 4), "td.module.body."
    deep = child(model, f"{inside}block.deep")(x)
    flat = child(model, f"{inside}flat")(child(model, f"{inside}block.linear_2")(deep))
    torch.testing.assert_close(model(x), deep + flat)


def test_every_dotted_name_is_exported_from_each_container_on_its_way() -> None:
    text = (
        "input: [B, 4]\nlayers:\n  - Sequential:\n      - Sequential: [{Linear: 4, name: c}]\n        name: b\n"
        "    name: a\n  - add:\n    from: [input, a.b.c]\n"
    )
    assert {"a.b.c", "b.c"} == exported_names(good(text))


def test_an_outer_value_enters_time_distributed_through_from() -> None:
    model = built(
        "inputs: {x: [B, T, 4], y: [B, T, 3]}\ntime_axis: T\nlayers:\n"
        "  - TimeDistributed:\n      - cat: 1\n        from: [x, y]\n      - Linear: 2\n"
        "    from: [x, y]\n    name: td\n"
    )
    x, y = normal(2, 5, 4), normal(2, 5, 3)
    torch.testing.assert_close(model(x, y), child(model, "td.module.body.linear_1")(torch.cat([x, y], 2)))


def test_all_inputs_of_a_container_reach_its_first_step() -> None:
    model = built(
        "inputs: {x: [B, T, 4], y: [B, T, 4]}\ntime_axis: T\nlayers:\n"
        "  - TimeDistributed: [mul, {Linear: 2}]\n    from: [x, y]\n    name: td\n"
    )
    x, y = normal(2, 5, 4), normal(2, 5, 4)
    torch.testing.assert_close(model(x, y), child(model, "td.module.body.linear_1")(x * y))


def test_inner_steps_of_a_sequential_see_the_names_outside() -> None:
    model = built(
        "input: [B, 4]\nlayers:\n  - Linear: 4\n    name: one\n  - Sequential:\n      - ReLU\n      - add:\n"
        "        from: [relu_1, input]\n"
    )
    x = normal(2, 4)
    torch.testing.assert_close(model(x), child(model, "one")(x).relu() + x)


TAKEN = (
    "forward type training body steps run exported spec parameters children modules train eval half to name _attribute "
    "_modules _parameters _forward_hooks __class__ __init__ __dict__ T_destination call_super_init dump_patches"
)


@pytest.mark.parametrize("name", TAKEN.split())
def test_a_step_may_be_named_like_anything_that_a_module_has(name: str) -> None:
    model = built(
        f"input: [B, 4]\nlayers:\n  - Linear: 3\n    name: {name}\n  - Linear: 2\n    name: after\n"
        f"outputs: [{name}, after]\n"
    )
    first, second = (module for module in model.modules() if isinstance(module, nn.Linear))
    x = normal(2, 4)
    torch.testing.assert_close(model(x), {name: first(x), "after": second(first(x))})
    assert 4 == len(model.state_dict())
    model.train()
    model.eval()


@pytest.mark.parametrize("order", [("train", "train_"), ("train_", "train"), ("train", "train_", "train__")])
def test_names_that_would_be_given_to_a_colliding_name_stay_apart(order: tuple[str, ...]) -> None:
    lines = "".join(f"\n  - Linear: {size}\n    name: {name}" for size, name in enumerate(order, 2))
    model = built(f"input: [B, 4]\nlayers:{lines}")
    assert [(2, 4), (3, 2), (4, 3)][: len(order)] == [
        tuple(m.weight.shape) for m in model.modules() if isinstance(m, nn.Linear)
    ]
    assert (2, len(order) + 1) == model(normal(2, 4)).shape


def test_a_frozen_step_takes_no_gradients_and_the_others_do() -> None:
    model = built(
        "input: [B, 4]\nlayers:\n  - Linear: 3\n    trainable: false\n    name: cold\n  - Linear: 2\n    name: warm"
    )
    assert [False, False, True, True] == [weight.requires_grad for weight in model.parameters()]


def test_a_function_that_reads_a_size_follows_the_inputs() -> None:
    model = built("input: [B, T, 4]\nlayers:\n  - reshape: {shape: [$B, $(T*2), 2]}")
    assert (3, 10, 2) == model(normal(3, 5, 4)).shape
    assert (1, 2, 2) == model(normal(1, 1, 4)).shape


def test_a_lazy_layer_is_built_with_its_weights() -> None:
    model = built(
        "input: [B, 3, 8, 8]\nlayers:\n  - LazyConv2d: {out_channels: 4, kernel_size: 3}\n"
        "  - Flatten\n  - LazyLinear: 2\n"
    )
    assert [(4, 3, 3, 3), (4,), (2, 144), (2,)] == [tuple(weight.shape) for weight in model.parameters()]
    assert all(bool(weight.abs().max() > 0) for weight in model.parameters())
    assert (2, 2) == model(normal(2, 3, 8, 8)).shape


def test_a_nested_time_distributed_folds_twice() -> None:
    model = built(
        "input: [B, T, S, 4]\ntime_axis: T\nlayers:\n  - TimeDistributed:\n      - TimeDistributed:\n"
        "          time_axis: 1\n          layers: [{Linear: 2}]\n        name: inner\n    name: outer\n"
    )
    x = normal(2, 3, 5, 4)
    torch.testing.assert_close(model(x), child(model, "outer.module.body.inner.module.body.linear_1")(x))

"""Looking at a module leaves it, its inputs and the random states as they were, also when it raises."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tdinspect import inspect
from tests.modules.models import NeedsWrapper, Restless

GOOD, RAISING = (2, 5, 4), (2, 5, 3)
each_way = pytest.mark.parametrize("shape", [GOOD, RAISING], ids=["it runs", "it raises"])


def look(module: nn.Module, x: Tensor) -> None:
    inspect(module, inputs=(x,), compare=True, axes=True)


@each_way
def test_training_flags_stay(shape: tuple[int, ...]) -> None:
    module = Restless()
    module.norm.eval()
    look(module, torch.randn(shape))
    assert [True, False, True, True] == [part.training for part in module.modules()]


@each_way
def test_buffers_parameters_and_attributes_stay(shape: tuple[int, ...]) -> None:
    module = Restless()
    before, own = copy.deepcopy(module.state_dict()), {name: id(p) for name, p in module.named_parameters()}
    look(module, torch.randn(shape))
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert own == {name: id(p) for name, p in module.named_parameters()}
    assert (0, []) == (module.calls, module.kept)


@each_way
def test_gradients_and_what_is_frozen_stay(shape: tuple[int, ...]) -> None:
    module = Restless()
    module.lin.bias.requires_grad_(False)
    module(torch.randn(GOOD)).sum().backward()
    assert module.lin.weight.grad is not None
    grad, before = module.lin.weight.grad, module.lin.weight.grad.clone()
    look(module, torch.randn(shape))
    assert grad is module.lin.weight.grad
    assert torch.equal(before, grad)
    assert [True, True, True, False] == [p.requires_grad for p in module.parameters()]
    assert torch.is_grad_enabled()


@each_way
def test_hooks_stay_and_no_others_are_left(shape: tuple[int, ...]) -> None:
    module = Restless()
    handle = module.lin.register_forward_hook(lambda *_: None)
    look(module, torch.randn(shape))
    assert [handle.id] == list(module.lin._forward_hooks)
    others = [part for part in module.modules() if part is not module.lin]
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in others)


@each_way
def test_the_inputs_stay(shape: tuple[int, ...]) -> None:
    x = torch.randn(shape, requires_grad=True)
    before = x.detach().clone()
    look(Restless(), x)
    assert torch.equal(before, x)
    assert x.grad is None


@each_way
def test_the_random_states_stay(shape: tuple[int, ...]) -> None:
    class Draws(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            if x.shape[-1] != 4:
                raise RuntimeError("no")
            return x * random.random() + torch.rand_like(x)

    torch.manual_seed(3)
    random.seed(3)
    x = torch.randn(shape)
    states: list[Any] = [torch.get_rng_state(), random.getstate()]
    look(Draws(), x)
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1] == random.getstate()


@pytest.mark.parametrize(
    "read",
    [torch.get_default_dtype, torch.is_grad_enabled, torch.backends.mha.get_fastpath_enabled, torch.get_num_threads],
)
def test_the_settings_of_torch_stay(read: Callable[[], object]) -> None:
    before = read()
    look(Restless(), torch.randn(GOOD))
    look(NeedsWrapper(), torch.randn(2, 6, 3, 16, 16))
    assert before == read()


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_old_hooks_that_make_a_weight_in_each_call_do_no_harm() -> None:
    lin = nn.utils.weight_norm(nn.Linear(4, 3))
    lin(torch.randn(2, 5, 4))  # leaves a weight that is no parameter and has a history
    report = inspect(lin, inputs=torch.randn(2, 5, 4), compare=True, axes=True)
    assert ("B", "T", "3") == report.specs[0].outputs["output"].symbols
    assert 4 * 3 + 3 + 3 == report.specs[0].totals.params


def test_what_a_forward_prints_does_not_reach_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    class Chatty(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            print("shape", x.shape)
            return x

    look(Chatty(), torch.randn(GOOD))
    assert "" == capfd.readouterr().out


def test_a_module_that_asks_python_to_end_does_not_end_it() -> None:
    class Ends(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise SystemExit(3)

    report = inspect(Ends(), inputs=torch.randn(GOOD), compare=True, axes=True).specs[0]
    assert ["TD101"] == [finding.code for finding in report.findings]
    assert "it asked Python to end" in report.findings[0].message


def test_values_that_an_earlier_pass_left_do_no_harm() -> None:
    class Remembers(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lin = nn.Linear(4, 3)
            self.last: dict[str, list[Tensor]] = {"outputs": []}

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.lin(x)
            self.last["outputs"].append(y)
            return y

    module = Remembers()
    module(torch.randn(GOOD))
    (kept,) = module.last["outputs"]
    look(module, torch.randn(GOOD))
    assert [True] == [value is kept for value in module.last["outputs"]]
    assert kept.grad_fn is not None


def test_a_hook_of_ones_own_runs_on_the_copy_with_its_effect() -> None:
    module = nn.Sequential(nn.Linear(4, 3))
    module[0].register_forward_hook(lambda part, args, output: output[..., :2])
    assert ("B", "T", "2") == inspect(module, inputs=torch.randn(GOOD)).specs[0].outputs["output"].symbols


def test_a_module_that_holds_itself_is_copied() -> None:
    class Holds(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lin = nn.Linear(4, 3)
            self.registry: dict[str, object] = {"tensor": torch.zeros(2)}
            self.registry["self"] = self.registry

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.lin(x)
            return y

    assert ("B", "T", "3") == inspect(Holds(), inputs=torch.randn(GOOD)).specs[0].outputs["output"].symbols

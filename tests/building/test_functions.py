"""The allow-list: it has what the contract names, each function is torch's own, and none does more than compute."""

from __future__ import annotations

import pytest
import torch

from tdinspect.building.functions import BLIND_WHEN_EMPTY, FUNCTIONS, TAKES_LIST, VIEWS
from tdinspect.building.signatures import function_parameters, is_tensor
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.domain.spec import Expression
from tdinspect.domain.tree import leaves, map_tree
from tests.building.calls import Call, calls

CONTRACT = (
    "cat stack add sub mul div matmul bmm einsum mean sum amax amin max min argmax topk cumsum softmax log_softmax "
    "relu gelu sigmoid tanh exp log normalize permute transpose movedim reshape flatten unflatten squeeze unsqueeze "
    "expand select narrow chunk split unbind roll flip pad interpolate repeat_interleave where masked_fill gather "
    "one_hot scaled_dot_product_attention"
)
BEYOND = "maximum minimum sqrt abs"
# What torch has under short lower-case names that reads, writes, runs, or changes the process.
NEVER = (
    "save load compile jit hub package from_file frombuffer from_numpy from_dlpack eval exec getattr open import "
    "manual_seed seed set_default_dtype set_num_threads set_printoptions autocast vmap apply_ map_ copy_ set_ resize_ "
    "fill_ zero_ add_ as_strided empty empty_like rand randn bernoulli dropout numpy tolist item"
)

every_call = pytest.mark.parametrize("call", calls(), ids=str)


def test_the_list_has_every_function_that_the_contract_names() -> None:
    assert [] == [name for name in CONTRACT.split() if name not in FUNCTIONS]


def test_the_list_is_closed_and_each_of_its_functions_has_a_call_below() -> None:
    assert {*CONTRACT.split(), *BEYOND.split()} == set(FUNCTIONS) == {call.name for call in calls()}


def test_nothing_on_the_list_reads_writes_runs_or_draws() -> None:
    assert [] == [name for name in FUNCTIONS if name in NEVER.split() or name.startswith("_") or name.endswith("_")]


@every_call
def test_a_function_gives_what_torch_gives(call: Call) -> None:
    found = TensorFunction(call.name, call.constants, {})(*call.inputs)
    torch.testing.assert_close(found, call.expected(*call.inputs))


@every_call
def test_a_function_leaves_its_inputs_and_the_random_state_as_they_are(call: Call) -> None:
    before = map_tree(lambda value: value.clone(), call.inputs)
    state = torch.get_rng_state()
    FUNCTIONS[call.name](*call.inputs, **call.constants)
    assert all(torch.equal(old, new) for old, new in zip(leaves(before), leaves(call.inputs), strict=True))
    assert torch.equal(state, torch.get_rng_state())


def test_every_constant_of_every_function_is_used_in_a_call() -> None:
    constants = {(name, p.name) for name, f in FUNCTIONS.items() for p in function_parameters(f) if not is_tensor(p)}
    assert constants == {(call.name, key) for call in calls() for key in call.constants} - {
        (name, "other") for name in ("add", "sub", "mul", "div")
    }


@pytest.mark.parametrize("call", [call for call in calls() if call.name in VIEWS], ids=str)
def test_what_is_called_a_view_only_rearranges_and_works_on_the_meta_device(call: Call) -> None:
    found = FUNCTIONS[call.name](*call.inputs, **call.constants)
    given = {value for tensor in leaves(call.inputs) for value in tensor.flatten().tolist()}
    assert {value for tensor in leaves(found) for value in tensor.flatten().tolist()} <= given
    on_meta = FUNCTIONS[call.name](*map_tree(lambda t: t.to("meta"), call.inputs), **call.constants)
    assert [t.shape for t in leaves(found)] == [t.shape for t in leaves(on_meta)]


def test_the_special_cases_are_functions_of_the_list() -> None:
    assert VIEWS | TAKES_LIST | BLIND_WHEN_EMPTY <= set(FUNCTIONS)
    assert {"cat", "stack", "einsum"} == TAKES_LIST


@pytest.mark.parametrize("call", [call for call in calls() if call.name in TAKES_LIST], ids=str)
def test_what_takes_a_list_has_one_parameter_for_tensors(call: Call) -> None:
    assert 1 == sum(is_tensor(parameter) for parameter in function_parameters(FUNCTIONS[call.name]))


def test_a_constant_that_reads_a_size_follows_the_run() -> None:
    sizes = {"B": 2, "T": 3}
    reshape = TensorFunction("reshape", {"shape": (-1, Expression("T*2", frozenset("T")))}, sizes)
    assert reshape.reads_sizes
    assert (2, 6) == reshape(torch.zeros(2, 3, 2)).shape
    sizes["T"] = 6
    assert (1, 12) == reshape(torch.zeros(2, 3, 2)).shape


def test_a_function_without_sizes_reads_none() -> None:
    assert not TensorFunction("softmax", {"dim": -1}, {}).reads_sizes


def test_a_function_shows_itself_with_its_constants() -> None:
    assert "TensorFunction(softmax, {'dim': -1})" == repr(TensorFunction("softmax", {"dim": -1}, {}))

"""The allow-list: it has what the contract names, each function is torch's own, and none does more than compute."""

from __future__ import annotations

import ast
import inspect
from types import ModuleType

import pytest
import torch

from tdinspect.building.functions import BLIND_WHEN_EMPTY, FUNCTIONS, TAKES_LIST, VIEWS
from tdinspect.building.signatures import function_parameters, is_tensor
from tdinspect.building.tensor_function import Run, TensorFunction
from tdinspect.domain.spec import Expression
from tdinspect.domain.tree import leaves, map_tree
from tests.building import calls as first_calls
from tests.building.calls import Call
from tests.building.further_calls import further_calls

CONTRACT = (
    "cat stack add sub mul div matmul bmm einsum mean sum amax amin max min argmax topk cumsum softmax log_softmax "
    "relu gelu sigmoid tanh exp log normalize permute transpose movedim reshape flatten unflatten squeeze unsqueeze "
    "expand select narrow chunk split unbind roll flip pad interpolate repeat_interleave where masked_fill gather "
    "one_hot scaled_dot_product_attention"
)
BEYOND = (
    "unfold diagonal take_along_dim index_select scatter_add swapaxes moveaxis broadcast_to tile pixel_shuffle "
    "pixel_unshuffle tril triu diag_embed rsub remainder pow maximum minimum lerp clamp abs neg sign floor ceil round "
    "square sqrt rsqrt reciprocal expm1 log1p log2 erf sin cos tan atan atan2 eq ne lt le gt ge logical_and logical_or "
    "logical_not to detach zeros_like ones_like full_like mm mv dot inner outer addmm baddbmm cosine_similarity "
    "pairwise_distance cdist prod std var norm logsumexp median argmin any all sort argsort cumprod logcumsumexp diff "
    "relu6 leaky_relu elu selu celu silu mish softplus softsign logsigmoid hardtanh hardsigmoid hardswish glu softmin "
    "layer_norm rms_norm group_norm avg_pool1d avg_pool2d avg_pool3d max_pool1d max_pool2d max_pool3d "
    "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d "
    "adaptive_max_pool3d grid_sample embedding"
)
# What torch has under short lower-case names that reads, writes, runs, draws, changes the process, or gives a shape
# that only values tell.
NEVER = (
    "save load compile jit hub package from_file frombuffer from_numpy from_dlpack eval exec getattr open import "
    "manual_seed seed set_default_dtype set_num_threads set_printoptions autocast vmap apply apply_ map_ copy_ set_ "
    "resize_ fill_ zero_ add_ as_strided empty empty_like rand randn rand_like bernoulli multinomial dropout numpy "
    "tolist item data grad storage cuda cpu type backward requires_grad_ register_hook share_memory_ masked_select "
    "nonzero unique"
)
REVIEWED_IMPORTS = {
    "__future__",
    "collections.abc",
    "torch",
    "torch.nn",
    "tdinspect.building.functions.kinds",
}


def calls() -> list[Call]:
    return [*first_calls.calls(), *further_calls()]


every_call = pytest.mark.parametrize("call", calls(), ids=str)


def test_the_list_has_every_function_that_the_contract_names() -> None:
    assert [] == [name for name in CONTRACT.split() if name not in FUNCTIONS]


def test_the_list_is_closed_and_each_of_its_functions_has_a_call_below() -> None:
    assert {*CONTRACT.split(), *BEYOND.split()} == set(FUNCTIONS) == {call.name for call in calls()}


def test_nothing_on_the_list_reads_writes_runs_or_draws() -> None:
    assert [] == [name for name in FUNCTIONS if name in NEVER.split() or name.startswith("_") or name.endswith("_")]


def test_every_function_is_written_in_this_package_and_reads_nothing_but_torch() -> None:
    for function in FUNCTIONS.values():
        module = inspect.getmodule(function)
        assert module is not None
        assert module.__name__.startswith("tdinspect.building.functions.")
        imported = {node.module for node in ast.walk(_tree(module)) if isinstance(node, ast.ImportFrom)}
        assert imported <= REVIEWED_IMPORTS
        whole = {name.name for node in ast.walk(_tree(module)) if isinstance(node, ast.Import) for name in node.names}
        assert whole <= {"torch"}


def test_no_function_reaches_for_an_attribute_by_a_text_or_takes_something_to_call() -> None:
    for function in FUNCTIONS.values():
        called = {node.id for node in ast.walk(ast.parse(inspect.getsource(function))) if isinstance(node, ast.Name)}
        assert set() == called & {"getattr", "setattr", "eval", "exec", "open", "vars", "globals", "__import__"}
        assert [] == [p.name for p in function_parameters(function) if "Callable" in str(p.annotation)]


def test_every_argument_says_what_it_takes() -> None:
    assert [] == [(name, p.name) for name, f in FUNCTIONS.items() for p in function_parameters(f) if not p.annotation]


def test_the_tensors_of_a_function_stand_first() -> None:
    for name, function in FUNCTIONS.items():
        kinds = [is_tensor(parameter) for parameter in function_parameters(function)]
        assert kinds == sorted(kinds, reverse=True), name


def test_no_function_is_listed_twice() -> None:
    written = sum(len(_names(module)) for module in {inspect.getmodule(f) for f in FUNCTIONS.values()})
    assert written == len(FUNCTIONS)


@pytest.mark.parametrize("text", ["save", "Tensor", "__class__", "float33", "os"])
def test_a_dtype_is_one_of_torchs_and_nothing_else_of_torch(text: str) -> None:
    with pytest.raises(ValueError, match=f"there is no dtype {text}"):
        FUNCTIONS["to"](torch.zeros(2), text)


def test_distances_of_kinds_of_numbers_that_torch_cannot_do_are_refused_for_an_empty_batch_too() -> None:
    for rows in (0, 2):
        x = torch.zeros(rows, 3, 4, dtype=torch.float16)
        with pytest.raises(NotImplementedError, match="\"cdist\" not implemented for 'Half'"):
            FUNCTIONS["cdist"](x, x)


@pytest.mark.parametrize(
    ("name", "constants"), [("split", {"split_size": 1}), ("chunk", {"chunks": 10**9}), ("unbind", {})]
)
def test_an_axis_is_not_cut_into_more_pieces_than_anyone_names(name: str, constants: dict[str, int]) -> None:
    axis = torch.zeros(()).expand(10**9)
    with pytest.raises(ValueError, match="1,000,000,000 parts; the limit is 10,000"):
        FUNCTIONS[name](axis, **constants)


def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


def _names(module: ModuleType | None) -> list[str]:
    assert module is not None
    defined = [node.name for node in _tree(module).body if isinstance(node, ast.FunctionDef)]
    return [name for name in defined if not name.startswith("_")]


@every_call
def test_a_function_gives_what_torch_gives(call: Call) -> None:
    found = TensorFunction(call.name, call.constants, Run())(*call.inputs)
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
        (name, p.name) for name, f in FUNCTIONS.items() for p in function_parameters(f) if is_tensor(p)
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
    run = Run({"B": 2, "T": 3})
    reshape = TensorFunction("reshape", {"shape": (-1, Expression("T*2", frozenset("T")))}, run)
    assert frozenset("T") == reshape.reads
    assert (2, 6) == reshape(torch.zeros(2, 3, 2)).shape
    run.sizes["T"] = 6
    assert (1, 12) == reshape(torch.zeros(2, 3, 2)).shape


def test_a_function_without_sizes_reads_none() -> None:
    assert frozenset() == TensorFunction("softmax", {"dim": -1}, Run()).reads


def test_a_function_shows_itself_with_its_constants() -> None:
    assert "TensorFunction(softmax, {'dim': -1})" == repr(TensorFunction("softmax", {"dim": -1}, Run()))

"""Tensor functions: every one of the list against the oracle, and einsum in all its spellings."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tdinspect.building.functions import FUNCTIONS, products
from tdinspect.building.tensor_function import Run, TensorFunction
from tdinspect.domain.tree import map_tree
from tdinspect.running.costs.function_costs import counts
from tests.building.calls import Call, calls
from tests.building.further_calls import further_calls
from tests.costs.calls import told
from tests.costs.oracle import flops_of, on_meta

EVERY = [*calls(), *further_calls()]
# The counter has no entry for products of a vector (mv, dot) and distances, and sees what torch makes of them.
NOT_COUNTED = {"mv", "dot", "cdist"}


def _function(name: str, **constants: object) -> TensorFunction:
    return TensorFunction(name, constants, Run())


def _macs(function: TensorFunction, inputs: tuple[Any, ...], value: Any) -> int | None:
    return told(function, inputs, {}, value).macs


def _on_meta(value: object) -> object:
    return on_meta(*value.shape, dtype=value.dtype) if isinstance(value, Tensor) else value


@pytest.mark.parametrize("call", [call for call in EVERY if call.name not in NOT_COUNTED], ids=str)
def test_a_function_costs_what_the_oracle_counts(call: Call) -> None:
    function = TensorFunction(call.name, call.constants, Run())
    inputs = map_tree(_on_meta, call.inputs)
    assert flops_of(function, *inputs) == _macs(function, inputs, function(*inputs))


def test_the_functions_with_a_product_are_these() -> None:
    multiplying = {name for name in FUNCTIONS if counts(_function(name))}
    free = {"outer", "cosine_similarity", "pairwise_distance", "embedding"}  # no sum over a product of matrices
    in_file = {name for name, function in FUNCTIONS.items() if function.__module__ == products.__name__}
    assert in_file - free == multiplying


@pytest.mark.parametrize(
    ("expected", "name", "shapes"),
    [
        (12, "mv", ((3, 4), (4,))),
        (4, "dot", ((4,), (4,))),
        (2 * 3 * 5 * 4, "cdist", ((2, 3, 4), (2, 5, 4))),
        (2 * 3 * 4, "matmul", ((2, 3, 4), (4,))),
        (4, "matmul", ((4,), (4,))),
        (2 * 5 * 3 * 4 * 6, "matmul", ((2, 1, 3, 4), (5, 4, 6))),
    ],
)
def test_products_that_the_oracle_sees_otherwise(expected: int, name: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    function, inputs = _function(name), tuple(on_meta(*shape) for shape in shapes)
    assert expected == _macs(function, inputs, function(*inputs))


def test_distances_that_are_no_product_cost_nothing() -> None:
    x = on_meta(3, 4)
    assert 0 == _macs(_function("cdist", p=1), (x, x), on_meta(3, 3))


def test_attention_counts_both_products_and_a_mask_saves_nothing() -> None:
    q, k, v = on_meta(2, 4, 3, 8), on_meta(2, 4, 5, 8), on_meta(2, 4, 5, 6)
    for constants in ({}, {"is_causal": True}):
        function = _function("scaled_dot_product_attention", **constants)
        assert 2 * 4 * 3 * 5 * (8 + 6) == _macs(function, (q, k, v), function(q, k, v))


EQUATIONS = [
    "ij,jk->ik", "bij,bjk->bik", "bhqd,bhkd->bhqk", "i,j->ij", "ij->ji", "ij->", "ii->i", "ij,ij->", "ij,ij->ij",
    "bi,oij,bj->bo", "ab,bc,cd->ad", "...ij,...jk->...ik", "b...i,i->b...", "ij , jk", "abc,cd", "ijk,ik->j",
]  # fmt: skip
SIZES = {"a": 2, "b": 3, "c": 4, "d": 5, "i": 2, "j": 3, "k": 4, "o": 5, "h": 2, "q": 3}


def _operands(equation: str) -> list[Tensor]:
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    heads_and_tails = [term.partition("...") for term in terms]
    return [
        on_meta(*(SIZES[x] for x in head), *((2, 3) if dots else ()), *(SIZES[x] for x in tail))
        for head, dots, tail in heads_and_tails
    ]


@pytest.mark.parametrize("equation", EQUATIONS)
def test_einsum_in_all_its_spellings(equation: str) -> None:
    function, operands = _function("einsum", equation=equation), _operands(equation)
    assert flops_of(function, operands) == _macs(function, (operands,), function(operands))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text("abcd", min_size=1, max_size=3), min_size=1, max_size=3), st.data())
def test_einsum_of_anything(terms: list[str], data: st.DataObject) -> None:
    terms = ["".join(dict.fromkeys(term)) for term in terms]
    known = sorted(set("".join(terms)))
    result = "".join(data.draw(st.lists(st.sampled_from(known), unique=True)))
    sizes = {label: data.draw(st.integers(1, 4)) for label in known}
    equation = f"{','.join(terms)}->{result}"
    operands = [on_meta(*(sizes[label] for label in term)) for term in terms]
    function = _function("einsum", equation=equation)
    assert flops_of(function, operands) == _macs(function, (operands,), function(operands))


def test_a_vector_of_bytes_is_counted_by_its_dtype() -> None:
    x = on_meta(3, 4)
    assert 3 * 4 == told(_function("gt"), (x, x), {}, torch.gt(x, x)).activation_bytes

"""The multiply-adds of tensor functions: those of ``_PRODUCTS``, from the shapes that go in and come out.

All other functions of the list move numbers, or work element by element, and count as nothing.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Mapping
from math import prod

from tdinspect.building.functions import FUNCTIONS, TAKES_LIST
from tdinspect.building.tensor_function import TensorFunction
from tdinspect.domain.spec import resolved
from tdinspect.layers.work import Shape, Work

# One call: its inputs and constants by name, and the shape of the result.
_Counted = Callable[[Mapping[str, object], Shape], int]


def counts(function: TensorFunction) -> bool:
    """True where the function is, or has in it, a product of matrices."""
    return function.name in _PRODUCTS


def function_macs(function: TensorFunction, work: Work, sizes: Mapping[str, int]) -> int:
    """The multiply-adds of one call; ``sizes`` are those of the symbols that the constants read."""
    if function.name not in _PRODUCTS:
        return 0
    inputs = (work.takes,) if function.name in TAKES_LIST else work.takes
    signature = inspect.signature(FUNCTIONS[function.name])
    bound = signature.bind(*inputs, **work.named, **resolved(function.constants, sizes))
    bound.apply_defaults()
    return _PRODUCTS[function.name](bound.arguments, work.gives[0])


def _shape(value: object) -> Shape:
    assert isinstance(value, tuple)
    return value


def _over_last_of(name: str) -> _Counted:
    """Each number of the result is a sum over the last axis of this input."""
    return lambda given, gives: prod(gives) * _shape(given[name])[-1]


def _distances(given: Mapping[str, object], gives: Shape) -> int:
    """Euclidean distances are a product of matrices; others compare element by element."""
    return prod(gives) * _shape(given["x1"])[-1] if given["p"] == 2 else 0


def _attention(given: Mapping[str, object], gives: Shape) -> int:
    """Queries by keys, and weights by values; a causal mask saves nothing."""
    query, key, value = (_shape(given[name]) for name in ("query", "key", "value"))
    each = query[-1] + value[-1]
    return prod(gives[:-1]) * key[-2] * each


def _einsum(given: Mapping[str, object], gives: Shape) -> int:
    """The operands are taken in from left to right, one product at a time; without a sum it is element by element."""
    operands = given["operands"]
    assert isinstance(operands, tuple)
    shapes = tuple(map(_shape, operands))
    terms, result = _labels(str(given["equation"]), [len(shape) for shape in shapes])
    sizes: dict[object, int] = {}
    for labels, shape in zip(terms, shapes, strict=True):
        for label, size in zip(labels, shape, strict=True):
            sizes[label] = max(size, sizes.get(label, 1))
    left = _alone(terms[0], shapes[0])
    total = 0
    for i in range(1, len(terms)):
        right = _alone(terms[i], shapes[i])
        later = set(result).union(*terms[i + 1 :])
        summed = (left & right) - later
        left, right = left & (later | summed), right & (later | summed)  # what one side sums alone goes before
        total += prod(sizes[label] for label in left | right) if summed else 0
        left = (left | right) & later
    return total


def _alone(labels: list[object], shape: Shape) -> set[object]:
    """The axes that have more than one position: the others broadcast."""
    return {label for label, size in zip(labels, shape, strict=True) if size > 1}


def _labels(equation: str, ndims: list[int]) -> tuple[list[list[object]], list[object]]:
    """What each axis of each operand is called, and the axes of the result; numbers stand for those of an ellipsis."""
    before, arrow, after = equation.replace(" ", "").partition("->")
    terms: list[list[object]] = []
    for term, ndim in zip(before.split(","), ndims, strict=True):
        head, dots, tail = term.partition("...")
        hidden = list(range(ndim - len(head) - len(tail)))[::-1] if dots else []  # aligned at the last axis
        terms.append([*head, *hidden, *tail])
    times = Counter(label for term in terms for label in term)
    hidden = sorted((label for label in times if isinstance(label, int)), reverse=True)
    if arrow:
        head, dots, tail = after.partition("...")
        return terms, [*head, *(hidden if dots else []), *tail]
    once = sorted(label for label in times if isinstance(label, str) and times[label] == 1)
    return terms, [*hidden, *once]


_PRODUCTS: Mapping[str, _Counted] = {
    **dict.fromkeys(("matmul", "mm", "bmm", "mv", "dot", "inner"), _over_last_of("input")),
    "addmm": _over_last_of("mat1"),
    "baddbmm": _over_last_of("batch1"),
    "einsum": _einsum,
    "scaled_dot_product_attention": _attention,
    "cdist": _distances,
}

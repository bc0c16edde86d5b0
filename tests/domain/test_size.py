"""Sizes as expressions: exact whole-number arithmetic, written as Python."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tdinspect.domain.size import Size, readable

T, H, W = Size.symbol("T"), Size.symbol("H"), Size.symbol("W")
NUMBERS = st.integers(-9, 9)
DIVISORS = st.integers(1, 9)
VALUES = st.fixed_dictionaries({name: st.integers(0, 40) for name in "THW"})

# One operation on one size, as it is done to a Size and to a plain whole number alike.
Change = tuple[str, int]
CHANGES = st.lists(
    st.one_of(st.tuples(st.just("+"), NUMBERS), st.tuples(st.just("*"), NUMBERS), st.tuples(st.just("//"), DIVISORS)),
    max_size=8,
)
OPERATIONS: dict[str, Callable[[Size, int], Size]] = {
    "+": lambda size, number: size + number,
    "*": lambda size, number: size * number,
    "//": lambda size, number: size // number,
}
PLAIN: dict[str, Callable[[int, int], int]] = {
    "+": lambda value, number: value + number,
    "*": lambda value, number: value * number,
    "//": lambda value, number: value // number,
}
SIZES = st.recursive(
    st.one_of(st.sampled_from([T, H, W]), NUMBERS.map(Size.number)),
    lambda inner: st.one_of(
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, b: a * b, inner, inner),
        st.builds(lambda a, d: a // d, inner, DIVISORS),
    ),
    max_leaves=6,
)


def written_value(size: Size, values: dict[str, int]) -> int:
    value = eval(str(size), {"__builtins__": {}}, dict(values))  # the text is made of symbols, numbers and operators
    assert isinstance(value, int)
    return value


@given(SIZES, VALUES)
@example(T // 3 * -2, {"T": 10, "H": 0, "W": 0})
@example(H * (T // 3) * -1 + 5, {"T": 10, "H": 7, "W": 0})
@example((T * -1) // 2 * -3, {"T": 9, "H": 0, "W": 0})
def test_a_size_is_written_as_python_that_gives_its_value(size: Size, values: dict[str, int]) -> None:
    assert size.value(values) == written_value(size, values)


@given(CHANGES, st.integers(0, 200))
def test_a_chain_of_operations_is_plain_arithmetic(changes: list[Change], start: int) -> None:
    size, expected = T, start
    for operation, number in changes:
        size, expected = OPERATIONS[operation](size, number), PLAIN[operation](expected, number)
    assert expected == size.value({"T": start})
    assert expected == written_value(size, {"T": start})


@given(SIZES, SIZES, VALUES)
def test_a_sum_and_a_product_are_those_of_the_values(left: Size, right: Size, values: dict[str, int]) -> None:
    assert left.value(values) + right.value(values) == (left + right).value(values)
    assert left.value(values) * right.value(values) == (left * right).value(values)
    assert left + right == right + left
    assert left * right == right * left


@given(SIZES, SIZES, VALUES)
def test_putting_a_size_in_a_symbols_place_is_reading_the_symbol_at_its_value(
    size: Size, replacement: Size, values: dict[str, int]
) -> None:
    expected = size.value({**values, "T": replacement.value(values)})
    assert expected == size.substitute("T", replacement).value(values)


@given(SIZES)
def test_the_symbols_are_all_that_a_value_needs(size: Size) -> None:
    assert isinstance(size.value(dict.fromkeys(size.symbols, 7)), int)
    assert size.symbols <= {"T", "H", "W"}


@given(SIZES)
def test_a_size_less_itself_is_nothing(size: Size) -> None:
    assert Size.number(0) == size + size * -1


@pytest.mark.parametrize(
    ("expected", "size"),
    [
        ("0", Size.number(0)),
        ("-4", Size.number(-4)),
        ("T", T),
        ("T", T // 1),
        ("T+3", T + 3),
        ("T-3", T + -3),
        ("16*T", T * 16),
        ("H*W", W * H),
        ("T//2", T // 2),
        ("T//6", T // 2 // 3),
        ("(T-5)//3", (T + -5) // 3),
        ("(T-5)//3", (T + 1) // 3 + -2),
        ("(T-6)//4", (T // 2 + -3) // 2),
        ("T", T * 4 // 4),
        ("T//2", T * 2 // 4),
        ("T+1", (T * 2 + 3) // 2),
        ("16*(H//4)*(W//4)", H // 4 * (W // 4) * 16),
        ("-(2*(T//3))", T // 3 * -2),
        ("7", (T * 0 + 15) // 2),
        ("(H-1)*(W-1)", (H + -1) * (W + -1)),
        ("8*(H-2)*(W-2)", (H + -2) * (W + -2) * 8),
        ("8*H*(W-2)", H * (W + -2) * 8),
        ("T*(H-2)*(W//2+1)", T * (H + -2) * (W // 2 + 1)),
        ("((H-1)//2)*((W-1)//2)", (H + -1) // 2 * ((W + -1) // 2)),
        ("-(3*H*(W-2))", H * (W + -2) * -3),
        ("H*W+T", H * W + T),
        ("H*W+H+T", H * W + H + T),
        ("H//2+1", (H + 2) // 2),
        ("W//4-1", (W + -4) // 4),
        ("T", T // 2 + (T + 1) // 2),
        ("2*T+T//2", T // 2 * 3 + (T + 1) // 2 * 2),
        ("H", H // 3 + (H + 1) // 3 + (H + 2) // 3),
        ("4*((T-5)//4)", (T + 3) // 4 * 4 + -8),
        ("4*((T+3)//4)-6", (T + 3) // 4 * 4 + -6),
        ("2*(H//4)-2", H // 4 * 2 + -2),
        ("T*((H-5)//3)", (H + -5) // 3 * T),
        ("(H-2)*(H-2)", (H + -2) * (H + -2)),
        ("3*T*(H+1)*(H-2)", (H + -2) * (H + 1) * T * 3),
        ("((H-1)//2)*((H-1)//2)", ((H + 1) // 2 + -1) * ((H + 1) // 2 + -1)),
        ("4*(H-2)*(H-2)*(H-2)", (H + -2) * (H + -2) * (H + -2) * 4),
        ("H*H+1", H * H + 1),
    ],
)
def test_a_size_is_written_simply(expected: str, size: Size) -> None:
    assert expected == str(size)


@pytest.mark.parametrize(
    ("expected", "size"), [(1, T), (8, H * 8 + 3), (4, H * W * 4 + T // 2 * 8), (2, T // 2 * 2), (1, Size.number(5))]
)
def test_a_size_moves_in_units(expected: int, size: Size) -> None:
    assert expected == size.unit


@pytest.mark.parametrize(("expected", "size"), [(True, Size.number(3)), (True, Size.number(0)), (False, T + 3)])
def test_a_number_has_no_symbol(expected: bool, size: Size) -> None:
    assert expected == size.is_number


def test_a_symbol_without_a_size_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="T"):
        (T + 1).value({"H": 3})


@pytest.mark.parametrize(
    ("expected", "size"),
    [("T//2", T // 2), ("32", Size.symbol("#3") // 2), ("80", Size.symbol("#3") + T)],
)
def test_an_axis_that_is_a_number_in_the_spec_stays_one(expected: str, size: Size) -> None:
    assert expected == readable(size, {"T": 16, "#3": 64})

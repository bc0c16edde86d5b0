"""Formulas through points: found where the form is right, refused where it is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tdinspect.domain.size import Size
from tdinspect.running.fit import fit_joint, fit_single


@given(st.integers(0, 5), st.integers(-20, 20), st.integers(1, 7), st.integers(1, 50))
def test_a_floor_of_a_straight_line_is_found_and_holds_further_on(a: int, b: int, c: int, start: int) -> None:
    points = {start + by: (a * (start + by) + b) // c for by in [*range(16), 64]}
    found = fit_single(points)
    assert found is not None
    assert all((a * n + b) // c == found.value({"n": n}) for n in range(start, start + 200))


def test_a_square_is_a_square_and_no_line() -> None:
    assert "5*n*n" == str(fit_single({n: 5 * n * n for n in range(4, 20)}))
    assert fit_single({n: n * n + 1 for n in range(4, 20)}) is None


def test_sizes_that_only_multiples_reach_are_fitted_on_the_multiples() -> None:
    found = fit_single({4 + by: (4 + by) // 2 for by in (0, 2, 4, 6, 64)})
    assert found is not None
    assert "n//2" == str(found)


def test_a_product_and_a_sum_of_two_variables_are_told_apart() -> None:
    h, w = Size.symbol("H"), Size.symbol("W")
    product = fit_joint([(h, 4, {5: 30, 7: 42}), (w, 3, {4: 32, 6: 48})], 24)
    assert "2*H*W" == str(product)
    total = fit_joint([(h, 4, {5: 8, 7: 10}), (w, 3, {4: 8, 6: 10})], 7)
    assert "H+W" == str(total)


def test_the_places_of_a_window_are_a_product_of_two_sides() -> None:
    def places(h: int, w: int) -> int:
        return 3 * (h - 2) * (w - 4)

    h, w = Size.symbol("H"), Size.symbol("W")
    found = fit_joint(
        [(h, 9, {n: places(n, 8) for n in (10, 12)}), (w, 8, {n: places(9, n) for n in (9, 14)})], places(9, 8)
    )
    assert found is not None
    assert places(31, 17) == found.value({"H": 31, "W": 17})


def test_two_variables_that_do_not_move_in_straight_lines_give_no_formula() -> None:
    assert fit_joint([(Size.symbol("H"), 4, {5: 9, 6: 9}), (Size.symbol("W"), 3, {4: 9, 5: 11})], 7) is None

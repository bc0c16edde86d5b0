"""What `expect` understands."""

from __future__ import annotations

import pytest

from tests.importers.reading import codes, good

HEAD = "input: [B, T, H]\nvars: {n: 4}\nlayers:\n  - Linear: 8\n"


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        ((448, 448), "448"),
        ((9_000_000, 9_000_000), "9_000_000"),
        ((5_000_000, 5_000_000), "5M"),
        ((2_500_000_000, 2_500_000_000), "2.5G"),
        ((20 * 1024**2, 20 * 1024**2), "20MiB"),
        ((1000, 1000), "1k"),
        ((1024, 1024), "1 KiB"),
        ((3000, 3000), "3 kB"),
        ((12, 12), "12B"),
        ((1_200_000, 1_200_000), "1_200K"),
        ((2 * 10**12, 2 * 10**12), "2T"),
        ((1_000_000, 1_000_000), "1e6"),
        ((0, 0), "0"),
        ((None, 9_000_000), "{max: 9M}"),
        ((1, None), "{min: 1}"),
        ((1, 2), "{min: 1, max: 2}"),
    ],
)
def test_a_count_is_a_number_or_bounds(expected: tuple[int | None, int | None], written: str) -> None:
    spec = good(f"{HEAD}expect: {{params: {written}}}")
    assert spec.expect is not None
    assert {"params": expected} == spec.expect.counts


@pytest.mark.parametrize(
    "written", ["5m", "M", "5 MM", "5iB", "-5", "-5M", "1.5", "0.0001k", "true", ".inf", ".nan", "[5]"]
)
def test_anything_else_is_no_count(written: str) -> None:
    assert ["TD003"] == codes(f"{HEAD}expect: {{params: {written}}}")


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        (("B", "T", 8), "[B, T, 8]"),
        (("B", "_", "..."), '[B, _, "..."]'),
        (("B*T", "H//4", "(T-1)//2+1"), "[B*T, H//4, (T-1)//2+1]"),
        (("B", 4, "H // 4"), "[B, $n, $(H // n)]"),
        ((), "[]"),
    ],
)
def test_a_shape_has_numbers_symbols_formulas_and_wildcards(expected: tuple[int | str, ...], written: str) -> None:
    spec = good(f"{HEAD}expect:\n  output: {written}\n  layers: {{linear_1: {written}}}")
    assert spec.expect is not None
    assert {"output": expected} == spec.expect.outputs
    assert {"linear_1": expected} == spec.expect.layers


def test_the_shape_of_one_named_output_is_kept_under_its_name() -> None:
    spec = good(f"{HEAD}outputs: [linear_1]\nexpect: {{output: [B, ...]}}")
    assert spec.expect is not None
    assert {"linear_1": ("B", "...")} == spec.expect.outputs


def test_fails_is_a_code_with_or_without_the_exact_text() -> None:
    for expected, written in ((("TD102", None), "TD102"), (("TD102", "E: x"), "{code: TD102, error: 'E: x'}")):
        spec = good(f"{HEAD}expect: {{fails: {written}}}")
        assert spec.expect is not None
        assert expected == spec.expect.fails


def test_an_inner_step_is_expected_by_its_full_name() -> None:
    text = "input: [B, T, 8]\nlayers:\n  - TimeDistributed: [ReLU]\nexpect:\n  layers: {timedistributed_1.%s: [_]}"
    assert [] == codes(text % "relu_1")
    assert ["TD006"] == codes(text % "relu_2")

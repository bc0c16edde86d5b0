"""Numbers with the units that people read."""

from __future__ import annotations

import re

import pytest

from tdinspect.domain.report import Totals
from tdinspect.formats.words import parameters_text, scaled, with_unit
from tests.formats import samples


@pytest.mark.parametrize(
    ("expected", "number"),
    [
        ("·", 0),
        ("1", 1),
        ("999", 999),
        ("1.0 k", 1000),
        ("12.3 M", 12_345_678),
        ("999.9 k", 999_949),
        ("1.0 M", 999_951),
        ("1.0 T", 10**12),
        ("4,096.0 P", 4096 * 10**15),
    ],
)
def test_a_count_has_decimal_units(expected: str, number: int) -> None:
    assert expected == scaled(number)


@pytest.mark.parametrize(
    ("expected", "size"),
    [
        ("0 B", 0),
        ("1023 B", 1023),
        ("1.0 KiB", 1024),
        ("1023.9 KiB", 1024**2 - 110),
        ("1.0 MiB", 1024**2 - 1),
        ("3.6 TiB", 4 * 10**12),
        ("2.0 PiB", 2 * 1024**5),
        ("2,048.0 PiB", 2 * 1024**6),
    ],
)
def test_bytes_have_binary_units(expected: str, size: int) -> None:
    assert expected == with_unit(size)


@pytest.mark.parametrize("write", [scaled, with_unit])
def test_no_unit_is_ever_full(write: type) -> None:
    for power in range(1, 50):
        for number in (2**power - 1, 2**power, 10 ** min(power, 17) // 8, 10 ** min(power, 17) - 1):
            value = float(re.sub("[^0-9.]", "", write(number)) or 0)
            assert value < (1000 if write is scaled else 1024)


@pytest.mark.parametrize(
    ("expected", "params"),
    [
        ("no parameters", 0),
        ("1 parameter, 4 B", 1),
        ("8,456,906 parameters, 32.3 MiB", 8_456_906),
        ("9,999,999 parameters, 38.1 MiB", 9_999_999),
        ("124,439,808 parameters (124.4 M), 474.7 MiB", 124_439_808),
        ("1,000,000,000,000 parameters (1.0 T), 3.6 TiB", 10**12),
    ],
)
def test_a_long_total_stays_exact_and_has_a_short_form_beside_it(expected: str, params: int) -> None:
    assert expected == parameters_text(samples.spec("x", (), totals=Totals(params=params, param_bytes=4 * params)))

"""YAML 1.2 core scalars, as a file and the command line give them."""

from __future__ import annotations

import math

import pytest

from tdinspect.importers import read_spec


def read_scalar(text: str) -> object:
    data = read_spec(f"value: {text}\n", "x.yaml").document.data
    assert isinstance(data, dict)
    return data["value"]


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (None, ""),
        (None, "~"),
        (None, "null"),
        (None, "NULL"),
        (True, "true"),
        (True, "True"),
        (True, "TRUE"),
        (False, "false"),
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("off", "off"),
        ("y", "y"),
        ("tRUE", "tRUE"),
        (0, "0"),
        (-3, "-3"),
        (3, "+3"),
        (17, "017"),
        (2_000_000, "2_000_000"),
        (0o17, "0o17"),
        (0x1F, "0x1F"),
        ("0b1", "0b1"),
        ("2__0", "2__0"),
        ("_1", "_1"),
        (1e-5, "1e-5"),
        (1e5, "1E+5"),
        (1.0, "1."),
        (0.5, ".5"),
        (-0.5, "-.5"),
        (1000.25, "1_000.25"),
        (math.inf, ".inf"),
        (-math.inf, "-.INF"),
        ("5M", "5M"),
        ("1:30", "1:30"),
        ("2024-01-02", "2024-01-02"),
        (".", "."),
        ("-", '"-"'),
        ("12", "'12'"),
        ("null", '"null"'),
        ("=", "="),
    ],
)
def test_a_plain_scalar_is_read_as_yaml_1_2_says(expected: object, text: str) -> None:
    value = read_scalar(text)
    assert expected == value
    assert type(expected) is type(value)


def test_dot_nan_is_not_a_number() -> None:
    value = read_scalar(".nan")
    assert isinstance(value, float)
    assert math.isnan(value)


def test_a_number_of_a_hundred_digits_is_read() -> None:
    assert int("9" * 100) == read_scalar("9" * 100)


@pytest.mark.parametrize("text", ["9" * 101, "0x" + "f" * 6000, "1" * 6000 + ".5"])
def test_a_longer_number_is_a_limit_passed(text: str) -> None:
    findings = read_spec(f"value: {text}\n", "x.yaml").findings
    assert ("TD008", 1, 8) in {(f.code, f.position.line, f.position.column) for f in findings if f.position}

"""What is suggested for a wrong name."""

from __future__ import annotations

import pytest

from tdinspect.domain.nearest import nearest


@pytest.mark.parametrize(
    ("expected", "name", "choices"),
    [
        ("start", "strat", ["state", "start"]),  # two letters swapped are one slip
        ("Linear", "lineer", ["LSTM", "Linear"]),
        ("ReLU", "RELU", ["GELU", "ReLU"]),  # the case does not count
        ("kernel_size", "kernal_sise", ["kernel_size"]),
        ("batch_axis", "batch", ["time_axis", "batch_axis"]),  # goes on after the whole name
        ("batches", "batch_s", ["batch_sizes", "batches"]),
        ("fold", "fodl", ["loop", "fold"]),
        (None, "save", ["square", "sqrt"]),
        (None, "load", ["floor", "log"]),
        (None, "Nope", ["NoSuper", "None_"]),
        (None, "x", ["y", "h"]),
        (None, "ab", ["ac"]),
        (None, "name", []),
    ],
)
def test_only_a_near_name_is_suggested(expected: str | None, name: str, choices: list[str]) -> None:
    assert expected == nearest(name, choices)

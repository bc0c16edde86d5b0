"""A call that cannot be answered says what is wrong with it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tdinspect import inspect

X = torch.randn(2, 5, 4)


@pytest.mark.parametrize(
    ("words", "what", "options"),
    [
        ("takes the path of a spec or an nn.Module, not int", 3, {"inputs": X}),
        ("Linear is a class: write inspect\\(Linear\\(...\\)", nn.Linear, {"inputs": X}),
        ("needs `inputs` to run a module", nn.Linear(4, 3), {}),
        ("not int", nn.Linear(4, 3), {"inputs": 3}),
        ("names of the arguments as its keys", nn.Linear(4, 3), {"inputs": {0: X}}),
        ("time_axis is the index of an axis or None, not 'T'", nn.Linear(4, 3), {"inputs": X, "time_axis": "T"}),
        ("batch_axis is the index of an axis or None, not True", nn.Linear(4, 3), {"inputs": X, "batch_axis": True}),
        ("a spec has inputs of its own", "specs/video_classifier.yaml", {"inputs": X}),
    ],
)
def test_what_is_no_such_call_is_a_type_error(words: str, what: Any, options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=words):
        inspect(what, **options)


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (r"time_axis=3: the first input has the shape \(2, 5, 4\)", {"time_axis": 3}),
        (r"batch_axis=-4: the first input has the shape \(2, 5, 4\)", {"batch_axis": -4}),
        (r"time_axis and batch_axis are both axis 1 of \(2, 5, 4\)", {"time_axis": 1, "batch_axis": 1}),
        (r"time_axis and batch_axis are both axis 0 of \(2, 5, 4\)", {"time_axis": -3}),
        ("needs a tensor among the inputs", {"inputs": (3,)}),
        (r"batch_axis=0: the first input, \(0, 5, 4\), has nothing along it", {"inputs": torch.zeros(0, 5, 4)}),
    ],
)
def test_inputs_that_do_not_suit_are_a_value_error(words: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=words):
        inspect(nn.Linear(4, 3), **{"inputs": (X,), **options})


def test_a_module_that_cannot_be_copied_is_a_value_error() -> None:
    class Locked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lock = threading.Lock()

        def forward(self, x: Tensor) -> Tensor:
            return x

    with pytest.raises(ValueError, match="Locked cannot be copied, and inspect runs a copy.*TypeError"):
        inspect(Locked(), inputs=X)


def test_a_wrong_number_of_inputs_is_the_modules_own_error() -> None:
    report = inspect(nn.Bilinear(4, 4, 3), inputs=(X,)).specs[0]
    assert ["TD101"] == [finding.code for finding in report.findings]
    assert "missing 1 required positional argument: 'input2'" in report.findings[0].message


def test_a_path_is_still_a_spec(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    path.write_text("input: [B, T, 4]\ntime_axis: T\nlayers: [{Linear: 3}]", encoding="utf-8")
    both = inspect(path, compare=True, axes=True).to_dict()
    assert {"comparison", "axes"} <= {*both["specs"][0]}
    assert inspect(path, compare=True).to_dict()["specs"][0]["comparison"] == both["specs"][0]["comparison"]
    assert inspect(str(path), axes=True).to_dict()["specs"][0]["axes"] == both["specs"][0]["axes"]

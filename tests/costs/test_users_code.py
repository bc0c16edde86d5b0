"""Modules that users write: their layers are counted, and products in their own code make the number a part."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import tdinspect
from tdinspect.domain.report import SpecReport
from tests.costs.specs import counted, reported

PACKAGE = '''
import torch
from torch import nn
from torch.nn import functional as F


class Head(nn.Module):
    """Layers, and nothing else that multiplies."""

    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv1d(6, 4, 3, padding=1), nn.Linear(4, 2)

    def forward(self, x):
        y = torch.relu(self.conv(x.transpose(1, 2)))
        return self.fc(self.fc(y.transpose(1, 2)).repeat(1, 1, 2)) * 2


class Attends(Head):
    """A product of matrices of its own, beside its layers."""

    def forward(self, x):
        y = super().forward(x)
        return (y @ y.transpose(1, 2)) @ y


class Own(nn.Module):
    """No layer inside, and a product."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3, 6))

    def forward(self, x):
        return F.linear(x, self.weight)


class Scale(nn.Module):
    """No layer inside, and no product."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(6))

    def forward(self, x):
        return x * self.weight


class Mixed(nn.Module):
    """A layer of torch and one of its own."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(6, 6), Own()

    def forward(self, x):
        return self.second(self.first(x))


class Walks(nn.Module):
    """A cell, step by step."""

    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(6, 4)

    def forward(self, x):
        h = None
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
        return h


class Scripted(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.jit.script(nn.Linear(6, 3))

    def forward(self, x):
        return self.inner(x)
'''


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of the user's own."""
    (tmp_path / "costlayers.py").write_text(PACKAGE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "costlayers", raising=False)


def _text(name: str, steps: int = 5) -> str:
    return f"input: [B, T, 6]\nsizes: {{B: 2, T: {steps}}}\ntime_axis: T\nlayers:\n  - costlayers.{name}"


def _report(name: str, steps: int = 5) -> SpecReport:
    return reported(_text(name, steps), allow_import=("costlayers",))


@pytest.mark.parametrize("name", ["Head", "Scale", "Walks"])
def test_a_module_is_counted_by_the_layers_in_it(name: str) -> None:
    totals = _report(name).totals
    assert counted(_text(name), allow_import=("costlayers",)) == totals.macs
    assert "complete" == totals.macs_status


@pytest.mark.parametrize("name", ["Attends", "Mixed"])
def test_what_its_own_code_multiplies_makes_the_number_a_part(name: str) -> None:
    totals = _report(name).totals
    assert "partial" == totals.macs_status
    assert totals.macs is not None
    assert 0 < totals.macs < counted(_text(name), allow_import=("costlayers",))


@pytest.mark.parametrize("name", ["Own", "Scripted"])
def test_a_module_of_which_nothing_is_known_has_no_number(name: str) -> None:
    totals = _report(name).totals
    assert (None, "unavailable") == (totals.macs, totals.macs_status)


def test_a_loop_of_more_steps_than_have_rows_is_a_part() -> None:
    totals = _report("Walks", steps=20).totals
    assert (16 * 2 * 3 * (6 * 4 + 4 * 4), "partial") == (totals.macs, totals.macs_status)
    assert totals.activation_bytes is None


class Plain(nn.Module):
    """Layers alone, one of them under TimeDistributed."""

    def __init__(self) -> None:
        super().__init__()
        self.frames = tdinspect.TimeDistributed(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten()))
        self.walk = nn.LSTM(4 * 36, 5, batch_first=True)
        self.unused = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.walk(self.frames(x))[0]
        return out


class Squared(Plain):
    """The same, with a product in the outermost forward."""

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return torch.bmm(y, y.mT)


def test_a_module_that_was_never_a_spec_is_counted_the_same_way() -> None:
    (spec,) = tdinspect.inspect(Plain(), inputs=(torch.zeros(2, 5, 3, 8, 8),)).specs
    convolution, walk = 10 * 4 * 36 * 27, 10 * 20 * (144 + 5)
    assert (convolution + walk, "complete") == (spec.totals.macs, spec.totals.macs_status)


def test_a_product_in_its_own_forward_makes_the_number_a_part() -> None:
    (spec,) = tdinspect.inspect(Squared(), inputs=(torch.zeros(2, 5, 3, 8, 8),)).specs
    assert "partial" == spec.totals.macs_status

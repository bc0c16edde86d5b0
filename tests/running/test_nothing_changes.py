"""Looking at a model leaves it, and torch's own state, as it was."""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from torch import nn

from tdinspect.pipeline import Request, Source, execute
from tdinspect.running.engine import inspecting
from tdinspect.running.record import recording

SPECS = Path(__file__).parent.parent.parent / "specs"


def test_training_flags_statistics_and_gradients_are_as_before() -> None:
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 2))
    model[1].eval()
    before = copy.deepcopy(model.state_dict())
    with inspecting([model]):
        assert not model.training
        model(torch.randn(3, 4))
        assert not torch.is_grad_enabled()
    assert [True, True, False, True] == [module.training for module in model.modules()]
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert torch.is_grad_enabled()


def test_flags_come_back_when_the_inside_raises() -> None:
    model = nn.Linear(4, 2)
    try:
        with inspecting([model]):
            model(torch.randn(3, 5))
    except RuntimeError:
        pass
    assert model.training
    assert torch.backends.mha.get_fastpath_enabled()


def test_no_command_touches_the_random_state_or_the_grad_mode() -> None:
    source = Source("video.yaml", SPECS.joinpath("video_classifier.yaml").read_bytes())
    torch.manual_seed(7)
    before = torch.get_rng_state()
    for command in ("shape", "params", "compare"):
        execute(Request(command, (source,)))
    execute(Request("shape", (source,), device="cpu"))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() is torch.float32


def test_hooks_are_gone_after_recording() -> None:
    layer = nn.Linear(4, 2)
    with recording([layer, layer]) as calls:
        layer(torch.randn(3, 4))
    layer(torch.randn(3, 4))
    assert [[(3, 2)]] == calls.of(layer)
    assert not layer._forward_hooks


def test_hooks_are_gone_when_the_inside_raises() -> None:
    layer = nn.Linear(4, 2)
    try:
        with recording([layer]):
            layer(torch.randn(3, 5))
    except RuntimeError:
        pass
    assert not layer._forward_hooks

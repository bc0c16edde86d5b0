"""The layers inside a user's own module: their order, their shapes with symbols, and every parameter."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tdinspect.building.tensor_function import Run
from tdinspect.domain.size import Size
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.domain.tree import leaves
from tdinspect.running.call import World
from tdinspect.running.engine import inspecting
from tdinspect.running.inside import Watched, is_leaf
from tdinspect.running.transfer import LayerError, transfer
from tdinspect.time_distributed import TimeDistributed
from tests.modules.models import Loop

SIZES = {"B": 2, "T": 7, "H": 64, "W": 96}


def info(*shape: int | str) -> TensorInfo:
    axes = (
        Axis(Size.symbol(n), frozenset(n) & {"B", "T"}) if isinstance(n, str) else Axis(Size.number(n)) for n in shape
    )
    return TensorInfo(tuple(axes))


def shapes(module: nn.Module, *inputs: TensorInfo) -> tuple[str, list[tuple[str, str]]]:
    """The shape that comes out, and the name and output of every inner call."""
    watched = Watched(module)
    with inspecting([watched]):
        result, calls = transfer(watched, inputs, {}, World(SIZES, "B", Run(dict(SIZES)), ("T",)))
    names = [layer.name for layer in watched.layers[: len(calls)]]
    return _text(result), list(zip(names, (_text(output) for _, output in calls), strict=True))


def _text(value: Any) -> str:
    return " ".join(found.text(SIZES) for found in leaves(value))


def names(watched: Watched) -> list[tuple[str, str, bool, str | None]]:
    return [(layer.name, layer.type, layer.called, layer.shared) for layer in watched.layers]


def counted(watched: Watched) -> int:
    tensors = {id(p): p.numel() for layer in watched.layers for _, p in layer.parameters}
    return sum(tensors.values())


class Basic(nn.Module):
    """ResNet's basic block."""

    def __init__(self, i: int, o: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(i, o, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(o)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(o, o, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(o)
        self.downsample = (
            None if stride == 1 else nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        shortcut: Tensor = x if self.downsample is None else self.downsample(x)
        out: Tensor = self.relu(y + shortcut)
        return out


class ResNet(nn.Module):
    """ResNet-18 as its paper has it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(Basic(64, 64, 1), Basic(64, 64, 1))
        self.layer2 = nn.Sequential(Basic(64, 128, 2), Basic(128, 128, 1))
        self.layer3 = nn.Sequential(Basic(128, 256, 2), Basic(256, 256, 1))
        self.layer4 = nn.Sequential(Basic(256, 512, 2), Basic(512, 512, 1))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        out: Tensor = self.fc(self.avgpool(x).flatten(1))
        return out


class Odd(nn.Module):
    """A shared layer, a branch, loose parameters, a tied weight, a layer that no call reaches."""

    def __init__(self) -> None:
        super().__init__()
        self.class_token = nn.Parameter(torch.zeros(1, 1, 8))
        self.extra = nn.ParameterList([nn.Parameter(torch.zeros(3))])
        self.lin = nn.Linear(8, 8)
        self.alias = self.lin
        self.tied = nn.Linear(8, 8)
        self.tied.weight = self.lin.weight
        self.loose = self.lin.bias
        self.auxiliary = nn.Linear(8, 5)
        self.wide = True

    def forward(self, x: Tensor, note: object = None) -> tuple[Tensor, dict[str, object]]:
        y = self.lin(self.lin(x)) if self.wide else x
        return self.alias(self.tied(y)) + self.class_token, {"note": note}


def test_a_resnet_shows_the_shapes_of_all_its_layers_with_symbols() -> None:
    out, calls = shapes(ResNet(), info("B", 3, "H", "W"))
    by_name = dict(calls)
    assert "(B, 1000)" == out
    assert "(B, 64, (H+1)//2, (W+1)//2)" == by_name["conv1"]
    assert "(B, 64, (H+3)//4, (W+3)//4)" == by_name["maxpool"] == by_name["layer1.0.conv2"]
    assert "(B, 128, (H+7)//8, (W+7)//8)" == by_name["layer2.0.downsample.0"]
    assert "(B, 512, 1, 1)" == by_name["avgpool"]
    assert ["conv1", "bn1", "relu", "maxpool", "layer1.0.conv1"] == [name for name, _ in calls[:5]]
    assert 4 + 8 * 6 + 3 * 2 + 2 == len(calls)  # the stem, the blocks, their shortcuts, the head


def test_a_halving_reads_as_one() -> None:
    module = nn.ModuleDict({"net": nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), nn.MaxPool2d(2))})
    module.forward = lambda x: module["net"](x)
    _, calls = shapes(module, info("B", 3, "H", "W"))
    assert [("net.0", "(B, 64, H, W)"), ("net.1", "(B, 64, H//2, W//2)")] == calls


def test_every_parameter_is_in_a_row() -> None:
    for module in (ResNet(), Odd(), Loop(), nn.Linear(3, 4), nn.Transformer(8, 2, 1, 1, 8, batch_first=True)):
        assert sum(p.numel() for p in module.parameters()) == counted(Watched(module))
    assert 11_689_512 == counted(Watched(ResNet()))


def test_rows_stand_in_the_order_of_the_calls_then_what_was_not_called_then_loose_parameters() -> None:
    watched = Watched(Odd())
    _, calls = watched(torch.zeros(2, 3, 8))
    assert 4 == len(calls)
    assert [
        ("lin", "Linear", True, None),
        ("lin", "Linear", True, "lin"),
        ("tied", "Linear", True, None),
        ("lin", "Linear", True, "lin"),
        ("auxiliary", "Linear", False, None),
        ("class_token", "Parameter", True, None),
        ("extra.0", "Parameter", True, None),
    ] == names(watched)
    assert [3, 3, 1, 3, 0, 0, 0] == [layer.times for layer in watched.layers]


def test_a_branch_that_is_not_taken_has_no_calls() -> None:
    module = Odd()
    module.wide = False
    watched = Watched(module)
    watched(torch.zeros(2, 3, 8))
    assert ["tied", "lin"] == [layer.name for layer in watched.layers if layer.called and layer.module]


def test_before_any_call_all_layers_are_uncalled() -> None:
    assert ["lin", "tied", "auxiliary"] == [layer.name for layer in Watched(Odd()).layers if layer.module]


def test_what_is_no_tensor_is_dropped() -> None:
    class Talker(nn.Module):
        def forward(self, x: Tensor, mode: str, mask: Tensor | None = None) -> dict[str, object]:
            return {"x": x, "mode": mode, "parts": [x, 3, object()]}

    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.talker = Talker()

        def forward(self, x: Tensor) -> Any:
            return self.talker(x, "loud", mask=x)["x"]

    _, [(inputs, outputs)] = Watched(Outer())(torch.zeros(2, 3))
    assert [(2, 3), (2, 3)] == [tuple(value.shape) for value in leaves(inputs)]
    assert (3, None) == (len(inputs), outputs["mode"])
    assert [(2, 3), (2, 3)] == [tuple(value.shape) for value in leaves(outputs)]


def test_a_tensor_that_is_reshaped_in_place_later_keeps_the_shape_it_had() -> None:
    class Squeezes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lin = nn.Linear(3, 1)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.lin(x).squeeze_(-1)
            return out

    with torch.no_grad():
        _, [(_, output)] = Watched(Squeezes())(torch.zeros(2, 3))
    assert (2, 1) == tuple(output.shape)


@pytest.mark.parametrize("length", [3, 7, 9])
def test_a_loop_over_time_keeps_its_rows_at_every_length(length: int) -> None:
    watched = Watched(Loop())
    watched(torch.zeros(2, 7, 6))
    result, calls = watched(torch.zeros(2, length, 6))
    assert ((2, length, 4), 7) == (tuple(result.shape), len(calls))


def test_a_loop_over_time_has_shapes_with_symbols() -> None:
    out, calls = shapes(Loop(), info("B", "T", 6))
    assert ("(B, T, 4)", {("cell", "(B, 4)")}) == (out, set(calls))


def test_a_long_loop_does_not_fill_the_report() -> None:
    watched = Watched(Loop())
    _, calls = watched(torch.zeros(2, 100, 6))
    assert (16, 16, 100) == (len(calls), len(watched.layers), watched.layers[0].times)


@pytest.mark.parametrize("device", ["auto", "meta"])
def test_the_meta_device_shows_the_same(device: str) -> None:
    watched = Watched(Odd())
    with inspecting([watched]):
        world = World(SIZES, "B", Run(dict(SIZES)), ("T",), device)
        (result, _), calls = transfer(watched, (info("B", "T", 8),), {}, world)
    assert "(B, T, 8)" == _text(result)
    assert ["(B, T, 8)"] * 4 == [_text(output) for _, output in calls]


def test_the_module_is_as_before_after_calls_and_failures() -> None:
    module = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 2))
    module[1].eval()
    before = copy.deepcopy(module.state_dict())
    watched = Watched(module)
    with inspecting([watched]):
        watched(torch.randn(3, 4))
        with pytest.raises(RuntimeError):
            watched(torch.randn(3, 5))
    assert [True, True, False, True] == [part.training for part in module.modules()]
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())


def test_the_layer_that_raised_is_known() -> None:
    module = nn.Sequential(nn.ReLU(), nn.Sequential(nn.Linear(4, 2), nn.Linear(3, 2)))
    watched = Watched(module)
    with inspecting([watched]), pytest.raises(LayerError, match="mat1 and mat2"):
        transfer(watched, (info("B", 4),), {}, World(SIZES, "B", Run(dict(SIZES))))
    assert "1.1" == watched.failed_in


def test_what_a_forward_prints_goes_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    class Chatty(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            print("shape", x.shape)
            return x

    Watched(Chatty())(torch.zeros(2))
    assert "" == capfd.readouterr().out


def test_layers_of_torch_are_one_row_whatever_is_inside() -> None:
    assert is_leaf(nn.TransformerEncoderLayer(8, 2))
    assert is_leaf(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)))
    assert not is_leaf(nn.Sequential(nn.ReLU()))
    assert not is_leaf(TimeDistributed(nn.ReLU()))

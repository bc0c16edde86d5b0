"""The video architectures of specs/ in plain PyTorch, written by hand, without anything of tdinspect."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.architectures.networks import resnet50_features

Net = nn.Sequential


class PerFrame(nn.Module):
    """A module on one frame after the other: (batch, time, ...)."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, frames: Tensor) -> Tensor:
        return torch.stack([self.module(frame) for frame in frames.unbind(1)], 1)


class Sequence(nn.Module):
    """A recurrence, without its last state."""

    def __init__(self, recurrence: nn.RNNBase) -> None:
        super().__init__()
        self.recurrence = recurrence

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.recurrence(x)[0]
        return out


def resnet50_lstm() -> nn.Module:
    features = resnet50_features().requires_grad_(False)
    return Net(PerFrame(features), Sequence(nn.LSTM(2048, 256, batch_first=True)), nn.Linear(256, 101))


def c3d() -> nn.Module:
    layers: list[nn.Module] = []
    channels = 3
    for width, convolutions, pool in ((64, 1, (1, 2, 2)), (128, 1, 2), (256, 2, 2), (512, 2, 2), (512, 2, 2)):
        for _ in range(convolutions):
            layers += [nn.Conv3d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool3d(pool, ceil_mode=True))
    head = [nn.Linear(512 * 4 * 4, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 487)]
    return Net(*layers, nn.Flatten(), *head)


def lrcn() -> nn.Module:
    def pool() -> nn.Module:
        return nn.MaxPool2d(3, 2, ceil_mode=True)

    first = [nn.Conv2d(3, 96, 7, 2), nn.ReLU(), pool(), nn.LocalResponseNorm(5)]
    second = [nn.Conv2d(96, 384, 5, 2, groups=2), nn.ReLU(), pool(), nn.LocalResponseNorm(5)]
    third = [nn.Conv2d(384, 512, 3, padding=1), nn.ReLU(), nn.Conv2d(512, 512, 3, padding=1, groups=2), nn.ReLU()]
    fifth = [nn.Conv2d(512, 384, 3, padding=1, groups=2), nn.ReLU(), pool()]
    frame = Net(*first, *second, *third, *fifth, nn.Flatten(), nn.Linear(384 * 6 * 6, 4096), nn.ReLU())
    return Net(PerFrame(frame), Sequence(nn.LSTM(4096, 256, batch_first=True)), nn.Linear(256, 101))


class Cell(nn.Module):
    """One step of a ConvLSTM with peepholes."""

    def __init__(self, seen: int, hidden: int) -> None:
        super().__init__()
        self.gates = nn.Conv2d(seen, 4 * hidden, 5, padding=2)
        self.peepholes = nn.ParameterList(torch.zeros(hidden, 1, 1) for _ in range(3))

    def forward(self, seen: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        i, f, g, o = self.gates(seen).chunk(4, 1)
        wi, wf, wo = self.peepholes
        memory = (f + wf * memory).sigmoid() * memory + (i + wi * memory).sigmoid() * g.tanh()
        return (o + wo * memory).sigmoid() * memory.tanh(), memory


class ConvLSTM(nn.Module):
    """Three layers read the frames; three more start from their states and forecast as many."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.ModuleList([Cell(16 + 128, 128), Cell(128 + 64, 64), Cell(64 + 64, 64)])
        self.forecaster = nn.ModuleList([Cell(128, 128), Cell(128 + 64, 64), Cell(64 + 64, 64)])
        self.head = nn.Conv2d(128 + 64 + 64, 16, 1)

    def forward(self, frames: Tensor) -> Tensor:
        zeros = [frames.new_zeros(len(frames), hidden, 16, 16) for hidden in (128, 64, 64)]
        states = [(zero, zero) for zero in zeros]
        for frame in F.pixel_unshuffle(frames, 4).unbind(1):
            self._step(self.encoder, [frame], states)
        out = []
        for _ in range(frames.shape[1]):
            self._step(self.forecaster, [], states)
            out.append(F.pixel_shuffle(self.head(torch.cat([h for h, _ in states], 1)).sigmoid(), 4))
        return torch.stack(out, 1)

    @staticmethod
    def _step(cells: nn.ModuleList, below: list[Tensor], states: list[tuple[Tensor, Tensor]]) -> None:
        for number, cell in enumerate(cells):
            states[number] = cell(torch.cat([*below, states[number][0]], 1), states[number][1])
            below = [states[number][0]]

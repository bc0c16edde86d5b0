"""The image architectures of specs/ in plain PyTorch, written by hand, without anything of tdinspect."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Net = nn.Sequential


class Sum(nn.Module):
    """Two ways for one input, added up."""

    def __init__(self, body: nn.Module, shortcut: nn.Module | None = None) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.shortcut(x) + self.body(x)
        return out


def _conv(before: int, after: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """A convolution without a bias, and its normalisation."""
    convolution = nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(after)]


# ResNet-50


def resnet50_features() -> nn.Module:
    """Everything before the classes: 2048 features of an image."""
    layers = [*_conv(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for width, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for number in range(blocks):
            step = stride if number == 0 else 1
            shortcut = Net(*_conv(channels, 4 * width, 1, step)) if number == 0 else None
            body = Net(
                *_conv(channels, width, 1),
                nn.ReLU(),
                *_conv(width, width, 3, step),
                nn.ReLU(),
                *_conv(width, 4 * width, 1),
            )
            layers += [Sum(body, shortcut), nn.ReLU()]
            channels = 4 * width
    return Net(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def resnet50() -> nn.Module:
    return Net(resnet50_features(), nn.Linear(2048, 1000))


# Other convolutional networks


def vgg16() -> nn.Module:
    layers: list[nn.Module] = []
    channels = 3
    for width, convolutions in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(convolutions):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    head = [nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000)]
    return Net(*layers, nn.Flatten(), *head)


def mobilenet_v2() -> nn.Module:
    layers = [*_conv(3, 32, 3, 2), nn.ReLU6()]
    channels = 32
    table = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    for expansion, width, blocks, stride in table:
        for number in range(blocks):
            wide = expansion * channels
            widen = [*_conv(channels, wide, 1), nn.ReLU6()] if expansion > 1 else []
            depthwise = [*_conv(wide, wide, 3, stride if number == 0 else 1, groups=wide), nn.ReLU6()]
            body = Net(*widen, *depthwise, *_conv(wide, width, 1))
            layers.append(Sum(body) if number else body)
            channels = width
    pooled = [*_conv(320, 1280, 1), nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return Net(*layers, *pooled, nn.Linear(1280, 1000))


class UNet(nn.Module):
    """Down four times, up four times; each way up sees what the way down saw at that size."""

    def __init__(self) -> None:
        super().__init__()
        widths = (64, 128, 256, 512, 1024)
        self.down = nn.ModuleList(map(self._double, (1, *widths), widths))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * width, width, 2, 2) for width in widths[-2::-1])
        self.merge = nn.ModuleList(self._double(2 * width, width) for width in widths[-2::-1])
        self.classes = nn.Conv2d(64, 2, 1)

    @staticmethod
    def _double(before: int, after: int) -> nn.Module:
        first, second = nn.Conv2d(before, after, 3, padding=1), nn.Conv2d(after, after, 3, padding=1)
        return Net(first, nn.ReLU(), second, nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        seen: list[Tensor] = []
        for level, double in enumerate(self.down):
            x = double(F.max_pool2d(x, 2) if level else x)
            seen.append(x)
        for up, merge, across in zip(self.up, self.merge, seen[-2::-1], strict=True):
            x = merge(torch.cat([across, up(x)], 1))
        out: Tensor = self.classes(x)
        return out


class ViT(nn.Module):
    """Patches as words; a learned word in front gathers the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 768, 16, 16)
        self.class_token = nn.Parameter(torch.zeros(1, 1, 768))
        self.positions = nn.Parameter(torch.zeros(1, 197, 768))
        self.encoder = Net(*(self._layer() for _ in range(12)), nn.LayerNorm(768, eps=1e-6))
        self.head = nn.Linear(768, 1000)

    @staticmethod
    def _layer() -> nn.Module:
        return nn.TransformerEncoderLayer(768, 12, 3072, 0.1, "gelu", 1e-6, batch_first=True, norm_first=True)

    def forward(self, x: Tensor) -> Tensor:
        words = self.patches(x).flatten(2).mT
        words = torch.cat([self.class_token.expand(len(x), -1, -1), words], 1) + self.positions
        out: Tensor = self.head(self.encoder(words)[:, 0])
        return out


class Level(nn.Module):
    """One level of the pyramid: what is fine in space, and what the coarser level knows."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.lateral = nn.Conv2d(channels, 256, 1)
        self.smooth = nn.Conv2d(256, 256, 3, padding=1)

    def forward(self, finer: Tensor, above: Tensor | None) -> tuple[Tensor, Tensor]:
        merged = self.lateral(finer) + (0 if above is None else F.interpolate(above, scale_factor=2))
        return merged, self.smooth(merged)


class MaskRCNN(nn.Module):
    """Feature pyramid, region proposals, and the box and mask heads on one whole-image region a level."""

    def __init__(self) -> None:
        super().__init__()
        self.pyramid = nn.ModuleList(map(Level, (2048, 1024, 512, 256)))
        self.trunk = Net(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU())
        self.objectness, self.deltas = nn.Conv2d(256, 3, 1), nn.Conv2d(256, 12, 1)
        self.region = Net(nn.Flatten(), nn.Linear(12544, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU())
        self.classes, self.boxes = nn.Linear(1024, 91), nn.Linear(1024, 364)
        mask = [layer for _ in range(4) for layer in (nn.Conv2d(256, 256, 3, padding=1), nn.ReLU())]
        self.mask = Net(*mask, nn.ConvTranspose2d(256, 256, 2, 2), nn.ReLU(), nn.Conv2d(256, 91, 1))

    def levels(self, maps: list[Tensor]) -> list[Tensor]:
        """The levels of the pyramid, the finest first."""
        merged: Tensor | None = None
        levels: list[Tensor] = []
        for step, seen in zip(self.pyramid, reversed(maps), strict=True):
            merged, level = step(seen, merged)
            levels.insert(0, level)
        return levels

    @staticmethod
    def _anchors(answer: nn.Module, trunks: list[Tensor], numbers: int) -> Tensor:
        """The answers of all levels, one anchor after the other."""
        return torch.cat([answer(trunk).movedim(1, -1).reshape(len(trunk), -1, numbers) for trunk in trunks], 1)

    def forward(self, *maps: Tensor) -> Mapping[str, Tensor]:
        levels = self.levels(list(maps))
        trunks = [self.trunk(level) for level in (*levels, F.max_pool2d(levels[-1], 1, 2))]
        regions = [self.region(F.adaptive_avg_pool2d(level, 7)) for level in levels]
        return {
            "objectness": self._anchors(self.objectness, trunks, 1),
            "deltas": self._anchors(self.deltas, trunks, 4),
            "class": torch.stack([self.classes(region) for region in regions], 1),
            "box": torch.stack([self.boxes(region).unflatten(1, (91, 4)) for region in regions], 1),
            "mask": torch.stack([self.mask(F.adaptive_avg_pool2d(level, 14)) for level in levels], 1),
        }

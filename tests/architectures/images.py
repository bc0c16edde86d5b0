"""The image and video architectures of specs/: the same model in plain PyTorch, the shapes, the published count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import nn

from tests.architectures.networks import MaskRCNN, UNet, ViT, mobilenet_v2, resnet50, vgg16
from tests.architectures.videos import ConvLSTM, c3d, lrcn, resnet50_lstm

Axes = tuple[int | str, ...]


@dataclass(frozen=True)
class Architecture:
    """One spec: its file's stem, the same model in plain PyTorch, what goes in, what comes out, the published count."""

    file: str
    make: Callable[[], nn.Module]
    inputs: Mapping[str, Axes]
    outputs: Mapping[str, Axes]
    params: int
    sizes: Mapping[str, int] = field(default_factory=dict)  # that the spec gives
    small: Mapping[str, int] = field(default_factory=lambda: {"B": 1})  # of a real pass
    trainable: int | None = None


def _one(shape: Axes) -> Mapping[str, Axes]:
    return {"input": shape}


def _out(shape: Axes) -> Mapping[str, Axes]:
    return {"output": shape}


VIDEO = _one(("B", "T", 1, 64, 64))
SQUARE = {"H": 64, "W": 64}
MAPS: Mapping[str, Axes] = {
    "c2": ("B", 256, 64, 64),
    "c3": ("B", 512, 32, 32),
    "c4": ("B", 1024, 16, 16),
    "c5": ("B", 2048, 8, 8),
}
HEADS: Mapping[str, Axes] = {
    "objectness": ("B", 16368, 1),
    "deltas": ("B", 16368, 4),
    "class": ("B", 4, 91),
    "box": ("B", 4, 91, 4),
    "mask": ("B", 4, 91, 28, 28),
}
CASES = (
    Architecture("resnet50", resnet50, _one(("B", 3, 224, 224)), _out(("B", 1000)), 25_557_032),
    # ResNet-50 without its classes 23,508,032; LSTM 4 * 256 * (2048 + 256 + 2) = 2,361,344; Linear 257 * 101 = 25,957
    Architecture(
        "resnet50_lstm",
        resnet50_lstm,
        _one(("B", "T", 3, 64, 64)),
        _out(("B", "T", 101)),
        25_895_333,
        {"T": 4},
        {"B": 2, "T": 3},
        trainable=2_387_301,
    ),
    Architecture("vgg16", vgg16, _one(("B", 3, 224, 224)), _out(("B", 1000)), 138_357_544),
    Architecture("mobilenet_v2", mobilenet_v2, _one(("B", 3, 224, 224)), _out(("B", 1000)), 3_504_872),
    Architecture("vit_b16", ViT, _one(("B", 3, 224, 224)), _out(("B", 1000)), 86_567_656),
    # The paper's own channels (one in, two classes), biases, no BatchNorm; BatchNorm and RGB give 31,037,698
    Architecture(
        "unet", UNet, _one(("B", 1, "H", "W")), _out(("B", 2, "H", "W")), 31_030_658, SQUARE, {"B": 1, **SQUARE}
    ),
    # 78,409,573 with the 101 classes of UCF-101, 386 * 4,097 more with the 487 of Sports-1M
    Architecture("c3d", c3d, _one(("B", 3, "T", 112, 112)), _out(("B", 487)), 79_991_015, {"T": 16}, {"B": 1, "T": 16}),
    Architecture(
        "lrcn", lrcn, _one(("B", "T", 3, 227, 227)), _out(("B", "T", 101)), 65_422_309, {"T": 4}, {"B": 1, "T": 2}
    ),
    # ConvLSTM(5x5)-5x5-128-5x5-64-5x5-64 in table 1 of the paper
    Architecture("convlstm", ConvLSTM, VIDEO, {"output": VIDEO["input"]}, 7_585_296, {"T": 4}, {"B": 2, "T": 3}),
    # Mask R-CNN with ResNet-50 and a pyramid has 44,401,393, 23,454,912 of them in ResNet-50
    Architecture("mask_rcnn_fpn", MaskRCNN, MAPS, HEADS, 20_946_481),
)
ARCHITECTURES = tuple(case.file for case in CASES)

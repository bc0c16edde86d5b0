"""Activations, softmaxes and dropouts: element by element, but along an axis of classes, channels or two halves."""

from __future__ import annotations

from torch import nn

from tdinspect.layers.axis_use import Each, Halves, Mixed, Uses, alone, everywhere, only
from tdinspect.layers.family import Family
from tdinspect.layers.work import nothing


def _softmax_uses(module: nn.Module, ndim: int) -> Uses | None:
    """Without ``dim`` torch takes axis 0 of 0, 1 and 3 axes, else axis 1."""
    assert isinstance(module, nn.Softmax | nn.LogSoftmax | nn.Softmin)
    dim = module.dim if module.dim is not None else 0 if ndim in (0, 1, 3) else 1
    return only(dim, Mixed("normalised"), ndim)


def _softmax2d_uses(module: nn.Module, ndim: int) -> Uses | None:
    return only(-3, Mixed("normalised"), ndim)


def _glu_uses(module: nn.Module, ndim: int) -> Uses | None:
    assert isinstance(module, nn.GLU)
    return only(module.dim, Halves("features"), ndim)


def _prelu_uses(module: nn.Module, ndim: int) -> Uses | None:
    assert isinstance(module, nn.PReLU)
    if module.num_parameters == 1:
        return everywhere(module, ndim)
    return only(1, Each(alike=False, why="channels"), ndim)


KINDS = (
    Family(
        classes=(
            "CELU", "ELU", "GELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "Identity", "LeakyReLU",
            "LogSigmoid", "Mish", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softplus", "Softshrink",
            "Softsign", "Tanh", "Tanhshrink", "Threshold", "AlphaDropout", "Dropout", "Dropout1d", "Dropout2d",
            "Dropout3d", "FeatureAlphaDropout",
        ),
        axes=alone(everywhere),
        macs=nothing,
    ),
    Family(classes=("Softmax", "LogSoftmax", "Softmin"), axes=alone(_softmax_uses), macs=nothing),
    Family(classes=("Softmax2d",), axes=alone(_softmax2d_uses), macs=nothing),
    Family(classes=("GLU",), axes=alone(_glu_uses), macs=nothing),
    Family(classes=("PReLU",), axes=alone(_prelu_uses), macs=nothing),
)  # fmt: skip

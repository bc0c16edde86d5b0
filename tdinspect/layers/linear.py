"""Linear layers: ``y = x A^T + b`` over the last axis."""

from __future__ import annotations

from torch import nn

from tdinspect.layers.axis_use import Mixed, Uses, alone, only, together
from tdinspect.layers.family import Family, Source
from tdinspect.layers.work import Work, rows


def _linear_formula(module: nn.Module) -> str:
    assert isinstance(module, nn.Linear)
    bias = "" if module.bias is None else f" + {module.out_features}"
    return f"{module.in_features}*{module.out_features}{bias}"


def _uses(module: nn.Module, ndim: int) -> Uses | None:
    return only(-1, Mixed("features"), ndim)


def _macs(module: nn.Module, work: Work) -> int:
    """Every row of features with every row of the weight."""
    assert isinstance(module, nn.Linear)
    return rows(work.taken(0, "input")) * module.in_features * module.out_features


def _bilinear_macs(module: nn.Module, work: Work) -> int:
    """For each output ``(x1 W) x2``: a matrix, then a vector."""
    assert isinstance(module, nn.Bilinear)
    each = module.in1_features * module.in2_features + module.in2_features
    return rows(work.taken(0, "input1")) * module.out_features * each


KINDS = (
    Family(classes=("Linear", "LazyLinear"), formula=_linear_formula, axes=alone(_uses), macs=_macs),
    Family(
        classes=("Bilinear",),
        sources={"in1_features": Source(input=0, name="input1"), "in2_features": Source(input=1, name="input2")},
        most={"out_features": 100_000},  # one product of matrices for each
        axes=together(_uses),
        macs=_bilinear_macs,
    ),
)

"""Losses: element by element, then a sum or a mean. Those that hold a product of matrices are not here."""

from __future__ import annotations

from tdinspect.layers.family import Family
from tdinspect.layers.work import nothing

KINDS = (
    Family(
        classes=(
            "BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CosineEmbeddingLoss", "CrossEntropyLoss", "GaussianNLLLoss",
            "HingeEmbeddingLoss", "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss", "MarginRankingLoss",
            "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss", "NLLLoss", "NLLLoss2d",
            "PoissonNLLLoss", "SmoothL1Loss", "SoftMarginLoss", "TripletMarginLoss",
        ),
        macs=nothing,
    ),
)  # fmt: skip

"""Embedding tables: whole numbers in, one row of the table for each; rows are looked up, nothing is multiplied."""

from __future__ import annotations

from torch import nn

from tdinspect.layers.axis_use import Each, Mixed, Uses, alone, everywhere
from tdinspect.layers.family import Family
from tdinspect.layers.work import nothing


def _rows(module: nn.Module) -> int:
    assert isinstance(module, nn.Embedding | nn.EmbeddingBag)
    return module.num_embeddings


def _bag_uses(module: nn.Module, ndim: int) -> Uses | None:
    """Each row of indices is one bag."""
    return (Each(), Mixed("reduced")) if ndim == 2 else None


KINDS = (
    Family(classes=("Embedding",), indices=_rows, axes=alone(everywhere), macs=nothing),
    Family(classes=("EmbeddingBag",), indices=_rows, axes=alone(_bag_uses), macs=nothing),
)

"""Embedding tables: whole numbers in, one row of the table for each."""

from __future__ import annotations

from torch import nn

from tdinspect.layers.family import Family


def _rows(module: nn.Module) -> int:
    assert isinstance(module, nn.Embedding | nn.EmbeddingBag)
    return module.num_embeddings


KINDS = (Family(classes=("Embedding", "EmbeddingBag"), indices=_rows),)

"""What the tables of layers have in common: those of effects and those of verdicts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

# Losses give one number; a container has nothing of its own.
NO_LAYERS = ("Loss", "Sequential", "Module", "Parameter", "Container")
# Written out they need a layer for an argument; their parts are in the table.
OF_PARTS = {"TransformerEncoder", "TransformerDecoder"}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small tensors: threads only cost."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)

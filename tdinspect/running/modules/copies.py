"""A copy of a module to look at: the user's own is never run and never written to."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


def copied(module: nn.Module) -> nn.Module:
    """The same module on the CPU, in eval mode, with weights of its own and no gradients.

    Raises ValueError for one that holds what cannot be copied.
    """
    memo: dict[int, Any] = {}
    for part in module.modules():
        for value in (*part._parameters.values(), *part._buffers.values(), *vars(part).values()):
            if isinstance(value, Tensor) and type(value) in (Tensor, nn.Parameter) and id(value) not in memo:
                memo[id(value)] = _on_cpu(value)
    try:
        twin = copy.deepcopy(module, memo)
    except Exception as problem:  # a lock, an open file, a generator
        words = f"{type(problem).__name__}: {problem}"
        text = f"{type(module).__name__} cannot be copied, and inspect runs a copy, so that yours stays as it is"
        raise ValueError(f"{text}: {words}") from problem
    return twin.eval()


def _on_cpu(value: Tensor) -> Tensor:
    own = value.detach().to("cpu", copy=True) if not value.is_meta else value.detach().clone()
    if isinstance(value, nn.Parameter):
        return nn.Parameter(own, value.requires_grad)
    return own


@contextmanager
def draws_kept() -> Iterator[None]:
    """The random states of Python and NumPy are as before when it ends (those of torch are kept by ``inspecting``)."""
    numpy: Any = sys.modules.get("numpy")
    state, other = random.getstate(), numpy.random.get_state() if numpy else None
    try:
        yield
    finally:
        random.setstate(state)
        if numpy:
            numpy.random.set_state(other)


def with_no_values(module: nn.Module) -> nn.Module | None:
    """The module with weights that are shapes alone, to run on shapes; None where it cannot be so."""
    try:
        with torch.no_grad():
            return copy.deepcopy(module).to("meta")
    except Exception:
        return None

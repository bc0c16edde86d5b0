"""What the constants of the functions are."""

from __future__ import annotations

import torch

Number = int | float
Dims = int | tuple[int, ...]

_DTYPES = {name: value for name, value in vars(torch).items() if isinstance(value, torch.dtype)}


def dtype_of(name: object) -> torch.dtype:
    """The dtype of this name, as a spec writes it: ``float32``. Raises ValueError for any other text."""
    if str(name) not in _DTYPES:
        raise ValueError(f"there is no dtype {name}")
    return _DTYPES[str(name)]

"""Tensors that no input gives: a learned one, and constants.

Each constant is described by a signature (checked like a layer's arguments), its shape, and how it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Literal

import torch
from torch import Tensor, nn

from tdinspect.building.signatures import Parameter, function_parameters
from tdinspect.building.tensor_function import Run, TensorFunction

Number = int | float
Shape = tuple[int, ...]


class LearnedTensor(nn.Module):
    """A learned tensor, used by its step's name; ``init`` is ``zeros``, ``ones`` or ``normal`` (mean 0, std 1)."""

    def __init__(self, shape: tuple[int, ...], init: Literal["zeros", "ones", "normal"] = "zeros") -> None:
        super().__init__()
        self.value = nn.Parameter(torch.empty(shape))
        {"zeros": nn.init.zeros_, "ones": nn.init.ones_, "normal": nn.init.normal_}[init](self.value)

    def forward(self) -> Tensor:
        """The tensor itself, of the shape that was given."""
        return self.value


def _zeros(shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> None: ...


def _full(shape: tuple[int, ...], fill_value: Number, dtype: torch.dtype = torch.float32) -> None: ...


def _arange(end: int, start: int = 0, step: int = 1, dtype: torch.dtype = torch.int64) -> None: ...


def _causal_mask(size: int, dtype: torch.dtype = torch.float32) -> None: ...


@dataclass(frozen=True, slots=True)
class _Constant:
    """``shape(constants)`` costs nothing; ``make(shape, constants, options)`` has the values."""

    signature: Callable[..., None]
    shape: Callable[[Mapping[str, object]], Shape]
    make: Callable[..., Tensor]
    dtype: str = "float32"


def _given_shape(constants: Mapping[str, object]) -> Shape:
    shape = constants["shape"]
    return tuple(shape) if isinstance(shape, tuple | list) else (_whole(shape),)


def _arange_shape(constants: Mapping[str, object]) -> Shape:
    start, end, step = (_whole(constants.get(name, default)) for name, default in _ARANGE)
    return (max(0, ceil((end - start) / step)),)


_ARANGE = (("start", 0), ("end", 0), ("step", 1))


def _square(constants: Mapping[str, object]) -> Shape:
    size = _whole(constants["size"])
    return (size, size)


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"a size is a whole number, not {value}")
    return value


def _make_arange(shape: Shape, constants: Mapping[str, object], **options: object) -> Tensor:
    start, _, step = (_whole(constants.get(name, default)) for name, default in _ARANGE)
    return torch.arange(shape[0], **options) * step + start  # type: ignore[call-overload,no-any-return]


def _make_mask(shape: Shape, constants: Mapping[str, object], **options: object) -> Tensor:
    """Minus infinity above the diagonal: added to scores, it means the same to every attention of torch."""
    return torch.full(shape, float("-inf"), **options).triu(1)  # type: ignore[call-overload,no-any-return]


CONSTANTS: Mapping[str, _Constant] = {
    "zeros": _Constant(_zeros, _given_shape, lambda shape, _, **options: torch.zeros(shape, **options)),
    "ones": _Constant(_zeros, _given_shape, lambda shape, _, **options: torch.ones(shape, **options)),
    "full": _Constant(_full, _given_shape, lambda shape, c, **options: torch.full(shape, c["fill_value"], **options)),
    "arange": _Constant(_arange, _arange_shape, _make_arange, "int64"),
    "causal_mask": _Constant(_causal_mask, _square, _make_mask),
}


def source_parameters(name: str) -> tuple[Parameter, ...]:
    """The arguments of a source; of the constants and of ``parameter``."""
    if name == "parameter":
        return tuple(p for p in function_parameters(LearnedTensor.__init__))
    return function_parameters(CONSTANTS[name].signature)


class TensorSource(TensorFunction):
    """A constant tensor; where it reads sizes (``$T``) it follows those of the run, and so does its device."""

    def __init__(self, name: str, constants: Mapping[str, object], run: Run) -> None:
        super().__init__(name, constants, run)
        self.constant = CONSTANTS[name]

    @property
    def dtype(self) -> str:
        """The name of its dtype."""
        return str(self.constants.get("dtype", self.constant.dtype))

    def shape(self) -> Shape:
        """Its shape at the sizes of the run. Raises ValueError where a size is negative."""
        shape = self.constant.shape(self.resolved_constants())
        if any(size < 0 for size in shape):
            raise ValueError(f"{self.name} has no shape {list(shape)}: a size is negative")
        return shape

    @property
    def high(self) -> int | None:
        """What its whole numbers stay below at the sizes of the run; None for numbers of other kinds."""
        if self.name != "arange":
            return None
        constants = self.resolved_constants()
        start, _, step = (_whole(constants.get(name, default)) for name, default in _ARANGE)
        return max(start, start + step * (self.shape()[0] - 1)) + 1

    def forward(self) -> Tensor:
        """The tensor, on the device of the model's input."""
        dtype = getattr(torch, self.dtype)
        return self.constant.make(self.shape(), self.resolved_constants(), dtype=dtype, device=self.run.device)

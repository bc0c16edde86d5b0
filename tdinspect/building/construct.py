"""One module from its class and its arguments."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from tdinspect.building.signatures import eager_class, layer_classes, layer_parameters

# In-place initialisers: what they would write is not looked at, so the pages of the weights stay untouched.
_INITIALISERS = frozenset(
    ("uniform_", "normal_", "trunc_normal_", "constant_", "zero_", "zeros_", "ones_", "fill_", "eye_", "dirac_")
    + ("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "orthogonal_", "sparse_")
)


class _Uninitialised(TorchFunctionMode):
    """Inside it parameters keep whatever is in memory: building costs no writes and no random numbers."""

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        name = getattr(func, "__name__", "")
        target = args[0] if args else (kwargs or {}).get("tensor")
        if isinstance(target, torch.Tensor) and target.is_floating_point():  # whole numbers are indices and counters
            if name in _INITIALISERS:
                return target
            if name == "clone":  # deepcopy of stacked layers
                return torch.empty_like(target)
        return func(*args, **(kwargs or {}))


@contextmanager
def quiet() -> Iterator[None]:
    """Torch's advice (nested tensors, dropout on one layer) is not part of a report."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def construct(type_name: str, arguments: Mapping[str, object], *, initialise: bool = True) -> nn.Module:
    """A torch.nn module; without ``initialise`` its weights are whatever memory holds (shapes and counts are right).

    A lazy class is built as what it becomes when the sizes that it would wait for are given. Weights that no memory
    holds stand on the meta device then. Raises whatever the class's constructor raises.
    """
    if not set(arguments) <= {parameter.name for parameter in layer_parameters(type_name)}:
        type_name = eager_class(type_name)
    cls = layer_classes()[type_name]
    converted = {name: _convert(name, value) for name, value in arguments.items()}
    if initialise:
        with quiet():
            return cls(**converted)
    with quiet(), _Uninitialised():
        try:
            return cls(**converted)
        except RuntimeError as problem:
            if "alloc" not in str(problem):
                raise
            with torch.device("meta"):
                return cls(**converted)


def is_weightless(module: nn.Module) -> bool:
    """True for a module whose weights have shapes only."""
    return any(parameter.is_meta for parameter in module.parameters())


def _convert(name: str, value: object) -> object:
    return getattr(torch, value) if name == "dtype" and isinstance(value, str) else value

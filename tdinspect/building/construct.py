"""One module from its class and its arguments."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import ClassVar

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from tdinspect.building.imports import made_module
from tdinspect.building.signatures import eager_class, layer_classes, layer_parameters
from tdinspect.domain.remembered import Remembered
from tdinspect.domain.spec import Layer

# In-place initialisers: what they would write is not looked at, so the pages of the weights stay untouched.
_INITIALISERS = frozenset(
    ("uniform_", "normal_", "trunc_normal_", "constant_", "zero_", "zeros_", "ones_", "fill_", "eye_", "dirac_")
    + ("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "orthogonal_", "sparse_")
)


_HOLDERS = (dict, set)
_PLAIN = (int, float, str, tuple, type(None), *_HOLDERS)


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


def construct(layer: Layer, *, initialise: bool = True) -> nn.Module:
    """As ``constructed``, without torch's advice."""
    with quiet():
        return constructed(layer, initialise=initialise)


def constructed(layer: Layer, *, initialise: bool = True) -> nn.Module:
    """The module of a checked layer whose arguments are complete, those that are layers themselves built first.

    Without ``initialise`` its weights are whatever memory holds (shapes and counts are right). Weights that no memory
    holds stand on the meta device then. Raises whatever the class's constructor raises, and lets its advice through.
    """
    if initialise:
        return _made(layer)
    with _Uninitialised():
        try:
            return _made(layer)
        except RuntimeError as problem:
            if "alloc" not in str(problem):
                raise
            with torch.device("meta"):
                return _made(layer)


def _made(layer: Layer) -> nn.Module:
    converted = {name: _convert(name, value) for name, value in layer.args.named.items()}
    if "." in layer.type:
        assert layer.make is not None
        return made_module(layer.make, layer.type, converted)
    name = layer.type
    if name not in layer_classes():
        assert layer.make is not None
        made = layer.make(**converted)
        assert isinstance(made, nn.Module)
        return made
    own = layer_parameters(name)
    if not set(converted) <= {parameter.name for parameter in own}:
        # What a lazy class becomes when the sizes that it would wait for are given; its defaults stay its own.
        defaults = {parameter.name: parameter.default for parameter in own if not parameter.required}
        name, converted = eager_class(name), defaults | converted
    return layer_classes()[name](**converted)


class Workshop:
    """The layers of a model. Where weights are not ``initialised``, a layer like one that was made is made after it.

    That takes a quarter of the time of the constructor, which looks at every argument. The patterns have no weights.
    """

    _patterns: ClassVar[Remembered[nn.Module]] = Remembered(1000)

    def __init__(self, initialised: bool) -> None:
        self._initialised = initialised

    def made(self, layer: Layer) -> nn.Module:
        """As ``constructed``."""
        if self._initialised:
            return constructed(layer)
        key = f"{layer.type} {layer.args}"
        pattern = self._patterns.get(key)
        if pattern is not None:
            with suppress(RuntimeError):  # no memory holds one more: the constructor puts it on meta
                return _another(pattern, "cpu")
        module = constructed(layer, initialise=False)
        if _is_plain(module):
            self._patterns.put(key, _another(module, "meta"))
        return module


def _is_plain(module: nn.Module) -> bool:
    """True for a layer of torch.nn that has its weights in one place (an LSTM lists them a second time)."""
    if module._modules or not type(module).__module__.startswith("torch.nn."):
        return False
    if is_weightless(module):
        return False
    return all(isinstance(value, _PLAIN) for value in vars(module).values())


def _another(made: nn.Module, device: str) -> nn.Module:
    """A layer like ``made``, hooks and flags as there, with weights of its own that nobody has written."""
    twin = object.__new__(type(made))
    own = vars(twin)
    own.update((name, value.copy() if isinstance(value, _HOLDERS) else value) for name, value in vars(made).items())
    for name, value in made._parameters.items():
        if value is not None:  # empty_like from one device to another takes twenty times as long
            value = nn.Parameter(torch.empty(value.shape, dtype=value.dtype, device=device))
        own["_parameters"][name] = value
    for name, buffer in made._buffers.items():
        own["_buffers"][name] = buffer if buffer is None else buffer.clone()
    return twin


def named_parameters(module: nn.Module) -> Iterable[tuple[str, nn.Parameter]]:
    """As torch's own, which takes ten times as long for a layer without layers inside."""
    if module._modules:
        return module.named_parameters()
    return ((name, value) for name, value in module._parameters.items() if value is not None)


def is_weightless(module: nn.Module) -> bool:
    """True for a module whose weights have shapes only."""
    return any(parameter.is_meta for _, parameter in named_parameters(module))


def _convert(name: str, value: object) -> object:
    if isinstance(value, Layer):
        return _made(value)
    return getattr(torch, value) if name == "dtype" and isinstance(value, str) else value

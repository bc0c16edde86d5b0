"""What the user gives to `inspect`: the inputs of a module, and which of their axes are time and the batch."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from tdinspect.building.tensor_function import Run
from tdinspect.domain.size import Size
from tdinspect.domain.trace import Axis, TensorInfo
from tdinspect.domain.tree import Tree
from tdinspect.running.call import World
from tdinspect.running.modules.recorder import Slot, filled

BATCH, TIME = "B", "T"


@dataclass(frozen=True, slots=True)
class Given:
    """The inputs of a module: their structure with Slots, and each tensor once, on the CPU, with its info and name."""

    args: Tree
    kwargs: Mapping[str, Tree]
    tensors: tuple[Tensor, ...]
    infos: tuple[TensorInfo, ...]
    names: tuple[str, ...]

    def filled(self, tensors: Mapping[int, object]) -> tuple[Tree, dict[str, Tree]]:
        """The inputs with these in the place of the tensors."""
        return filled(self.args, tensors.__getitem__), filled(dict(self.kwargs), tensors.__getitem__)

    def fresh(self) -> tuple[Tree, dict[str, Tree]]:
        """The inputs themselves, in tensors of their own: a pass may write into them."""
        return self.filled({i: tensor.clone() for i, tensor in enumerate(self.tensors)})

    def at(self, sizes: Mapping[str, int]) -> dict[int, Tensor]:
        """The inputs' own values where the symbols have these sizes: cut, or begun again from the start."""
        both = zip(self.tensors, self.infos, strict=True)
        return {i: resized(x, info.shape(sizes)) for i, (x, info) in enumerate(both)}


def resized(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A tensor of this shape with the values of ``x``, axes that are longer begun again from the start."""
    x = x.clone()
    for axis, size in enumerate(shape):
        if size != x.shape[axis]:
            x = x.index_select(axis, torch.arange(size, device=x.device) % max(1, x.shape[axis]))
    return x


def read_inputs(
    module: nn.Module, inputs: object, time_axis: int | None, batch_axis: int | None
) -> tuple[Given, World]:
    """The inputs with the symbols B and T, and the sizes of those.

    Raises TypeError where the call is no call, ValueError where the axes are not there.
    """
    for name, axis in (("time_axis", time_axis), ("batch_axis", batch_axis)):
        if axis is not None and (isinstance(axis, bool) or not isinstance(axis, int)):
            raise TypeError(f"{name} is the index of an axis or None, not {axis!r}")
    args, kwargs = _as_call(inputs)
    tensors = _Tensors()
    shown_args, shown_kwargs = tensors.of(args), tensors.of(kwargs)
    if not tensors.found:
        raise ValueError("inspect needs a tensor among the inputs: nothing else has a time axis")
    first = tensors.found[0]
    roles = _roles(first, time_axis, batch_axis)
    sizes = {symbol: first.shape[axis] for axis, symbol in roles.items()}
    infos = [_info(first, roles)]
    for tensor in tensors.found[1:]:
        infos.append(_info(tensor, _roles_like_the_first(tensor, roles, sizes)))
    names = _names(module, shown_args, shown_kwargs, len(infos))
    named = [replace(info, origin=name) for info, name in zip(infos, names, strict=True)]
    on_cpu = tuple(x.detach() if x.is_meta else x.detach().to("cpu") for x in tensors.found)
    given = Given(shown_args, shown_kwargs, on_cpu, tuple(named), names)
    clocks = (TIME,) if TIME in sizes else ()
    return given, World(sizes, BATCH if BATCH in sizes else None, Run(dict(sizes)), clocks)


def _as_call(inputs: object) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(inputs, Tensor):
        return (inputs,), {}
    if isinstance(inputs, tuple | list):
        return tuple(inputs), {}
    if isinstance(inputs, Mapping):
        if not all(isinstance(name, str) for name in inputs):
            raise TypeError("a dict of inputs has the names of the arguments as its keys")
        return (), dict(inputs)
    if inputs is None:
        raise TypeError("inspect needs `inputs` to run a module: inspect(module, inputs=(x,))")
    raise TypeError(f"inputs are a tensor, a tuple, or a dict by argument, not {type(inputs).__name__}")


class _Tensors:
    """The tensors of a structure, each once, with a Slot for it; everything else stays as it is."""

    def __init__(self) -> None:
        self.found: list[Tensor] = []

    def of(self, value: Any) -> Any:
        """The structure with Slots."""
        if isinstance(value, Tensor):
            known = next((i for i, tensor in enumerate(self.found) if tensor is value), None)
            if known is None:
                known = len(self.found)
                self.found.append(value)
            return Slot(known)
        if type(value) in (tuple, list):
            return type(value)(self.of(part) for part in value)
        return {key: self.of(part) for key, part in value.items()} if type(value) is dict else value


def _roles(first: Tensor, time_axis: int | None, batch_axis: int | None) -> dict[int, str]:
    """The symbol of each axis that has a role."""
    roles: dict[int, str] = {}
    for name, axis, symbol in (("batch_axis", batch_axis, BATCH), ("time_axis", time_axis, TIME)):
        if axis is None:
            continue
        if not -first.ndim <= axis < first.ndim:
            shape = tuple(first.shape)
            raise ValueError(f"{name}={axis}: the first input has the shape {shape}, which has no such axis")
        if axis % first.ndim in roles:
            raise ValueError(f"time_axis and batch_axis are both axis {axis % first.ndim} of {tuple(first.shape)}")
        if first.shape[axis] == 0:
            raise ValueError(f"{name}={axis}: the first input, {tuple(first.shape)}, has nothing along it")
        roles[axis % first.ndim] = symbol
    return roles


def _roles_like_the_first(tensor: Tensor, roles: Mapping[int, str], sizes: Mapping[str, int]) -> dict[int, str]:
    """Where it has the sizes of the first input on the same axes, those; else those of the whole size of one."""
    same = {i: s for i, s in roles.items() if i < tensor.ndim and tensor.shape[i] == sizes[s]}
    if len(same) == len(roles) or (same and tensor.ndim == 1):
        return same
    if BATCH in same.values():  # (B, S, ...), with a length of its own
        return same
    found = {i: s for s in (BATCH, TIME) if s in sizes for i, n in enumerate(tensor.shape) if n == sizes[s]}
    return found if len(set(sizes.values())) == len(sizes) else same


def _info(tensor: Tensor, roles: Mapping[int, str]) -> TensorInfo:
    axes = tuple(
        Axis(Size.symbol(roles[i]), frozenset((roles[i],))) if i in roles else Axis(Size.number(size))
        for i, size in enumerate(tensor.shape)
    )
    whole = not (tensor.is_floating_point() or tensor.is_complex() or tensor.dtype is torch.bool)
    high = int(tensor.max()) + 1 if whole and tensor.numel() and not tensor.is_meta else None
    return TensorInfo(axes, str(tensor.dtype).removeprefix("torch."), high=high)


def _names(module: nn.Module, args: Tree, kwargs: Mapping[str, Tree], count: int) -> tuple[str, ...]:
    """The argument that each tensor is given as; one inside a structure has its place there behind a dot."""
    try:
        own = [*inspect.signature(module.forward).parameters]
    except (TypeError, ValueError):
        own = []
    named = [(own[i] if i < len(own) else f"input_{i + 1}", value) for i, value in enumerate(args)]
    found: dict[int, str] = {}
    for name, value in [*named, *kwargs.items()]:
        _name(name, value, found)
    return tuple(found[i] for i in range(count))


def _name(name: str, value: Any, found: dict[int, str]) -> None:
    if isinstance(value, Slot):
        found.setdefault(value.index, name)
    elif isinstance(value, tuple | list):
        for i, part in enumerate(value):
            _name(f"{name}.{i}", part, found)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            _name(f"{name}.{key}", part, found)

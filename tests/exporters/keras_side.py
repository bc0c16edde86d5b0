"""The exported Keras model beside the built one: weights carried over by layer, the same inputs, the same values."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import torch
from torch import nn

from tdinspect.api import build
from tdinspect.building.model import BuiltModel
from tdinspect.domain.spec import ModelSpec
from tdinspect.exporters.identifiers import Taken
from tdinspect.exporters.keras import render
from tdinspect.exporters.keras_walk import keras_name
from tdinspect.exporters.seen import see
from tests.exporters.sameness import inputs_of, modules_of, random_weights

Array = Any


def keras_text(spec: ModelSpec) -> str:
    """The exported file."""
    seen = see(spec)
    assert seen is not None
    return render(seen, "Exported")


def run_keras(text: str) -> Any:
    """The model of an exported file."""
    namespace: dict[str, Any] = {"__name__": "exported"}
    exec(compile(text, "exported.py", "exec"), namespace)
    return namespace["Exported"]()


def layers_by_name(model: Any) -> dict[str, Any]:
    """Every layer, those inside TimeDistributed too."""
    found = {}
    for layer in model.layers:
        while isinstance(layer, keras.layers.TimeDistributed):
            layer = layer.layer
        found[layer.name] = layer
    return found


def carry(spec: ModelSpec, built: BuiltModel, model: Any) -> None:
    """Give the Keras model the weights of the built one."""
    layers, done = layers_by_name(model), set[int]()
    taken = Taken(given.name for given in spec.inputs)
    for full, module in modules_of(built).items():
        if id(module) in done or not module.state_dict():
            continue
        done.add(id(module))
        name = keras_name(full)
        if isinstance(module, nn.RNNBase):
            for index in range(module.num_layers):
                _recurrence(module, index, layers[taken.free(name if index == 0 else f"{name}_{index}")])
        else:
            layers[taken.free(name)].set_weights(list(_arrays(module)))


def _arrays(module: nn.Module) -> Iterator[Array]:
    if isinstance(module, nn.MultiheadAttention):
        yield from _attention(module)
        return
    if getattr(module, "weight", None) is not None:
        yield _weight(module)
    if getattr(module, "bias", None) is not None:
        yield module.get_parameter("bias").detach().numpy()
    if isinstance(module, nn.modules.batchnorm._BatchNorm):
        yield module.get_buffer("running_mean").numpy()
        yield module.get_buffer("running_var").numpy()


def _weight(module: nn.Module) -> Array:
    """torch's axes (out, in, space) in Keras's order (space, in, out)."""
    weight = module.get_parameter("weight").detach().numpy()
    if isinstance(module, nn.modules.conv._ConvNd):
        return weight.transpose(*range(2, weight.ndim), 1, 0)
    return weight.T if isinstance(module, nn.Linear) else weight


def _attention(module: nn.MultiheadAttention) -> Iterator[Array]:
    embed, heads = module.embed_dim, module.num_heads
    for kernel, bias in zip(module.in_proj_weight.chunk(3), module.in_proj_bias.chunk(3), strict=True):
        yield kernel.detach().numpy().T.reshape(embed, heads, embed // heads)
        yield bias.detach().numpy().reshape(heads, embed // heads)
    yield module.out_proj.weight.detach().numpy().T.reshape(heads, embed // heads, embed)
    yield module.out_proj.bias.detach().numpy()


def _recurrence(module: nn.RNNBase, index: int, layer: Any) -> None:
    found: list[Array] = []
    for way in ("", "_reverse") if module.bidirectional else ("",):
        parts = [
            getattr(module, f"{kind}_l{index}{way}", None) for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ]
        w, u, b, c = (None if part is None else part.detach().numpy() for part in parts)
        if isinstance(module, nn.GRU):
            w, u, b, c = (None if part is None else _zrh(part) for part in (w, u, b, c))
        assert w is not None and u is not None
        found += [w.T, u.T]
        if b is not None and c is not None:
            found.append(np.stack([b, c]) if isinstance(module, nn.GRU) else b + c)
    layer.set_weights(found)


def _zrh(part: Array) -> Array:
    """torch's gates r, z, n in Keras's order."""
    reset, update, new = np.split(part, 3)
    return np.concatenate([update, reset, new])


def differing(spec: ModelSpec, text: str, more_sizes: Sequence[Mapping[str, int]] = ()) -> list[str]:
    """What differs in values, up to the order of axes; nothing where all is well."""
    torch.manual_seed(3)
    built = build(spec)
    assert isinstance(built, BuiltModel)
    built.eval().double()
    _tame_weights(built)
    usual, policy = keras.config.floatx(), keras.config.dtype_policy()  # asked for once, the policy stays what it was
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        model = run_keras(text)
        carry(spec, built, model)
        return _compared(spec, built, model, more_sizes)
    finally:
        keras.config.set_floatx(usual)
        keras.config.set_dtype_policy(policy)


def _tame_weights(model: nn.Module) -> None:
    """Random weights that neither blow up nor fade: Keras's Dense is as exact as float32, whatever its dtype."""
    random_weights(model)
    with torch.no_grad():
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            if tensor.is_floating_point() and "running_var" in name:
                tensor.add_(1)
            elif tensor.is_floating_point() and tensor.ndim > 1:
                tensor.mul_(8 / (tensor.numel() / tensor.shape[0]) ** 0.5)


def _compared(spec: ModelSpec, built: BuiltModel, model: Any, more_sizes: Sequence[Mapping[str, int]]) -> list[str]:
    problems = []
    for sizes in ({}, *more_sizes):
        values = inputs_of(spec, {**spec.sizes, **sizes})
        entering = [
            _in_order(v, tuple(k.shape), spec, i) for i, (v, k) in enumerate(zip(values, model.inputs, strict=True))
        ]
        with torch.no_grad():
            wanted = built(*values)
            got = model(entering[0] if len(entering) == 1 else entering, training=False)
        one = wanted if isinstance(wanted, dict) else {"output": wanted}
        other = got if isinstance(got, dict) else {"output": got}
        for name, value in one.items():
            far = min(((value - found).abs().max().item() for found in _orders(other[name], value.shape)), default=None)
            if far is None or far > 1e-5 * max(1.0, value.abs().max().item()):
                problems.append(f"{name} {tuple(value.shape)} is {tuple(other[name].shape)}, {far} apart at {sizes}")
            if not torch.isfinite(value).all() or value.abs().max() == 0:
                problems.append(f"{name} says nothing")
    return problems


def _in_order(value: torch.Tensor, shape: tuple[int | None, ...], spec: ModelSpec, index: int) -> torch.Tensor:
    """An input as the Keras model wants it: the batch first, and channels last where its shape says so."""
    given = spec.inputs[index]
    assert given.batch_axis is not None
    sizes = [entry if isinstance(entry, int) else spec.sizes[entry] for entry in given.shape]
    own = torch.empty(sizes, device="meta").movedim(given.batch_axis, 0)
    for last in (own.ndim - 1, *range(1, own.ndim - 1)):
        if all(w in (None, size) for w, size in zip(shape, own.movedim(last, -1).shape, strict=True)):
            return value.movedim(given.batch_axis, 0).movedim(last, -1)
    raise AssertionError(f"no order of {sizes} is {shape}")


def _orders(value: torch.Tensor, shape: tuple[int, ...]) -> Iterator[torch.Tensor]:
    """The orders that an output may be in: the last axis at each place, the batch at each place."""
    for place in range(value.ndim):
        moved = value.movedim(-1, place)
        for batch in range(value.ndim):
            found = moved.movedim(0, batch)
            if tuple(found.shape) == tuple(shape):
                yield found

"""The other wrappers for ``time_distributed.py``: the real one where it can be imported, else its way of doing it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


class ViewWay(nn.Module):
    """fastai's way: ``view`` to (B*T, ...) and back, a tuple part by part."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tensor, **named: Any) -> Any:
        """``(B, T, ...)`` in and out."""
        b, t = inputs[0].shape[:2]
        out = self.module(*[x.view(b * t, *x.shape[2:]) for x in inputs], **named)
        if isinstance(out, tuple):
            return tuple(part.view(b, t, *part.shape[1:]) for part in out)
        return out.view(b, t, *out.shape[1:])


class ContiguousWay(nn.Module):
    """AllenNLP's way, and the blog's: ``contiguous().view`` both ways, outputs as a list."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tensor, **named: Any) -> Any:
        """``(B, T, ...)`` in and out."""
        folded = [x.contiguous().view(-1, *x.shape[2:]) for x in inputs]
        kept = {key: x.contiguous().view(-1, *x.shape[2:]) if isinstance(x, Tensor) else x for key, x in named.items()}
        out = self.module(*folded, **kept)
        parts = out if isinstance(out, tuple) else (out,)
        lead = inputs[-1].shape[:2]
        unfolded = [part.contiguous().view(lead + part.shape[1:]) for part in parts]
        return unfolded if isinstance(out, tuple) else unfolded[0]


class VectorWay(nn.Module):
    """The way of pytorch-forecasting and tsai: all axes but the last are one."""

    def __init__(self, module: nn.Module, batch_first: bool = True) -> None:
        super().__init__()
        self.module = module
        self.batch_first = batch_first

    def forward(self, x: Tensor) -> Tensor:
        """``(B, T, F)`` in and out."""
        if x.ndim <= 2:
            return self.module(x)  # type: ignore[no-any-return]
        y: Tensor = self.module(x.contiguous().reshape(-1, x.size(-1)))
        lead = (x.size(0), -1) if self.batch_first else (-1, x.size(1))
        return y.contiguous().reshape(*lead, y.size(-1))


class LoopWay(nn.Module):
    """Keras's way: time to the front, a Python loop, one stack, time back."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        """``(B, T, ...)`` in and out."""
        return torch.stack([self.module(step) for step in x.transpose(0, 1)]).transpose(0, 1)


class FlattenWay(nn.Module):
    """spikingjelly's way for layers without state (either axis may be time)."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        """``(B, T, ...)`` in and out."""
        y: Tensor = self.module(x.flatten(0, 1))
        return y.view(x.shape[0], x.shape[1], *y.shape[1:])


@dataclass(frozen=True)
class Peer:
    """Another wrapper: where its real one lives, and its way where that cannot be imported."""

    name: str
    home: str
    attribute: str
    way: Callable[[nn.Module], nn.Module]
    options: tuple[tuple[str, Any], ...] = ()
    vectors_only: bool = False
    several: bool = False

    def wrap(self, module: nn.Module) -> tuple[str, nn.Module]:
        """Its name for the table and the wrapped module."""
        try:
            wrapper = getattr(importlib.import_module(self.home), self.attribute)
            if self.name == "Keras 3":
                module = importlib.import_module("keras.layers").TorchModuleWrapper(module)
        except ImportError:
            return f"{self.name} (its way)", self.way(module)
        return self.name, wrapper(module, **dict(self.options))


PEERS = (
    Peer("fastai", "fastai.layers", "TimeDistributed", ViewWay, several=True),
    Peer("AllenNLP", "allennlp.modules.time_distributed", "TimeDistributed", ContiguousWay, several=True),
    Peer(
        "pytorch-forecasting",
        "pytorch_forecasting.models.temporal_fusion_transformer.sub_modules",
        "TimeDistributed",
        VectorWay,
        (("batch_first", True),),
        vectors_only=True,
    ),
    Peer("tsai", "tsai.models.layers", "TimeDistributed", VectorWay, (("batch_first", True),), vectors_only=True),
    Peer("Keras 3", "keras.layers", "TimeDistributed", LoopWay),
    Peer("spikingjelly", "spikingjelly.activation_based.layer", "SeqToANNContainer", FlattenWay),
)

"""Every function of the allow-list: a call of it, and the same in plain torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Call:
    """``expected(*inputs)`` is torch's own function; a list stands in ``inputs`` where the function takes one."""

    name: str
    inputs: tuple[Any, ...]
    constants: Mapping[str, object]
    expected: Callable[..., object] = field(compare=False)

    def __str__(self) -> str:
        return f"{self.name} {dict(self.constants)}"


def calls() -> list[Call]:
    """At least one call of every function, every constant used once."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    x, y, image, whole = normal(2, 3, 4), normal(2, 3, 4), normal(2, 3, 4, 6), torch.tensor([[0, 2], [1, 1]])
    mask, index = normal(2, 3, 4) > 0, torch.tensor([[[0], [2], [1]], [[3], [0], [0]]])
    q, k, v, bias = normal(2, 3, 4), normal(2, 5, 4), normal(2, 5, 6), normal(3, 5)
    wide = normal(2, 4, 5)

    def call(name: str, inputs: tuple[Any, ...], expected: Callable[..., object], **constants: object) -> Call:
        return Call(name, inputs, constants, expected)

    return [
        call("cat", ([x, y],), torch.cat),
        call("cat", ([x, y],), lambda parts: torch.cat(parts, -1), dim=-1),
        call("stack", ([x, y],), torch.stack),
        call("stack", ([x, y],), lambda parts: torch.stack(parts, 2), dim=2),
        call("chunk", (x,), lambda t: t.chunk(2, -1), chunks=2, dim=-1),
        call("split", (x,), lambda t: t.split(3, 2), split_size=3, dim=2),
        call("split", (x,), lambda t: t.split([1, 3], 2), split_size=(1, 3), dim=2),
        call("unbind", (x,), lambda t: t.unbind(1), dim=1),
        call("select", (x,), lambda t: t[:, -1], dim=1, index=-1),
        call("narrow", (x,), lambda t: t[:, 1:3], dim=1, start=1, length=2),
        call("gather", (x, index), lambda t, i: t.gather(2, i), dim=2),
        call("permute", (x,), lambda t: t.permute(2, 0, 1), dims=(2, 0, 1)),
        call("transpose", (x,), lambda t: t.transpose(0, 2), dim0=0, dim1=2),
        call("movedim", (x,), lambda t: t.movedim(0, 2), source=0, destination=2),
        call("movedim", (x,), lambda t: t.movedim((0, 1), (1, 2)), source=(0, 1), destination=(1, 2)),
        call("reshape", (x,), lambda t: t.reshape(2, -1), shape=(2, -1)),
        call("flatten", (x,), torch.flatten),
        call("flatten", (x,), lambda t: t.flatten(1, 2), start_dim=1, end_dim=2),
        call("unflatten", (x,), lambda t: t.unflatten(2, (2, 2)), dim=2, sizes=(2, 2)),
        call("squeeze", (x[:, :1],), torch.squeeze),
        call("squeeze", (x[:, :1],), lambda t: t.squeeze(1), dim=1),
        call("unsqueeze", (x,), lambda t: t.unsqueeze(-1), dim=-1),
        call("expand", (x[:, :1],), lambda t: t.expand(2, 5, 4), shape=(2, 5, 4)),
        call("roll", (x,), lambda t: t.roll(2), shifts=2),
        call("roll", (x,), lambda t: t.roll((1, 2), (1, 2)), shifts=(1, 2), dims=(1, 2)),
        call("flip", (x,), lambda t: t.flip(1), dims=(1,)),
        call("repeat_interleave", (x,), lambda t: t.repeat_interleave(2, 1), repeats=2, dim=1),
        call("repeat_interleave", (x,), lambda t: t.repeat_interleave(2), repeats=2),
        call("pad", (x,), lambda t: F.pad(t, (1, 2)), pad=(1, 2)),
        call("pad", (x,), lambda t: F.pad(t, (1, 2), value=3.0), pad=(1, 2), value=3.0),
        call("pad", (x,), lambda t: F.pad(t, (1, 2), mode="reflect"), pad=(1, 2), mode="reflect"),
        call("interpolate", (image,), lambda t: F.interpolate(t, 5), size=5),
        call("interpolate", (image,), lambda t: F.interpolate(t, (5, 7)), size=(5, 7)),
        call("interpolate", (image,), lambda t: F.interpolate(t, scale_factor=2.0), scale_factor=2.0),
        call(
            "interpolate",
            (image,),
            lambda t: F.interpolate(t, scale_factor=[2.0, 3.0], mode="bilinear", align_corners=True),
            scale_factor=(2.0, 3.0),
            mode="bilinear",
            align_corners=True,
        ),
        call("add", (x, y), lambda a, b: a + b),
        call("add", (x,), lambda a: a + 2, other=2),
        call("sub", (x, y), lambda a, b: a - b),
        call("sub", (x,), lambda a: a - 0.5, other=0.5),
        call("mul", (x, y), lambda a, b: a * b),
        call("mul", (x,), lambda a: a * 3, other=3),
        call("div", (x, y), lambda a, b: a / b),
        call("div", (x,), lambda a: a / 8, other=8),
        call("maximum", (x, y), torch.maximum),
        call("minimum", (x, y), torch.minimum),
        call("matmul", (x, wide), lambda a, b: a @ b),
        call("bmm", (x, wide), torch.bmm),
        call("einsum", ([x, wide],), lambda parts: torch.einsum("bij,bjk->bik", *parts), equation="bij,bjk->bik"),
        call("scaled_dot_product_attention", (q, k, v), lambda *t: ((t[0] @ t[1].mT) / 2).softmax(-1) @ t[2]),
        call(
            "scaled_dot_product_attention",
            (q, k, v, bias),
            lambda *t: ((t[0] @ t[1].mT) / 2 + t[3]).softmax(-1) @ t[2],
        ),
        call(
            "scaled_dot_product_attention",
            (x, x, x),
            lambda *t: ((t[0] @ t[1].mT) / 2).masked_fill(torch.ones(3, 3).triu(1) > 0, -torch.inf).softmax(-1) @ t[2],
            is_causal=True,
        ),
        call("mean", (x,), torch.mean),
        call("mean", (x,), lambda t: t.mean((1, 2), keepdim=True), dim=(1, 2), keepdim=True),
        call("sum", (x,), torch.sum),
        call("sum", (x,), lambda t: t.sum(1, keepdim=True), dim=1, keepdim=True),
        call("amax", (x,), torch.amax),
        call("amax", (x,), lambda t: t.amax((0, 2), keepdim=True), dim=(0, 2), keepdim=True),
        call("amin", (x,), torch.amin),
        call("amin", (x,), lambda t: t.amin(1, keepdim=True), dim=1, keepdim=True),
        call("max", (x,), lambda t: tuple(t.max(1)), dim=1),
        call("max", (x,), lambda t: tuple(t.max(-1, keepdim=True)), dim=-1, keepdim=True),
        call("min", (x,), lambda t: tuple(t.min(1, keepdim=True)), dim=1, keepdim=True),
        call("argmax", (x,), torch.argmax),
        call("argmax", (x,), lambda t: t.argmax(1, keepdim=True), dim=1, keepdim=True),
        call("topk", (x,), lambda t: tuple(t.topk(2)), k=2),
        call("topk", (x,), lambda t: tuple(t.topk(2, 1)), k=2, dim=1),
        call("cumsum", (x,), lambda t: t.cumsum(1), dim=1),
        call("softmax", (x,), lambda t: t.exp() / t.exp().sum(1, keepdim=True), dim=1),
        call("log_softmax", (x,), lambda t: (t.exp() / t.exp().sum(2, keepdim=True)).log(), dim=2),
        call("normalize", (x,), lambda t: t / t.norm(dim=1, keepdim=True)),
        call("normalize", (x,), lambda t: t / t.abs().sum(2, keepdim=True), p=1, dim=2, eps=1e-9),
        call("relu", (x,), lambda t: t.clamp(min=0)),
        call("gelu", (x,), F.gelu),
        call("gelu", (x,), lambda t: F.gelu(t, approximate="tanh"), approximate="tanh"),
        call("sigmoid", (x,), lambda t: 1 / (1 + (-t).exp())),
        call("tanh", (x,), torch.tanh),
        call("exp", (x,), torch.exp),
        call("log", (x.abs(),), torch.log),
        call("sqrt", (x.abs(),), torch.sqrt),
        call("abs", (x,), torch.abs),
        call("where", (mask, x, y), torch.where),
        call("masked_fill", (x, mask), lambda t, m: t.masked_fill(m, -1.0), value=-1.0),
        call("one_hot", (whole,), lambda t: F.one_hot(t, 4), num_classes=4),
    ]

"""Calls of the functions beyond the contract's own list: everyday tensor work, and the same in plain torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from tests.building.calls import Call

_generator = torch.Generator().manual_seed(1)


def _normal(*shape: int) -> Tensor:
    return torch.randn(shape, generator=_generator, dtype=torch.float64)


def _call(name: str, inputs: tuple[Any, ...], expected: Callable[..., object], **constants: object) -> Call:
    return Call(name, inputs, constants, expected)


X, Y, Z = _normal(2, 3, 4), _normal(2, 3, 4), _normal(2, 3, 4)
POSITIVE = X.abs() + 0.5
YES, NO = X > 0, Y > 0
LINE, IMAGE, VOLUME = _normal(2, 3, 8), _normal(2, 4, 6, 8), _normal(2, 3, 4, 6, 8)
WIDE, SAME, VECTOR = _normal(2, 4, 5), _normal(2, 3, 5), _normal(4)
MATRIX, OTHER, ADDED = _normal(2, 4), _normal(4, 5), _normal(2, 5)
SAMPLED = _normal(2, 3, 5, 2).clamp(-1, 1)
PLACES = torch.tensor([[[0], [2], [1]], [[3], [0], [0]]])


def further_calls() -> list[Call]:
    """At least one call of every function, every constant used once."""
    return [*_pieces(), *_arithmetic(), *_choices(), *_products(), *_reductions(), *_activations(), *_windows()]


def _pieces() -> list[Call]:
    return [
        _call("unfold", (X,), lambda t: torch.stack([t[:, :, 0:2], t[:, :, 2:4]], 2), dimension=2, size=2, step=2),
        _call("diagonal", (X,), lambda t: torch.stack([t[0, 0], t[1, 1]], -1)),
        _call(
            "diagonal", (X,), lambda t: torch.stack([t[:, i, i + 1] for i in range(3)], -1), offset=1, dim1=1, dim2=2
        ),
        _call("take_along_dim", (X, PLACES), lambda t, i: t.gather(2, i), dim=2),
        _call("index_select", (X, torch.tensor([2, 0])), lambda t, i: t[:, [2, 0]], dim=1),
        _call("scatter_add", (X, PLACES, Y), lambda t, i, s: t.scatter_add(2, i, s), dim=2),
        _call("swapaxes", (X,), lambda t: t.permute(2, 1, 0), axis0=0, axis1=-1),
        _call("moveaxis", (X,), lambda t: t.permute(1, 2, 0), source=0, destination=2),
        _call("broadcast_to", (X[:, :1],), lambda t: torch.cat([t] * 5, 1), size=(2, 5, 4)),
        _call("tile", (X,), lambda t: torch.cat([t, t], 1), dims=(1, 2, 1)),
        _call("pixel_shuffle", (IMAGE,), nn.PixelShuffle(2), upscale_factor=2),
        _call("pixel_unshuffle", (IMAGE,), nn.PixelUnshuffle(2), downscale_factor=2),
        _call("tril", (X,), lambda t: t * (torch.ones(3, 4).cumsum(0) >= torch.ones(3, 4).cumsum(1))),
        _call("tril", (X,), lambda t: t.tril(1), diagonal=1),
        _call("triu", (X,), lambda t: t - t.tril(-1)),
        _call("triu", (X,), lambda t: t - t.tril(), diagonal=1),
        _call("diag_embed", (MATRIX,), lambda t: t.unsqueeze(-1) * torch.eye(4)),
        _call("diag_embed", (MATRIX,), lambda t: t.diag_embed(1, 0, 2), offset=1, dim1=0, dim2=2),
    ]


def _arithmetic() -> list[Call]:
    return [
        _call("rsub", (X, Y), lambda a, b: b - a),
        _call("rsub", (X,), lambda a: 1 - a, other=1),
        _call("div", (X, POSITIVE), lambda a, b: (a / b).floor(), rounding_mode="floor"),
        _call("remainder", (X, POSITIVE), lambda a, b: a - b * (a / b).floor()),
        _call("pow", (POSITIVE, Y), lambda a, b: (b * a.log()).exp()),
        _call("pow", (X,), lambda a: a * a, exponent=2),
        _call("lerp", (X, Y, Z), lambda a, b, w: a + w * (b - a)),
        _call("lerp", (X, Y), lambda a, b: (a + b) / 2, weight=0.5),
        _call("clamp", (X,), lambda t: t.maximum(torch.tensor(0.0)).minimum(torch.tensor(1.0)), min=0, max=1),
        _call("neg", (X,), lambda t: 0 - t),
        _call("sign", (X,), lambda t: t / t.abs()),
        _call("floor", (X,), lambda t: t - t % 1),
        _call("ceil", (X,), lambda t: -(-t).floor()),
        _call("round", (X,), lambda t: (t + 0.5).floor()),
        _call("round", (X,), lambda t: (t * 100).round() / 100, decimals=2),
        _call("square", (X,), lambda t: t * t),
        _call("rsqrt", (POSITIVE,), lambda t: 1 / t.sqrt()),
        _call("reciprocal", (X,), lambda t: 1 / t),
        _call("expm1", (X,), lambda t: t.exp() - 1),
        _call("log1p", (POSITIVE,), lambda t: (1 + t).log()),
        _call("log2", (POSITIVE,), lambda t: t.log() / math.log(2)),
        _call("erf", (X,), lambda t: 1 - torch.erfc(t)),
        _call("sin", (X,), lambda t: (t - math.pi / 2).cos()),
        _call("cos", (X,), lambda t: (t + math.pi / 2).sin()),
        _call("tan", (X,), lambda t: t.sin() / t.cos()),
        _call("atan", (X,), torch.arctan),
        _call("atan2", (X, POSITIVE), lambda a, b: (a / b).atan()),
    ]


def _choices() -> list[Call]:
    return [
        *(_call(name, (X, Y), getattr(torch, name)) for name in ("eq", "ne", "lt", "le", "gt", "ge")),
        *(
            _call(name, (X,), lambda t, name=name: getattr(torch, name)(t, 0), other=0)
            for name in ("eq", "ne", "lt", "le", "gt", "ge")
        ),
        _call("logical_and", (YES, NO), lambda a, b: a & b),
        _call("logical_or", (YES, NO), lambda a, b: a | b),
        _call("logical_not", (YES,), lambda a: ~a),
        _call("where", (YES, X), lambda c, a: a.masked_fill(~c, 0), other=0),
        _call("to", (X,), lambda t: t.float(), dtype="float32"),
        _call("to", (YES,), lambda t: t.long(), dtype="int64"),
        _call("detach", (X,), lambda t: t.clone()),
        _call("zeros_like", (X,), lambda t: t * 0),
        _call("ones_like", (X,), lambda t: t * 0 + 1),
        _call("full_like", (X,), lambda t: t * 0 + 0.5, fill_value=0.5),
    ]


def _products() -> list[Call]:
    return [
        _call("mm", (MATRIX, OTHER), lambda a, b: a @ b),
        _call("mv", (MATRIX, VECTOR), lambda a, b: a @ b),
        _call("dot", (VECTOR, VECTOR), lambda a, b: (a * b).sum()),
        _call("inner", (X, Y), lambda a, b: torch.einsum("bij,cdj->bicd", a, b)),
        _call("outer", (VECTOR, VECTOR), lambda a, b: a[:, None] * b),
        _call("addmm", (ADDED, MATRIX, OTHER), lambda t, a, b: t + a @ b),
        _call("addmm", (ADDED, MATRIX, OTHER), lambda t, a, b: 2 * t + 3 * (a @ b), beta=2, alpha=3),
        _call("baddbmm", (SAME, X, WIDE), lambda t, a, b: t + a @ b),
        _call("baddbmm", (SAME, X, WIDE), lambda t, a, b: 2 * t + 0.5 * (a @ b), beta=2, alpha=0.5),
        _call(
            "scaled_dot_product_attention",
            (IMAGE, IMAGE[:, :2], IMAGE[:, :2]),
            lambda q, k, v: (q @ k.repeat_interleave(2, 1).mT * 0.25).softmax(-1) @ v.repeat_interleave(2, 1),
            scale=0.25,
            enable_gqa=True,
        ),
        _call("cosine_similarity", (X, Y), lambda a, b: (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))),
        _call("cosine_similarity", (X, Y), nn.CosineSimilarity(-1, 1e-4), dim=-1, eps=1e-4),
        _call("pairwise_distance", (X, Y), lambda a, b: (a - b + 1e-6).norm(dim=-1)),
        _call("pairwise_distance", (X, Y), nn.PairwiseDistance(1, 1e-4, True), p=1, eps=1e-4, keepdim=True),
        _call("embedding", (torch.tensor([[0, 2], [3, 1]]), OTHER), lambda i, w: w[i]),
        _call("cdist", (X, Y), lambda a, b: (a[:, :, None] - b[:, None]).norm(dim=-1)),
        _call("cdist", (X, Y), lambda a, b: (a[:, :, None] - b[:, None]).abs().sum(-1), p=1),
    ]


def _reductions() -> list[Call]:
    return [
        _call("prod", (X,), torch.prod),
        _call("prod", (X,), lambda t: t[:, :1] * t[:, 1:2] * t[:, 2:], dim=1, keepdim=True),
        _call("std", (X,), torch.std),
        _call("std", (X,), lambda t: t.var((1, 2), False, True).sqrt(), dim=(1, 2), correction=0, keepdim=True),
        _call("var", (X,), torch.var),
        _call("var", (X,), lambda t: t.var(1, False, True), dim=1, correction=0, keepdim=True),
        _call("norm", (X,), lambda t: (t * t).sum().sqrt()),
        _call("norm", (X,), lambda t: t.abs().sum((1, 2), True), p=1, dim=(1, 2), keepdim=True),
        _call("logsumexp", (X,), lambda t: t.exp().sum(1, True).log(), dim=1, keepdim=True),
        _call("median", (X,), lambda t: tuple(part[..., 1] for part in t.sort(-1))),
        _call("median", (X,), lambda t: tuple(t.median(1, keepdim=True)), dim=1, keepdim=True),
        _call("argmin", (X,), lambda t: (-t).argmax()),
        _call("argmin", (X,), lambda t: (-t).argmax(1, keepdim=True), dim=1, keepdim=True),
        _call("any", (YES,), lambda t: t.sum() > 0),
        _call("any", (YES,), lambda t: t.sum((1, 2), True) > 0, dim=(1, 2), keepdim=True),
        _call("all", (YES,), lambda t: t.sum() == 24),
        _call("all", (YES,), lambda t: t.sum(1, True) == 3, dim=1, keepdim=True),
        _call("topk", (X,), lambda t: tuple(t.topk(2, 1, False, True)), k=2, dim=1, largest=False, sorted=True),
        _call("sort", (X,), lambda t: tuple(t.topk(4, largest=False))),
        _call("sort", (X,), lambda t: tuple(t.topk(3, 1)), dim=1, descending=True, stable=True),
        _call("argsort", (X,), lambda t: t.topk(4, largest=False)[1]),
        _call("argsort", (X,), lambda t: t.topk(3, 1)[1], dim=1, descending=True, stable=True),
        _call("cumprod", (POSITIVE,), lambda t: t.log().cumsum(1).exp(), dim=1),
        _call("logcumsumexp", (X,), lambda t: t.exp().cumsum(1).log(), dim=1),
        _call("diff", (X,), lambda t: t[..., 1:] - t[..., :-1]),
        _call("diff", (X,), lambda t: t[:, 2:] - 2 * t[:, 1:-1] + t[:, :-2], n=2, dim=1),
    ]


def _activations() -> list[Call]:
    plain = {
        "relu6": nn.ReLU6(), "selu": nn.SELU(), "silu": nn.SiLU(), "mish": nn.Mish(), "softsign": nn.Softsign(),
        "logsigmoid": nn.LogSigmoid(), "hardsigmoid": nn.Hardsigmoid(), "hardswish": nn.Hardswish(),
        "elu": nn.ELU(), "celu": nn.CELU(), "leaky_relu": nn.LeakyReLU(), "softplus": nn.Softplus(),
        "hardtanh": nn.Hardtanh(), "glu": nn.GLU(),
    }  # fmt: skip
    return [
        *(_call(name, (X,), module) for name, module in plain.items()),
        _call("leaky_relu", (X,), nn.LeakyReLU(0.2), negative_slope=0.2),
        _call("elu", (X,), nn.ELU(0.5), alpha=0.5),
        _call("celu", (X,), nn.CELU(0.5), alpha=0.5),
        _call("softplus", (X,), nn.Softplus(2, 0.5), beta=2, threshold=0.5),
        _call("hardtanh", (X,), lambda t: t.clamp(0, 2), min_val=0, max_val=2),
        _call("glu", (WIDE,), lambda t: t[:, :2] * t[:, 2:].sigmoid(), dim=1),
        _call("softmin", (X,), lambda t: (-t).softmax(1), dim=1),
        _call("layer_norm", (X,), nn.LayerNorm(4, elementwise_affine=False)),
        _call(
            "layer_norm", (X,), nn.LayerNorm((3, 4), 0.1, elementwise_affine=False), normalized_shape=(3, 4), eps=0.1
        ),
        _call("rms_norm", (X,), nn.RMSNorm(4, elementwise_affine=False)),
        _call("rms_norm", (X,), nn.RMSNorm(4, 0.1, elementwise_affine=False), normalized_shape=4, eps=0.1),
        _call("group_norm", (LINE,), nn.GroupNorm(3, 3, 0.1, affine=False), num_groups=3, eps=0.1),
    ]


def _windows() -> list[Call]:
    inputs = {"1d": LINE, "2d": IMAGE, "3d": VOLUME}
    found = [
        _call("max_pool2d", (IMAGE,), nn.MaxPool2d((2, 3)), kernel_size=(2, 3)),
        _call("adaptive_avg_pool2d", (IMAGE,), nn.AdaptiveAvgPool2d((None, 3)), output_size=(None, 3)),
        _call("adaptive_max_pool2d", (IMAGE,), nn.AdaptiveMaxPool2d((None, 3)), output_size=(None, 3)),
        _call("interpolate", (IMAGE,), nn.Identity(), size=(6, 8), mode="bilinear", antialias=True),
        _call(
            "grid_sample",
            (IMAGE, SAMPLED),
            lambda t, g: nn.functional.grid_sample(t, g, "nearest", "border", True),
            mode="nearest",
            padding_mode="border",
            align_corners=True,
        ),
    ]
    for rank, input in inputs.items():
        average, highest = getattr(nn, f"AvgPool{rank}"), getattr(nn, f"MaxPool{rank}")
        averaged = {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False}
        if rank != "1d":
            averaged["divisor_override"] = 5
        maxed = {"kernel_size": 2, "stride": 2, "padding": 1, "dilation": 2, "ceil_mode": True}
        found += [
            _call(f"avg_pool{rank}", (input,), average(2), kernel_size=2),
            _call(f"avg_pool{rank}", (input,), average(**averaged), **averaged),
            _call(f"max_pool{rank}", (input,), highest(2), kernel_size=2),
            _call(f"max_pool{rank}", (input,), highest(**maxed), **maxed),
            _call(f"adaptive_avg_pool{rank}", (input,), getattr(nn, f"AdaptiveAvgPool{rank}")(2), output_size=2),
            _call(f"adaptive_max_pool{rank}", (input,), getattr(nn, f"AdaptiveMaxPool{rank}")(2), output_size=2),
        ]
    return found

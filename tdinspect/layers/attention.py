"""Attention and transformer layers: the feature axis is the last one of query, key and value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from torch import nn

from tdinspect.domain.spec import Layer
from tdinspect.layers.axis_use import Each, Mixed, Shape, Uses
from tdinspect.layers.family import Family, Smaller, Source, generic_formula
from tdinspect.layers.work import Work, macs_inside, rows


def _attention_formula(module: nn.Module) -> str:
    assert isinstance(module, nn.MultiheadAttention)
    e, k, v = module.embed_dim, module.kdim, module.vdim
    weights = f"3*{e}*{e}" if k == v == e else f"{e}*{e} + {k}*{e} + {v}*{e}"
    bias = f" + 3*{e}" if module.in_proj_bias is not None else ""
    out_bias = f" + {e}" if module.out_proj.bias is not None else ""
    extra = f" + 2*{e}" if module.bias_k is not None else ""
    return f"{weights}{bias} + {e}*{e}{out_bias}{extra}"


def _sequence(along: Each | Mixed, batch_first: bool, ndim: int) -> Uses | None:
    """``(B, T, F)`` or ``(T, B, F)``; ``(T, F)`` is one sample."""
    features = Mixed("features")
    if ndim == 3:
        return (Each(), along, features) if batch_first else (along, Each(), features)
    return (along, features) if ndim == 2 else None


def _attention_uses(module: nn.Module, shapes: tuple[Shape, ...]) -> tuple[Uses, ...] | None:
    """Without masks: each query sees every key and value."""
    assert isinstance(module, nn.MultiheadAttention)
    if len(shapes) != 3 or len({len(shape) for shape in shapes}) > 1:
        return None
    query = _sequence(Each(), module.batch_first, len(shapes[0]))
    other = _sequence(Mixed(), module.batch_first, len(shapes[0]))
    return None if query is None or other is None else (query, other, other)


def _transformer_uses(module: nn.Module, shapes: tuple[Shape, ...]) -> tuple[Uses, ...] | None:
    """Without masks: every position sees every other, of both sequences."""
    within = [part for part in module.modules() if isinstance(part, nn.MultiheadAttention)]
    takes = 2 if any(isinstance(part, nn.TransformerDecoderLayer) for part in module.modules()) else 1
    orders = {part.batch_first for part in within}
    known = all(type(part).__module__.startswith("torch.nn.") for part in module.modules())
    if not known or len(orders) != 1 or len(shapes) != takes or len({len(shape) for shape in shapes}) > 1:
        return None
    uses = _sequence(Mixed(), orders.pop(), len(shapes[0]))
    return None if uses is None else (uses,) * takes


_WIDTHS = ("embed_dim", "d_model", "kdim", "vdim", "normalized_shape")


def _smaller(arguments: Mapping[str, object]) -> Smaller | None:
    """Two features a head: who sees whom is a matter of masks, not of features."""
    heads = _found(arguments, ("num_heads", "nhead"), 8)
    width = _found(arguments, ("embed_dim", "d_model"), 512)
    if 2 * heads >= width:
        return None
    widths = dict.fromkeys({width, *(_found(arguments, (name,), width) for name in ("kdim", "vdim"))}, 2 * heads)
    return Smaller(_narrowed(arguments, widths), widths)


def _found(arguments: Mapping[str, object], names: tuple[str, ...], default: int) -> int:
    """A number among the arguments, or among those of a layer that is an argument."""
    inner = (value.args.named for value in arguments.values() if isinstance(value, Layer))
    found = (given[name] for given in (arguments, *inner) for name in names if name in given)
    return next((value for value in found if isinstance(value, int)), default)


def _narrowed(arguments: Mapping[str, object], widths: Mapping[int, int]) -> dict[str, object]:
    narrowed: dict[str, object] = {}
    for name, value in arguments.items():
        if isinstance(value, Layer):
            value = replace(value, args=replace(value.args, named=_narrowed(value.args.named, widths)))
        elif name in _WIDTHS and isinstance(value, int):
            value = widths.get(value, value)
        elif name == "dim_feedforward":
            value = 4
        narrowed[name] = value
    return narrowed


def _attention_macs(module: nn.Module, work: Work) -> int:
    """Three projections, queries by keys, weights by values, the projection of the result; masks save nothing."""
    assert isinstance(module, nn.MultiheadAttention)
    return _attended(module, work.taken(0, "query"), work.taken(1, "key"), work.taken(2, "value"))


def _attended(module: nn.MultiheadAttention, query: Shape, key: Shape, value: Shape) -> int:
    width, queries = int(module.embed_dim), rows(query)
    keys = key[1] if module.batch_first and len(key) == 3 else key[0]
    keys += int(module.bias_k is not None) + int(module.add_zero_attn)
    projections = 2 * queries * width + rows(key) * int(module.kdim) + rows(value) * int(module.vdim)
    return projections * width + 2 * queries * keys * width


def _transformer_macs(module: nn.Module, work: Work) -> int | None:
    """Those of the layers inside; None where one of them is no layer of torch."""
    decoder = isinstance(module, nn.TransformerDecoderLayer | nn.TransformerDecoder)
    first, second = ("tgt", "memory") if decoder else ("src", "tgt")
    target = work.taken(0, first)
    try:
        if isinstance(module, nn.Transformer):
            memory, target = target, work.taken(1, second)
            return _within(module.encoder, memory, ()) + _within(module.decoder, target, memory)
        return _within(module, target, work.taken(1, second) if decoder else ())
    except TypeError:
        return None


def _within(module: nn.Module, target: Shape, memory: Shape) -> int:
    """Raises TypeError for a layer that is none of torch's."""
    if type(module) in (nn.TransformerEncoder, nn.TransformerDecoder):
        assert isinstance(module.layers, nn.ModuleList)
        return sum(_within(layer, target, memory) for layer in module.layers)
    if type(module) not in (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer):
        raise TypeError(type(module).__name__)
    assert isinstance(module, nn.TransformerEncoderLayer | nn.TransformerDecoderLayer)
    wide = (*target[:-1], module.linear1.out_features)
    total = macs_inside(module.linear1, target) + macs_inside(module.linear2, wide)
    total += _attended(module.self_attn, target, target, target)
    if isinstance(module, nn.TransformerDecoderLayer):
        total += _attended(module.multihead_attn, target, memory, memory)
    return total


KINDS = (
    Family(
        classes=("MultiheadAttention",),
        sources={
            "embed_dim": Source(input=0, name="query"),
            "kdim": Source(input=1, name="key"),
            "vdim": Source(input=2, name="value"),
        },
        formula=_attention_formula,
        axes=_attention_uses,
        unseen=frozenset({(1, 2)}),  # the values take no part in the weights
        smaller=_smaller,
        macs=_attention_macs,
    ),
    Family(
        classes=("TransformerEncoderLayer", "TransformerEncoder"),
        sources={"d_model": Source(name="src")},
        formula=generic_formula,
        axes=_transformer_uses,
        smaller=_smaller,
        macs=_transformer_macs,
    ),
    Family(
        classes=("TransformerDecoderLayer", "TransformerDecoder"),
        sources={"d_model": Source(name="tgt")},
        formula=generic_formula,
        axes=_transformer_uses,
        smaller=_smaller,
        macs=_transformer_macs,
    ),
    Family(
        classes=("Transformer",),
        sources={"d_model": Source(name="src")},
        axes=_transformer_uses,
        smaller=_smaller,
        macs=_transformer_macs,
    ),
)

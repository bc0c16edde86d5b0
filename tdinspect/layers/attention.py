"""Attention and transformer layers: the feature axis is the last one of query, key and value."""

from __future__ import annotations

from torch import nn

from tdinspect.layers.family import Family, Source, generic_formula


def _attention_formula(module: nn.Module) -> str:
    assert isinstance(module, nn.MultiheadAttention)
    e, k, v = module.embed_dim, module.kdim, module.vdim
    weights = f"3*{e}*{e}" if k == v == e else f"{e}*{e} + {k}*{e} + {v}*{e}"
    bias = f" + 3*{e}" if module.in_proj_bias is not None else ""
    out_bias = f" + {e}" if module.out_proj.bias is not None else ""
    extra = f" + 2*{e}" if module.bias_k is not None else ""
    return f"{weights}{bias} + {e}*{e}{out_bias}{extra}"


KINDS = (
    Family(
        classes=("MultiheadAttention",),
        sources={
            "embed_dim": Source(input=0, name="query"),
            "kdim": Source(input=1, name="key"),
            "vdim": Source(input=2, name="value"),
        },
        formula=_attention_formula,
    ),
    Family(
        classes=("TransformerEncoderLayer", "TransformerEncoder"),
        sources={"d_model": Source(name="src")},
        formula=generic_formula,
    ),
    Family(
        classes=("TransformerDecoderLayer", "TransformerDecoder"),
        sources={"d_model": Source(name="tgt")},
        formula=generic_formula,
    ),
    Family(classes=("Transformer",), sources={"d_model": Source(name="src")}),
)

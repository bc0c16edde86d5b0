"""What an empty batch would say of the batch itself: held to what torch gives at the spec's own sizes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tdinspect.domain.report import SpecReport
from tdinspect.pipeline import Request, Source, execute


def run(steps: list[Any], **keys: Any) -> SpecReport:
    [report] = execute(Request("shape", (Source("spec.yaml", json.dumps({"layers": steps, **keys})),))).specs
    return report


@pytest.mark.parametrize(
    ("symbols", "shape", "step"),
    [
        (("B//2", "6"), ["B", 6], {"GLU": {"dim": 0}}),
        (("B//2", "6"), ["B", 6], {"GLU": {"dim": -2}}),
        (("B", "3"), ["B", 6], {"GLU": {"dim": 1}}),
        (("B+2", "T+2"), ["B", "T"], {"ConstantPad2d": {"padding": 1, "value": 0}}),
        (("B", "T+2"), ["B", "T"], {"ConstantPad1d": {"padding": 1, "value": 0}}),
        (("B//4", "2*H", "2*W"), ["B", "H", "W"], {"PixelShuffle": 2}),
        (("4*B", "H//2", "W//2"), ["B", "H", "W"], {"PixelUnshuffle": 2}),
        (("4*B", "(H-1)*(W-1)"), ["B", "H", "W"], {"Unfold": 2}),
        (("B", "12", "(H-1)*(W-1)"), ["B", 3, "H", "W"], {"Unfold": 2}),
        (("B//4", "4", "5"), ["B", "T"], {"Fold": {"output_size": [4, 5], "kernel_size": 2}}),
    ],
)
def test_a_layer_that_changes_the_batch_is_seen_to(symbols: tuple[str, ...], shape: list[Any], step: Any) -> None:
    sizes = {"B": 8, "T": 12, "H": 10, "W": 6}
    report = run([step], input=shape, sizes={name: sizes[name] for name in shape if isinstance(name, str)})
    assert report.ok, report.findings
    assert symbols == report.outputs["output"].symbols


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize(
    "layer", ["TransformerDecoderLayer", "TransformerDecoder", "Transformer", "MultiheadAttention"]
)
def test_attention_over_two_sequences_needs_one_batch(layer: str, batch_first: bool) -> None:
    arguments: dict[str, Any] = {"d_model": 8, "nhead": 2, "batch_first": batch_first}
    inputs = {"a": ["B", "T", 8], "b": ["B", "S", 8]}
    takes = ["a", "b"]
    if layer == "Transformer":
        arguments |= {"num_encoder_layers": 1, "num_decoder_layers": 1}
    if layer == "TransformerDecoder":
        arguments = {"decoder_layer": {"TransformerDecoderLayer": arguments}, "num_layers": 1}
    if layer == "MultiheadAttention":
        arguments, takes = {"embed_dim": 8, "num_heads": 2, "batch_first": batch_first}, ["a", "b", "b"]
    report = run([{layer: arguments, "from": takes}], inputs=inputs, sizes={"B": 2, "T": 5, "S": 7})
    assert batch_first == report.ok
    if not batch_first:
        assert "RuntimeError: " in (report.layers[0].error or "")

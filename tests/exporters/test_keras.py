"""Every spec that has twins of all its layers, as Keras code: run by Keras itself, with equal counts and values."""

from __future__ import annotations

from pathlib import Path

import pytest

from tdinspect.exporters.interface import CannotExport
from tdinspect.importers import read_spec
from tdinspect.pipeline import Request, Source, inspect_source
from tests.exporters.keras_side import differing, keras_text, run_keras
from tests.exporters.test_python import FILES, SMALLER, other_sizes, read

# What Keras has no twin of, and the step that says so.
WITHOUT = {
    "attention_decoder": "recurrent_1 (Recurrent)",
    "bert_base": "arange_1 (arange)",
    "c3d": "pool5 (MaxPool3d)",
    "causal_transformer": "arange_1 (arange)",
    "constants": "z (zeros)",
    "convlstm": "pixelunshuffle_1 (PixelUnshuffle)",
    "copies": "mask (causal_mask)",
    "gpt2": "arange_1 (arange)",
    "loops": "outer (Recurrent)",
    "lrcn": "localresponsenorm_1 (LocalResponseNorm)",
    "mask_rcnn_fpn": "adaptiveavgpool2d_1 (AdaptiveAvgPool2d)",
    "module_arguments": "mask (causal_mask)",
    "frames_in_a_row": "other_way (TimeDistributed)",
    "named_inputs": "multiheadattention_1 (MultiheadAttention)",
    "parts": "all (unbind)",
    "positions_within_the_table": "arange_1 (arange)",
    "recurrent_that_reads_from_outside": "recurrent_1 (Recurrent)",
    "sizes_in_blocks": "z (zeros)",
    "tied_head": "table (parameter)",
    "time_elsewhere": "alone (TimeDistributed)",
    "vit_b16": "class_token (parameter)",
}
TWINS = [path for path in FILES if path.stem not in WITHOUT]
# Counted at the sizes of the spec where that takes little memory; the large ones at those of the values.
LARGE = ("vgg16", "resnet50", "resnet50_lstm", "mask_rcnn_heads", "unet", "seq2seq_attention", "video_classifier")


@pytest.mark.parametrize("path", TWINS, ids=lambda path: path.stem)
def test_keras_computes_what_the_built_model_does(path: Path) -> None:
    spec = read(path, SMALLER.get(path.name))
    assert [] == differing(spec, keras_text(spec), other_sizes(path, spec))


@pytest.mark.parametrize("path", [path for path in TWINS if path.stem not in LARGE], ids=lambda path: path.stem)
def test_keras_counts_what_the_report_says(path: Path) -> None:
    source = Source(path.name, path.read_bytes())
    totals = inspect_source(source, Request("params", (source,))).totals
    assert totals.keras_params == run_keras(keras_text(read(path))).count_params()


@pytest.mark.parametrize("name", WITHOUT)
def test_what_keras_has_no_twin_of_is_named(name: str) -> None:
    path = next(path for path in FILES if path.stem == name)
    with pytest.raises(CannotExport) as caught:
        keras_text(read(path))
    assert caught.value.finding.code == "TD004"
    assert caught.value.finding.message.startswith(f"Keras: {WITHOUT[name]} cannot be exported: ")


def words(text: str) -> list[str]:
    return text.split()


IMAGE, CUBE, LINE, SEQUENCE, FRAMES = "[B, 3, 9, 8]", "[B, 2, 5, 6, 7]", "[B, 4, 9]", "[B, T, 6]", "[B, T, 3, 9, 8]"
LAYERS: list[tuple[str, str]] = [
    *((IMAGE, f"Conv2d: {{out_channels: 6, kernel_size: 3, {more}}}") for more in (
        "padding: 1", "padding: 2", "stride: 2", "stride: [2, 1], padding: [1, 0]", "dilation: 2", "groups: 3",
        "bias: false", "padding: same", "padding: same, dilation: 2")),
    (IMAGE, "Conv2d: {out_channels: 4, kernel_size: [3, 5], padding: [1, 2]}"),
    (LINE, "Conv1d: {out_channels: 5, kernel_size: 3, padding: 1, stride: 2}"),
    (CUBE, "Conv3d: {out_channels: 3, kernel_size: [1, 3, 3], padding: [0, 1, 1]}"),
    (LINE, "ConvTranspose1d: {out_channels: 3, kernel_size: 4, stride: 2, padding: 1}"),
    *((IMAGE, f"ConvTranspose2d: {{out_channels: 5, kernel_size: 3, {more}}}") for more in (
        "stride: 2", "stride: 2, padding: 1, output_padding: 1", "padding: 1, bias: false")),
    *((IMAGE, f"{kind}Pool2d: {{kernel_size: 3, {more}}}") for kind in ("Max", "Avg") for more in (
        "stride: 1", "stride: 2", "stride: 2, padding: 1", "stride: [1, 2]")),
    (IMAGE, "MaxPool2d: {kernel_size: [3, 2], ceil_mode: true}"),
    (LINE, "MaxPool1d: {kernel_size: 2, padding: 1}"), (LINE, "AvgPool1d: 3"), (CUBE, "MaxPool3d: 2"),
    (CUBE, "AvgPool3d: {kernel_size: [1, 2, 2]}"),
    *((shape, f"{kind}: 1") for shape, rank in ((LINE, 1), (IMAGE, 2), (CUBE, 3))
      for kind in (f"AdaptiveAvgPool{rank}d", f"AdaptiveMaxPool{rank}d")),
    (IMAGE, "AdaptiveAvgPool2d: {output_size: [3, 4]}"), (IMAGE, "BatchNorm2d: {eps: 0.01, momentum: 0.3}"),
    (IMAGE, "BatchNorm2d: {affine: false}"), (LINE, "BatchNorm1d"), ("[B, 7]", "BatchNorm1d"), (CUBE, "BatchNorm3d"),
    (SEQUENCE, "LayerNorm"), (SEQUENCE, "LayerNorm: {eps: 0.1, bias: false}"),
    (SEQUENCE, "LayerNorm: {elementwise_affine: false}"), (IMAGE, "LayerNorm: {normalized_shape: [9, 8]}"),
    ("[B, 6, 5, 4]", "GroupNorm: {num_groups: 3}"), (SEQUENCE, "Linear: {out_features: 5, bias: false}"),
    (IMAGE, "Linear: 5"), (SEQUENCE, "Dropout: 0.3"), (IMAGE, "Dropout2d: 0.3"), (IMAGE, "Flatten"),
    (IMAGE, "Flatten: {start_dim: 2}"), (IMAGE, "Unflatten: {dim: 3, unflattened_size: [2, 4]}"),
    *((SEQUENCE, name) for name in words(
        "ReLU ReLU6 Sigmoid Tanh SiLU Mish SELU Softsign Hardsigmoid Hardswish LogSigmoid GELU Softplus Tanhshrink ELU "
        "LeakyReLU Identity Hardtanh")),
    (SEQUENCE, "ELU: 0.5"), (SEQUENCE, "LeakyReLU: 0.3"), (SEQUENCE, "Hardtanh: {min_val: 0, max_val: 2}"),
    (SEQUENCE, "Softmax: -1"), (SEQUENCE, "Softmax: 1"), (IMAGE, "Softmax: 1"), (SEQUENCE, "LogSoftmax: -1"),
    (IMAGE, "Upsample: {scale_factor: 2}"), (IMAGE, "Upsample: {scale_factor: 2, mode: bilinear}"),
    (LINE, "Upsample: {scale_factor: 3}"), (IMAGE, "ZeroPad2d: {padding: [1, 2, 3, 4]}"), (LINE,
    "ConstantPad1d: {padding: [2, 1], value: 0}"),
    *((SEQUENCE, f"{kind}: {{hidden_size: 5, batch_first: true, {more}}}") for kind in ("LSTM", "GRU",
    "RNN") for more in (
        "bias: true", "bidirectional: true", "num_layers: 2", "num_layers: 2, bidirectional: true, bias: false")),
    (SEQUENCE, "RNN: {hidden_size: 5, batch_first: true, nonlinearity: relu}"), ("[T, B, 6]", "LSTM: 5"),
]  # fmt: skip


def check(text: str) -> None:
    parsed = read_spec(text, "layer.yaml", {})
    assert parsed.spec is not None, parsed.findings
    assert [] == [p for p in differing(parsed.spec, keras_text(parsed.spec)) if "says nothing" not in p]


@pytest.mark.parametrize(("shape", "layer"), LAYERS, ids=lambda part: str(part).replace("[", "").replace("]", ""))
def test_a_layer_computes_the_same_in_keras(shape: str, layer: str) -> None:
    time = "time_axis: T\n" if "T" in shape else ""
    check(f"input: {shape}\nsizes: {{B: 2}}\n{time}layers:\n  - {layer}\n")


@pytest.mark.parametrize(
    "layer",
    ["Conv2d: {out_channels: 4, kernel_size: 3, padding: 2}", "MaxPool2d: {kernel_size: 3, padding: 1}",
    "Flatten", "BatchNorm2d",
     "AdaptiveAvgPool2d: 1", "LayerNorm", "flatten: 2", "mean: {dim: [-1, -2]}", "select: {dim: 1, index: 0}",
     "Softmax: 1"],
)  # fmt: skip
def test_a_layer_under_time_distributed_computes_the_same_in_keras(layer: str) -> None:
    more = "- Conv2d: {out_channels: 6, kernel_size: 1}" if "Flatten" in layer else "- ReLU"
    steps = f"  - TimeDistributed:\n      {more}\n      - {layer}\n"
    check(f"input: {FRAMES}\nsizes: {{B: 2}}\ntime_axis: T\nlayers:\n{steps}")


FUNCTIONS = [
    *(f"{{{name}: , from: x}}" for name in words("relu sigmoid tanh silu gelu exp square abs neg sin erf atan")),
    *(f"{{{name}: , from: [x, y]}}" for name in words("add sub mul maximum minimum div")),
    "{add: -2, from: x}", "{mul: 0.5, from: x}", "{pow: 2, from: x}", "{cat: {dim: 1}, from: [x, y]}",
    "{cat: {dim: -1}, from: [x, y]}",
    "{stack: {dim: 1}, from: [x, y]}", "{stack: {dim: -1}, from: [x, y]}", "{stack: , from: [x, y]}",
    "{softmax: 1, from: x}",
    "{log_softmax: -1, from: x}", "{mean: 1, from: x}", "{sum: {dim: [1, 2], keepdim: true}, from: x}",
    "{amax: -1, from: x}",
    "{max: 1, from: x}", "{logsumexp: 2, from: x}", "{transpose: {dim0: 1, dim1: 2}, from: x}",
    "{permute: {dims: [2, 0, 1]}, from: x}",
    "{movedim: {source: 0, destination: 2}, from: x}", "{flatten: 1, from: s}",
    "{reshape: {shape: [$B, -1, 2, 3]}, from: x}",
    "{unflatten: {dim: -1, sizes: [3, 2]}, from: x}", "{unsqueeze: 0, from: x}", "{unsqueeze: -1, from: x}",
    "{select: {dim: 1, index: -1}, from: x}",
    "{narrow: {dim: 1, start: -2, length: 2}, from: x}", "{narrow: {dim: 2, start: 1, length: 3}, from: x}",
    "{chunk: {chunks: 2, dim: 2}, from: x}", "{split: {split_size: [2, 4], dim: 2}, from: x}",
    "{clamp: {min: 0.1}, from: x}",
    "{interpolate: {scale_factor: 2}, from: x}",
    "{pad: {pad: [1, 2, 3, 0]}, from: x}",
    "{pad: {pad: [1, 2], value: 0.5}, from: x}", "{pad: {pad: [1, 2], mode: reflect}, from: x}",
    "{matmul: , from: [x, t]}",
]  # fmt: skip


@pytest.mark.parametrize("step", FUNCTIONS)
def test_a_function_computes_the_same_in_keras(step: str) -> None:
    helper = "- {transpose: {dim0: 1, dim1: 2}, from: y, name: t}\n  " if "t]" in step else ""
    inputs = "inputs: {x: [B, T, 6], y: [B, T, 6], s: [B, 4, 6]}\nsizes: {B: 2, T: 5}\ntime_axis: T\n"
    linear = "- {Linear: 6, from: s, name: used}\n  "
    check(f"{inputs}layers:\n  {linear}{helper}- {step[:-1]}, name: result}}\noutputs: [result, used]\n")


SEQ = "input: [B, T, 8]\ntime_axis: T\nlayers:\n"
REFUSED = {
    "it takes another axis for the batch than the model has": f"{SEQ}  - LSTM: 4\n",
    "nothing reads what it gives, and a Keras model leaves such a layer out": (
        f"{SEQ}  - {{Linear: 4, name: idle}}\n  - {{Linear: 4, from: input}}\n"
    ),
    "it works along the batch, which Keras keeps apart": (
        "input: [T, B]\ntime_axis: T\nlayers:\n  - Linear: {in_features: 2, out_features: 4}\n"
    ),
    "it merges the batch with another axis, or takes it apart": f"{SEQ}  - flatten: {{end_dim: 1}}\n",
    "Keras has no strides together with dilation": (
        "input: [B, 3, 9, 9]\nlayers:\n  - Conv2d: {out_channels: 4, kernel_size: 3, stride: 2, dilation: 2}\n"
    ),
    "its states are read, and its step names none in `as`": (
        f"{SEQ}  - {{Sequential: [{{LSTM: {{hidden_size: 4, batch_first: true}}}}], as: [_, [h, _]]}}\n"
        "  - {Linear: 3, from: h}\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("reason", REFUSED)
def test_what_would_be_another_model_in_keras_is_refused(reason: str) -> None:
    parsed = read_spec(REFUSED[reason], "refused.yaml", {})
    assert parsed.spec is not None, parsed.findings
    with pytest.raises(CannotExport) as caught:
        keras_text(parsed.spec)
    assert caught.value.finding.message.endswith(reason)


def test_a_symbol_that_weights_follow_is_a_number_in_keras() -> None:
    check("input: [B, T, H]\nsizes: {H: 6}\ntime_axis: T\nlayers:\n  - Linear: 4\n")
    conv = "  - Conv1d: {out_channels: 4, kernel_size: 3}\n"
    check(f"input: [B, C, H]\nsizes: {{H: 6, C: 4}}\nlayers:\n{conv}  - GroupNorm: 2\n")


def test_names_that_keras_gives_by_itself_are_left_to_it() -> None:
    check(
        "inputs: {x: [B, 8], dense: [B, 8]}\nlayers:\n  - {Linear: 8, from: x, name: activation}\n  - ReLU\n"
        "  - {add: , from: [relu_1, dense]}\n  - {Linear: 8, name: add}\n  - {Linear: 8, name: x_1}\n"
    )

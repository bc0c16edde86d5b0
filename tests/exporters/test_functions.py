"""Every tensor function of the language, exported and run beside the built one."""

from __future__ import annotations

import pytest

from tdinspect.building.functions import FUNCTIONS
from tdinspect.importers import read_spec
from tests.exporters.sameness import differences, exported_text

INPUTS = (
    "x: [B, T, 8], y: [B, T, 8], z: [B, 4, T], m: [8, 8], v: [8], i: {shape: [B, T, 8], dtype: int64, high: 3}, "
    "ids: {shape: [4], dtype: int64, high: 8}, image: [B, 4, 6, 6], volume: [B, 2, 4, 4, 4], "
    "b: {shape: [B, T, 8], dtype: bool}, grid: [B, 3, 3, 2], t: [B, 8, T]"
)
X, XY, M, V, Z, IMAGE, VOLUME = ("x",), ("x", "y"), ("m",), ("v",), ("z",), ("image",), ("volume",)
Case = tuple[str, tuple[str, ...], str]  # the function, its inputs, its constants


def words(text: str) -> list[str]:
    return text.split()


CASES: list[Case] = [
    *((name, X, "") for name in words(
        "relu relu6 leaky_relu elu selu celu gelu silu mish softplus softsign sigmoid logsigmoid tanh hardtanh "
        "hardsigmoid hardswish glu normalize layer_norm rms_norm abs neg sign floor ceil round square exp expm1 erf "
        "sin cos tan atan detach zeros_like ones_like squeeze mean sum prod std var norm amax amin argmax argmin sort "
        "argsort median diff flatten")),
    *((name, XY, "") for name in words("add sub rsub mul div remainder maximum minimum atan2 pairwise_distance cdist "
      "cosine_similarity eq ne lt le gt ge")),
    *((name, X, "{dim: -1}") for name in words("softmax softmin log_softmax cumsum cumprod logcumsumexp logsumexp")),
    *((name, X, "{dim: 1, keepdim: true}") for name in words(
        "mean sum prod std var norm amax amin argmax argmin max min median logsumexp")),
    *((name, X, "{keepdim: true}") for name in ("mean", "sum", "amax", "std")),
    *((name, ("x",), "2") for name in ("add", "sub", "rsub", "mul", "div", "remainder", "pow", "gt", "full_like",
    "roll")),
    *((name, ("positive",), "") for name in ("sqrt", "rsqrt", "reciprocal", "log", "log1p", "log2")),
    *((name, M, "") for name in ("tril", "triu", "diagonal")),
    *((name, ("b", "c"), "") for name in ("logical_and", "logical_or")),
    *((name, ("b",), constants) for name in ("any", "all") for constants in ("", "{dim: 1}")),
    *((name, ("m", "m"), "") for name in ("matmul", "mm", "inner")),
    *((f"{kind}_pool1d", Z, "2") for kind in ("avg", "max", "adaptive_avg", "adaptive_max")),
    *((f"{kind}_pool2d", IMAGE, constants) for kind in ("avg", "max") for constants in ("2",
    "{kernel_size: [3, 2], stride: 1}")),
    *((f"{kind}_pool2d", IMAGE, "{output_size: [3, null]}") for kind in ("adaptive_avg", "adaptive_max")),
    *((f"{kind}_pool3d", VOLUME, "2") for kind in ("avg", "max", "adaptive_avg", "adaptive_max")),
    ("logical_not", ("b",), ""), ("pow", ("positive", "y"), ""), ("lerp", XY, "{weight: 0.3}"), ("lerp", ("x",
    "y", "positive"), ""),
    ("clamp", X, "{min: -0.5, max: 0.5}"), ("clamp", X, "{max: 0.1}"), ("round", X, "{decimals: 1}"),
    ("div", XY, "{rounding_mode: floor}"), ("cat", XY, "{dim: -1}"), ("stack", XY, ""), ("chunk", X,
    "{chunks: 2, dim: 2}"),
    ("split", X, "{split_size: [3, 5], dim: 2}"), ("split", X, "{split_size: 4, dim: 2}"), ("unbind", X, "2"),
    ("select", X, "{dim: 1, index: -1}"), ("narrow", X, "{dim: 2, start: 1, length: 3}"),
    ("unfold", X, "{dimension: 2, size: 3, step: 2}"), ("diagonal", X, "{dim1: 1, dim2: 2}"), ("gather", ("x",
    "i"), "{dim: 1}"),
    ("take_along_dim", ("x", "i"), "{dim: 1}"), ("index_select", ("x", "ids"), "{dim: 2}"),
    ("scatter_add", ("x", "i", "y"), "{dim: 1}"), ("permute", X, "{dims: [2, 0, 1]}"), ("transpose", X,
    "{dim0: 1, dim1: 2}"),
    ("swapaxes", X, "{axis0: 1, axis1: 2}"), ("movedim", X, "{source: 2, destination: 0}"),
    ("moveaxis", X, "{source: [0, 1], destination: [1, 0]}"), ("reshape", X, "{shape: [$B, -1, 4]}"),
    ("flatten", X, "{end_dim: 1}"), ("flatten", X, "1"), ("unflatten", X, "{dim: -1, sizes: [2, -1]}"),
    ("squeeze", ("thin",), "1"), ("unsqueeze", X, "-1"), ("expand", ("thin",), "{shape: [-1, 3, -1, -1]}"),
    ("broadcast_to", V, "{size: [$T, 8]}"), ("tile", X, "{dims: [2, 1]}"), ("repeat_interleave", X,
    "{repeats: 2, dim: 1}"),
    ("roll", X, "{shifts: [1, 2], dims: [1, 2]}"), ("flip", X, "{dims: [1]}"), ("pad", X, "{pad: [1, 0]}"),
    ("pad", X, "{pad: [1, 2], mode: constant, value: 0.5}"), ("pixel_shuffle", IMAGE, "2"),
    ("pixel_unshuffle", IMAGE, "2"),
    ("diag_embed", V, ""), ("tril", M, "1"), ("triu", M, "{diagonal: -1}"), ("where", ("b", "x", "y"), ""),
    ("where", ("b", "x"), "{other: 0.5}"), ("masked_fill", ("x", "b"), "0.5"), ("one_hot", ("i",), "3"),
    ("to", ("i",), "{dtype: float64}"), ("bmm", ("x", "t"), ""), ("mv", ("m", "v"), ""), ("dot", ("v", "v"), ""),
    ("outer", ("v", "v"), ""), ("addmm", ("m", "m", "m"), "{alpha: 2}"), ("baddbmm", ("square", "x", "t"),
    "{beta: 0.5}"),
    ("einsum", ("x", "m"), "'bti,ij->btj'"), ("scaled_dot_product_attention", ("x", "y", "x"), "{is_causal: true}"),
    ("embedding", ("i", "m"), ""), ("topk", X, "3"), ("sort", X, "{descending: true, dim: 1}"), ("argsort", X,
    "{dim: 1}"),
    ("diff", X, "{dim: 1}"), ("layer_norm", X, "{normalized_shape: 8, eps: 0.1}"), ("rms_norm", X,
    "{normalized_shape: [8]}"),
    ("group_norm", IMAGE, "2"), ("normalize", X, "{p: 1, dim: -1}"), ("gelu", X, "{approximate: tanh}"),
    ("glu", X, "2"),
    ("leaky_relu", X, "0.2"), ("softplus", X, "{beta: 2}"), ("hardtanh", X, "{min_val: -2, max_val: 0.5}"),
    ("interpolate", Z, "{size: [7], mode: linear}"), ("interpolate", IMAGE,
    "{scale_factor: [2, 1.5], mode: bilinear, align_corners: true}"),
    ("interpolate", IMAGE, "{scale_factor: 2}"), ("grid_sample", ("image", "grid"), "{align_corners: true}"),
    ("avg_pool1d", Z, "{kernel_size: 2, stride: 1, padding: 1}"), ("cosine_similarity", XY, "{dim: 1}"),
    ("cdist", XY, "{p: 1}"),
    ("norm", X, "{p: 1}"), ("roll", X, "{shifts: 1, dims: 1}"),
]  # fmt: skip
HELPERS = {
    "positive": "- {abs: , from: x, name: a0}\n  - {add: 0.1, name: positive}",
    "c": "- {logical_not: , from: b, name: c}",
    "thin": "- {unsqueeze: 1, from: x, name: thin}",
    "square": "- {bmm: , from: [x, t], name: square}",
}


def spec_text(function: str, inputs: tuple[str, ...], constants: str) -> str:
    helpers = "".join(f"\n  {HELPERS[name]}" for name in inputs if name in HELPERS)
    step = f"- {{{function}: {constants}, from: [{', '.join(inputs)}], name: result, as: [part]}}"
    tuples = ("max", "min", "topk", "sort", "median", "chunk", "split", "unbind")
    step = step if function in tuples else step.replace(", as: [part]", "")
    outputs = "[result, part]" if function in tuples else "[result]"
    return (
        f"inputs: {{{INPUTS}}}\nsizes: {{B: 2, T: 6}}\ntime_axis: T\nlayers:{helpers}\n  {step}\noutputs: {outputs}\n"
    )


def test_the_table_has_every_function() -> None:
    assert {*FUNCTIONS} == {function for function, _, _ in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[2]} of {' '.join(case[1])}")
def test_a_function_gives_what_the_built_one_gives(case: Case) -> None:
    parsed = read_spec(spec_text(*case), "function.yaml", {})
    assert parsed.spec is not None, parsed.findings
    problems = differences(parsed.spec, exported_text(parsed.spec))
    assert [] == [problem for problem in problems if "say nothing" not in problem]

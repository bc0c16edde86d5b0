"""Formulas of sizes, held to real walks at sizes that they were not found from; a number where there is none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tdinspect.building.check import check_operations
from tdinspect.domain.report import LayerRow, SpecReport
from tdinspect.formats.words import row_notes
from tdinspect.importers import read_spec
from tdinspect.pipeline import Request, Source, execute
from tdinspect.running.assemble import assemble, assemble_again

SIZES = {"B": 2, "T": 24, "H": 36, "W": 48}
IMAGE, SEQUENCE, SIGNAL = ["B", 4, "H", "W"], ["B", "T", 8], ["B", 8, "T"]
VIDEO = ["B", "T", 3, "H", "W"]
CONV = {"out_channels": 8, "kernel_size": 3}
STRIDED = {"Conv1d": {"out_channels": 16, "kernel_size": 9, "stride": 4}}
# The symbols that come out, the input, the steps.
TABLE: list[tuple[tuple[str, ...], list[Any], list[Any]]] = [
    (("B", "8", "(H+1)//2", "(W+1)//2"), IMAGE, [{"Conv2d": CONV | {"stride": 2, "padding": 1}}]),
    (("B", "4", "H//2+1", "W//2+1"), IMAGE,
     [{"MaxPool2d": {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}}]),
    (("B", "4", "3*(H//3)", "3*(W//3)"), IMAGE, [{"MaxPool2d": 3}, {"Upsample": {"scale_factor": 3}}]),
    (("B", "4", "3*H//2", "3*W//2"), IMAGE, [{"Upsample": {"scale_factor": 1.5}}]),
    (("B", "36", "(H-2)*(W-2)"), IMAGE, [{"Unfold": 3}]),
    (("B", "36", "((H-1)//2)*((W-1)//2)"), IMAGE, [{"Unfold": {"kernel_size": 3, "stride": 2}}]),
    (("B", "64", "(H//4)*(W//4)"), IMAGE, [{"Unfold": {"kernel_size": 4, "stride": 4}}]),
    (("B", "1024", "(H//16)*(W//16)"), IMAGE, [{"Unfold": {"kernel_size": 16, "stride": 16}}]),
    (("B", "4*H*W"), IMAGE, ["Flatten"]),
    (("B", "8*(H-2)*(W-2)"), IMAGE, [{"Conv2d": CONV}, "Flatten"]),
    (("B", "8", "((H-1)//2)*((W-1)//2)"), IMAGE, [{"Conv2d": CONV | {"stride": 2}}, {"Flatten": 2}]),
    (("B", "4*H", "W"), IMAGE, [{"reshape": {"shape": ["$B", -1, "$W"]}}]),
    (("B", "4", "H", "W"), IMAGE,
     [{"chunk": {"chunks": 2, "dim": 2}, "as": ["a", "b"]}, {"cat": {"dim": 2}, "from": ["a", "b"]}]),
    (("B", "4", "H//2-1", "W", "4"), IMAGE, [{"unfold": {"dimension": 2, "size": 4, "step": 2}}]),
    (("B", "T", "6"), SEQUENCE, [{"LSTM": {"hidden_size": 6, "batch_first": True}}]),
    (("B", "T", "8"), SEQUENCE, [{"TransformerEncoderLayer": {"nhead": 2, "batch_first": True}}]),
    (("2*B", "T", "4"), SEQUENCE,
     [{"reshape": {"shape": ["$B", "$T", 2, 4]}}, {"transpose": {"dim0": 1, "dim1": 2}}, {"flatten": {"end_dim": 1}}]),
    (("B", "T//2", "16"), SEQUENCE, [{"reshape": {"shape": ["$B", "$(T//2)", 16]}}]),
    (("B", "T//2", "16"), SEQUENCE, [{"reshape": {"shape": ["$B", -1, 16]}}]),
    (("B", "16", "H//4", "W"), IMAGE,
     [{"unflatten": {"dim": 2, "sizes": [4, -1]}}, {"flatten": {"start_dim": 1, "end_dim": 2}}]),
    (("B", "8", "T"), SEQUENCE, ["Flatten", {"unflatten": {"dim": 1, "sizes": [8, -1]}}]),
    (("B", "T//2", "16"), SEQUENCE, ["Flatten", {"unflatten": {"dim": 1, "sizes": [-1, 16]}}]),
    (("B", "16", "T"), SIGNAL,
     [{"Upsample": {"scale_factor": 2}}, "Flatten", {"unflatten": {"dim": 1, "sizes": [16, -1]}}]),
    (("B", "4", "T//4", "8"), SEQUENCE, [{"unflatten": {"dim": 1, "sizes": [4, -1]}}]),
    (("B", "8", "(T+1)//2"), SIGNAL, [{"Conv1d": {"out_channels": 8, "kernel_size": 9, "stride": 2, "padding": 4}}]),
    (("B", "4", "(5*T-3)//2"), SIGNAL,
     [{"ConvTranspose1d": {"out_channels": 4, "kernel_size": 3, "stride": 5}},
      {"Conv1d": {"out_channels": 4, "kernel_size": 3, "stride": 2}}]),
    (("B", "T", "4", "((H-1)//4)*((W-1)//4)"), VIDEO,
     [{"TimeDistributed": [{"Conv2d": {"out_channels": 4, "kernel_size": 3, "stride": 2}}, {"MaxPool2d": 2},
                           {"Flatten": 2}]}]),
    (("B", "T", "3*H*W"), VIDEO, [{"flatten": {"start_dim": 2}}]),
    (("B", "16*((T-5)//4)"), SIGNAL, [STRIDED, {"reshape": {"shape": ["$B", -1]}}]),
    (("B", "16*((T-5)//4)"), SIGNAL, [STRIDED, "Flatten"]),
    (("B", "8*((T-5)//4)", "2"), SIGNAL, [STRIDED, {"reshape": {"shape": ["$B", "$(8*((T-5)//4))", -1]}}]),
    (("B", "4", "2*((3*T-3)//5)"), ["B", 4, "T"],
     [{"ConvTranspose1d": {"out_channels": 4, "kernel_size": 5, "stride": 3}}, {"MaxPool1d": 5},
      {"Upsample": {"scale_factor": 2}}, {"Conv1d": {"out_channels": 4, "kernel_size": 3}}]),
    # One symbol on an axis that a layer keeps and on one that it makes shorter.
    (("B", "H", "H//2"), ["B", "H", "H"], [{"AvgPool1d": 2}]),
    (("B", "W", "(H-1)//2", "(W-1)//2"), ["B", "W", "H", "W"], [{"MaxPool2d": {"kernel_size": 3, "stride": 2}}]),
    (("B", "H", "H+1"), ["B", "H", "H"], [{"ConstantPad1d": {"padding": [2, -1], "value": 0}}]),
]  # fmt: skip


def text_of(shape: list[Any], steps: list[Any], **keys: Any) -> str:
    sizes = {name: SIZES[name] for name in shape if isinstance(name, str)}
    time = {"time_axis": "T"} if "T" in shape else {}
    return json.dumps({"input": shape, "layers": steps, "sizes": sizes} | time | keys)


def run(shape: list[Any], steps: list[Any]) -> SpecReport:
    [report] = execute(Request("shape", (Source("spec.yaml", text_of(shape, steps)),))).specs
    return report


@pytest.mark.parametrize(("symbols", "shape", "steps"), TABLE, ids=[f"{c[0]}" for c in TABLE])
def test_a_formula_is_what_a_person_would_write(symbols: tuple[str, ...], shape: list[Any], steps: list[Any]) -> None:
    report = run(shape, steps)
    assert report.ok, report.findings
    assert symbols == report.outputs["output"].symbols


@pytest.mark.parametrize("times", [2, 3, 5])
@pytest.mark.parametrize(("symbols", "shape", "steps"), TABLE, ids=[f"{c[0]}" for c in TABLE])
def test_a_formula_holds_at_other_sizes(
    symbols: tuple[str, ...], shape: list[Any], steps: list[Any], times: int
) -> None:
    parsed = read_spec(text_of(shape, steps), "spec.yaml", {})
    assert parsed.spec is not None
    spec = check_operations(parsed.spec, ()).spec
    first = assemble(spec)
    sizes = {name: size * times + 4 * i for i, (name, size) in enumerate(first.world.sizes.items())}
    again = assemble_again(spec, replace(first, world=replace(first.world, sizes=sizes)))
    assert again.model is not None
    assert first.trace.outputs["output"].shape(sizes) == again.trace.outputs["output"].shape(sizes)


@pytest.mark.parametrize(
    ("symbols", "steps"),
    [
        (("B", "4", "H//12", "12", "W"), [{"unflatten": {"dim": 2, "sizes": [-1, 12]}}]),
        (("B", "4", "H//12", "12", "W//16", "16"),
         [{"reshape": {"shape": ["$B", 4, "$(H//12)", 12, "$(W//16)", 16]}}]),
        (("B", "(H//12)*(W//16)", "768"),
         [{"reshape": {"shape": ["$B", 4, "$(H//12)", 12, "$(W//16)", 16]}}, {"permute": {"dims": [0, 2, 4, 1, 3, 5]}},
          {"flatten": 3}, {"flatten": {"start_dim": 1, "end_dim": 2}}]),
        (("B", "576", "H//12", "W//12"), [{"PixelUnshuffle": 12}]),
        (("B", "576", "H//12", "W//12"), [{"pixel_unshuffle": {"downscale_factor": 12}}]),
    ],
)  # fmt: skip
def test_what_takes_multiples_only_keeps_its_symbols(symbols: tuple[str, ...], steps: list[Any]) -> None:
    assert symbols == run(IMAGE, steps).outputs["output"].symbols


def notes(row: LayerRow) -> list[str]:
    return ["".join(text for text, _ in spans) for spans in row_notes(row)]


def test_a_size_without_a_formula_is_a_number_and_said_so() -> None:
    report = run(IMAGE, [{"diagonal": {"dim1": 2, "dim2": 3}}])
    assert ("B", "4", "36") == report.outputs["output"].symbols
    assert "axis 2 follows H, by no simple formula: shown as a number" in notes(report.layers[0])


def test_a_fraction_that_is_rounded_gives_a_number() -> None:
    report = run(IMAGE, [{"Upsample": {"scale_factor": 0.7}}])
    assert ("B", "4", "25", "33") == report.outputs["output"].symbols
    assert "axis 2 follows H, by no simple formula: shown as a number" in notes(report.layers[0])


def test_a_size_that_follows_the_image_is_told() -> None:
    steps = [{"Conv2d": CONV | {"padding": 1}}, {"MaxPool2d": 4}, "Flatten", {"Linear": 5}]
    linear = run(IMAGE, steps).layers[-1]
    assert {"in_features": 864} == linear.inferred
    assert "in_features = 8*(H//4)*(W//4): this model takes one H and one W only" in notes(linear)

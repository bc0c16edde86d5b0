"""At which sizes a model runs: held to real walks of the built model at the smallest, the next, and those outside."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tdinspect.building.check import check_operations
from tdinspect.domain.spec import ModelSpec
from tdinspect.importers import read_spec
from tdinspect.running.assemble import Assembly, assemble, assemble_again
from tdinspect.running.ranges import ranges_of

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.yaml"))


def built(text: str) -> tuple[ModelSpec, Assembly]:
    parsed = read_spec(text, "spec.yaml", {})
    assert parsed.spec is not None, parsed.findings
    spec = check_operations(parsed.spec, ()).spec
    return spec, assemble(spec)


def ranges(shape: Any, *steps: Any, **keys: Any) -> dict[str, dict[str, int]]:
    found = {"input": shape, "layers": list(steps)} | keys
    spec, assembly = built(json.dumps({key: value for key, value in found.items() if value is not None}))
    assert assembly.model is not None, assembly.findings
    return ranges_of(spec, assembly)


def runs(spec: ModelSpec, assembly: Assembly, symbol: str, size: int) -> bool:
    world = replace(assembly.world, sizes={**assembly.world.sizes, symbol: size})
    again = assemble_again(spec, replace(assembly, world=world))
    shapes = [info.shape(world.sizes) for record in again.trace.layers for info in record.outputs]
    return again.model is not None and all(0 not in shape for shape in shapes)


CONV = {"out_channels": 4, "kernel_size": 3}
DOWN_UP = [{"MaxPool2d": 2, "name": "down"}, {"ConvTranspose2d": {"out_channels": 4, "kernel_size": 2, "stride": 2}}]


@pytest.mark.parametrize(
    ("expected", "shape", "steps"),
    [
        ({"min": 1, "step": 1}, ["B", 3, "H", 9], [{"Conv2d": CONV | {"padding": 1}}]),
        ({"min": 3, "step": 1}, ["B", 3, "H", 9], [{"Conv2d": CONV}]),
        ({"min": 5, "step": 1}, ["B", 3, "H", 19], [{"Conv2d": CONV}, {"Conv2d": CONV | {"stride": 2}}, "ReLU"]),
        ({"min": 2, "step": 2}, ["B", 3, "H", 8], [*DOWN_UP, {"cat": {"dim": 1}, "from": ["input", -1]}]),
        ({"min": 3, "step": 1}, ["B", 3, "H", 9], [{"ReflectionPad2d": 2}]),
        ({"min": 4, "step": 4}, ["B", "H", 8], [{"unflatten": {"dim": 1, "sizes": [-1, 4]}}]),
        ({"min": 9, "step": 3}, ["B", "H", 8], [{"unflatten": {"dim": 1, "sizes": [3, -1]}}, {"Conv2d": CONV}]),
        ({"min": 5, "step": 1}, ["B", "H", 8], [{"narrow": {"dim": 1, "start": 2, "length": 3}}]),
        ({"min": 2, "step": 2}, ["B", 3, "H", 8], [{"PixelUnshuffle": 2}]),
        ({"min": 1, "step": 1}, ["B", "H", 8], [{"LSTM": {"hidden_size": 3, "batch_first": True}}]),
        ({"min": 1, "step": 1}, ["B", "H", 8], [{"TransformerEncoderLayer": {"nhead": 2, "batch_first": True}}]),
        (None, ["B", "H", 8], ["Flatten", {"Linear": 5}]),
        (None, ["B", "H", 8], ["Flatten", {"Linear": {"in_features": 96, "out_features": 5}}]),
    ],
)
def test_a_smallest_size_and_a_step(expected: Any, shape: list[Any], steps: list[Any]) -> None:
    steps = [step if not (isinstance(step, dict) and "from" in step) else _named(step) for step in steps]
    found = ranges(shape, *steps, sizes={"H": 12}, batch_axis="B")
    assert expected == found.get("H")
    assert {"min": 1, "step": 1} == found["B"]


def _named(step: dict[str, Any]) -> dict[str, Any]:
    return step | {"from": ["input", "convtranspose2d_1"]}


def test_a_residual_holds_its_sizes_together() -> None:
    residual = {"Residual": [{"MaxPool2d": 4}, {"Upsample": {"scale_factor": 4}}]}
    assert {"min": 4, "step": 4} == ranges(["B", 3, "H", 8], residual, sizes={"H": 16})["H"]


def test_a_table_of_places_has_an_end() -> None:
    places = {"name": "places", "Embedding": {"num_embeddings": 20, "embedding_dim": 8}, "from": "arange_1"}
    steps = [{"arange": {"end": "$T"}}, places, {"add": None, "from": ["input", "places"]}]
    assert {"min": 1, "step": 1, "max": 20} == ranges(["B", "T", 8], *steps, sizes={"T": 5})["T"]


def test_a_batch_that_is_halved_comes_in_pairs() -> None:
    assert {"min": 2, "step": 2} == ranges(["B", 6], {"GLU": {"dim": 0}}, sizes={"B": 4})["B"]


def test_a_model_that_fails_has_no_ranges() -> None:
    text = json.dumps({"input": ["B", 3], "layers": [{"Linear": {"in_features": 4, "out_features": 2}}]})
    assert {} == ranges_of(*built(text))


def test_nothing_is_changed_by_looking() -> None:
    spec, assembly = built(json.dumps({"input": ["B", "T", 4], "layers": [{"Linear": 4}, {"Dropout": 0.5}]}))
    assert assembly.model is not None
    before = [module.training for module in assembly.model.modules()]
    ranges_of(spec, assembly)
    assert before == [module.training for module in assembly.model.modules()]
    assert dict(assembly.world.sizes) == {name: assembly.world.run.sizes[name] for name in assembly.world.sizes}


def a_step(random: Random) -> Any:
    kernel, stride = random.choice([1, 2, 3, 4, 5]), random.choice([1, 1, 2, 3])
    window = {"kernel_size": kernel, "stride": stride}
    return random.choice(
        [
            {"Conv1d": {"out_channels": 4, "padding": random.choice([0, kernel // 2])} | window},
            {"ConvTranspose1d": {"out_channels": 4} | window},
            {"MaxPool1d": {"ceil_mode": random.random() < 0.3} | window},
            {"AvgPool1d": window},
            {"Upsample": {"scale_factor": random.choice([2, 3])}},
            {"ReflectionPad1d": random.choice([1, 2])},
            {"Residual": [{"MaxPool1d": 2}, {"Upsample": {"scale_factor": 2}}]},
            {"Residual": [{"Conv1d": {"out_channels": 4, "kernel_size": 3, "padding": 1}}]},
        ]
    )


@pytest.mark.parametrize("seed", range(25))
def test_every_size_of_a_range_runs_in_models_drawn_at_random(seed: int) -> None:
    random = Random(seed)
    steps = [a_step(random) for _ in range(random.randint(1, 5))]
    if seed % 3 == 0:
        steps += ["Flatten", {"unflatten": {"dim": 1, "sizes": [random.choice([2, 4, 8]), -1]}}]
    sizes = {"H": random.choice([24, 30, 32])}
    spec, assembly = built(json.dumps({"input": ["B", 4, "H"], "sizes": sizes, "layers": steps, "batch_axis": "B"}))
    if assembly.model is None:
        assert ranges_of(spec, assembly) == {}
        return
    limits = ranges_of(spec, assembly).get("H")
    real = {size for size in range(1, 49) if runs(spec, assembly, "H", size)}
    said = set() if limits is None else set(range(limits["min"], 49, limits["step"]))
    assert said <= real
    assert limits is not None or real == {sizes["H"]}


@pytest.mark.parametrize("file", SPECS, ids=[file.stem for file in SPECS])
def test_every_spec_runs_at_its_smallest_sizes_and_not_below(file: Path) -> None:
    spec, assembly = built(file.read_text())
    for symbol, limits in ranges_of(spec, assembly).items():
        low, step = limits["min"], limits["step"]
        assert runs(spec, assembly, symbol, low), (symbol, low)
        assert runs(spec, assembly, symbol, low + 3 * step), (symbol, low + 3 * step)
        assert low <= step or not runs(spec, assembly, symbol, low - step), (symbol, low - step)
        if step > 1:
            assert not runs(spec, assembly, symbol, low + step + 1), (symbol, low + step + 1)
        if "max" in limits:
            assert runs(spec, assembly, symbol, limits["max"]), (symbol, limits)
            assert not runs(spec, assembly, symbol, limits["max"] + step), (symbol, limits)


def test_what_gives_as_many_parts_as_there_are_steps_fixes_their_number() -> None:
    assert {"B": {"min": 1, "step": 1}} == ranges(["B", "T", 4], {"unbind": 1}, time_axis="T")

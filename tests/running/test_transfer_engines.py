"""The engines give the same shapes, and a model far beyond memory is looked at in little of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from math import prod
from pathlib import Path

import pytest
from torch import nn

from tdinspect.building.check import check_operations
from tdinspect.building.tensor_function import Run
from tdinspect.domain.size import Size
from tdinspect.domain.spec import ModelSpec
from tdinspect.domain.trace import Axis, TensorInfo, Trace
from tdinspect.importers import read_spec
from tdinspect.pipeline import Request, Source, execute
from tdinspect.running.assemble import Assembly, assemble
from tdinspect.running.call import World
from tdinspect.running.choice import choose
from tdinspect.running.engine import FULL, META, Engine
from tdinspect.running.full import run_in_full

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.yaml"))
NAMES = [file.stem for file in SPECS]
SMALL = 1 << 26  # numbers in all tensors that a real pass may make


def spec_of(file: Path) -> ModelSpec:
    parsed = read_spec(file.read_text(), file.name, {})
    assert parsed.spec is not None, parsed.findings
    return check_operations(parsed.spec, ()).spec


def shapes(trace: Trace) -> list[tuple[str, list[str]]]:
    return [(record.name, [str(axis.size) for info in record.outputs for axis in info.axes]) for record in trace.layers]


def numbers(assembly: Assembly) -> int:
    sizes = assembly.world.sizes
    made = (prod(info.shape(sizes)) for record in assembly.trace.layers for info in record.outputs)
    return sum(made) + sum(p.count for record in assembly.trace.layers for p in record.parameters)


@pytest.mark.parametrize("file", SPECS, ids=NAMES)
def test_the_meta_device_gives_the_formulas_of_an_empty_batch(file: Path) -> None:
    spec = spec_of(file)
    quick, meta = assemble(spec), assemble(spec, device="meta")
    if quick.model is None:  # a mistake may pass on meta
        pytest.skip("the spec is meant to fail")
    assert shapes(quick.trace) == shapes(meta.trace)


@pytest.mark.parametrize("file", SPECS, ids=NAMES)
def test_a_real_pass_gives_the_shapes_of_an_empty_batch(file: Path) -> None:
    spec = spec_of(file)
    quick = assemble(spec, initialise=True)
    if quick.model is None or numbers(quick) > SMALL:
        pytest.skip("too much for a test, or meant to fail")
    real = run_in_full(spec, quick)  # raises where they disagree
    assert real.model is not None


HUGE = [
    {"input": ["B", 1_000_000], "layers": [{"Linear": 1_000_000}]},
    {"input": ["B", 100_000, 32, 32], "layers": [{"Conv2d": {"out_channels": 1_000_000, "kernel_size": 3}}]},
    {"input": ["B", "T", 500_000], "sizes": {"T": 512}, "time_axis": "T",
     "layers": [{"LSTM": {"hidden_size": 100_000, "batch_first": True}}]},
    {"input": ["B", "T", 65536], "sizes": {"T": 512}, "time_axis": "T",
     "layers": [{"TransformerEncoder": {"num_layers": 24, "encoder_layer": {"TransformerEncoderLayer": {
         "nhead": 64, "dim_feedforward": 262_144, "batch_first": True}}}}]},
]  # fmt: skip
LOOK = r"""
import json, re, sys
from tdinspect.pipeline import Request, Source, execute
report = execute(Request("shape", (Source("s.yaml", sys.argv[1]),), device=sys.argv[2])).specs[0]
assert report.ok, report.findings
peak = re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())
print(report.totals.params, int(peak[1]) // 1024)
"""


@pytest.mark.parametrize("device", ["auto", "meta"])
@pytest.mark.parametrize("spec", HUGE, ids=["linear", "conv", "lstm", "encoder"])
def test_a_model_beyond_memory_is_looked_at_in_half_a_gibibyte(spec: object, device: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK, json.dumps(spec), device], capture_output=True, text=True, timeout=60, check=False
    )
    assert 0 == done.returncode, done.stderr
    params, mebibytes = map(int, done.stdout.split())
    assert params > 200_000_000_000
    assert mebibytes < 512


@pytest.mark.parametrize("device", ["auto", "meta"])
@pytest.mark.parametrize("layer", ["LSTM", "GRU", "RNN"])
def test_a_million_steps_are_not_walked(layer: str, device: str) -> None:
    arguments = {"hidden_size": 8, "num_layers": 3, "bidirectional": True, "batch_first": True}
    spec = {"input": ["B", "T", 4], "sizes": {"T": 1_000_000}, "time_axis": "T", "layers": [{layer: arguments}]}
    request = Request("shape", (Source("s.yaml", json.dumps(spec)),), device="meta" if device == "meta" else "auto")
    execute(request)  # what the first use imports is not what is measured
    started = time.perf_counter()
    [report] = execute(request).specs
    assert ("B", "T", "16") == report.outputs["output"].symbols
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("engine", "module", "shape"),
    [
        (FULL, nn.Conv2d(3, 16, 3), (3, 256, 256)),
        (FULL, nn.ReLU(), (64, 128, 128)),
        (FULL, nn.Linear(4096, 10), (100, 4096)),
        (META, nn.Conv2d(64, 128, 3), (64, 256, 256)),  # billions of multiply-adds
        (META, nn.ReLU(), (64, 512, 512)),
        (META, nn.LSTM(64, 8), (3000, 64)),
    ],
)
def test_one_sample_alone_runs_for_real_where_that_takes_milliseconds(
    engine: Engine, module: nn.Module, shape: tuple[int, ...]
) -> None:
    """The first operation on the meta device imports for half a second."""
    info = TensorInfo(tuple(Axis(Size.number(size)) for size in shape))
    assert engine == choose(module, (info,), World({}, None, Run({})))

"""Containers that are copied, shared or fed in unusual ways, and modules that misbehave; each once went wrong."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tdinspect.domain.report import Command, SpecReport
from tdinspect.pipeline import Request, Source, execute

HEAD = "inputs: {x: [B, T, 8], y: [B, T, 8]}\ntime_axis: T\n"
JOIN = "{TimeDistributed: [{cat: {dim: -1}, from: [x, y]}, {Linear: 8}], from: [x, y], name: r"
LOOP = "Recurrent: {state: {h: [8]}, layers: [{add: , from: [x, h]}, {Linear: 8, name: h2}], next: {h: h2}}"
PAIR = "input: [B, 8]\nblocks: {A: {inputs: [x, y], layers: [{add: , from: [x, y]}, {Linear: 8}]}}\n"


def report(text: str, command: Command = "shape", device: Any = "cpu", allow: tuple[str, ...] = ()) -> SpecReport:
    """What is said of a spec; on ``cpu`` the built model is run for real as well, and held to the shapes."""
    request = Request(command, (Source("x.yaml", text.encode()),), device=device, allow_import=allow)
    return execute(request).specs[0]


@pytest.mark.parametrize(
    ("steps", "params"),
    [
        (f"{JOIN}, repeat: 2}}", 2 * 136),
        (f"{JOIN}}}, {{share: r, from: [r, y]}}", 136),
        (f"{JOIN}, repeat: 2}}, {{share: r, from: [r, y]}}", 2 * 136),
        (f"{{{LOOP}, from: x, name: q}}, {{share: q}}", 72),
    ],
)
def test_a_copy_and_a_shared_use_see_their_inputs_under_the_first_names(steps: str, params: int) -> None:
    spec = report(f"{HEAD}layers: [{steps}]")
    assert ((), params) == (spec.findings, spec.totals.params)


def test_a_shared_block_takes_its_inputs_in_order_or_by_name() -> None:
    first = "{A: , from: [input, input], name: a}"
    spec = report(f"{PAIR}layers: [{first}, {{share: a, from: [a, input]}}, {{share: a, from: {{x: a, y: input}}}}]")
    assert ((), 72) == (spec.findings, spec.totals.params)


@pytest.mark.parametrize("source", ["", ", from: [a, a, a]", ", from: {x: a}", ", from: {x: a, z: a}"])
def test_a_shared_block_with_other_inputs_is_a_finding(source: str) -> None:
    spec = report(f"{PAIR}layers: [{{A: , from: [input, input], name: a}}, {{share: a{source}}}]")
    assert ["TD006"] == [finding.code for finding in spec.findings]


def test_a_state_starts_from_its_own_shape() -> None:
    start = "{Linear: 1, name: l}, {select: {dim: 1, index: 0}, name: i0}"
    loop = (
        "{Recurrent: {state: {h: [16]}, initial: {h: i0}, layers: [{add: , from: [l, h]}], next: {h: add_1}}, from: l}"
    )
    (finding,) = report(f"input: [B, T, 8]\ntime_axis: T\nlayers: [{start}, {loop}]").findings
    assert ("TD003", True) == (finding.code, "(B, 16)" in finding.message and "(B, 1)" in finding.message)


@pytest.mark.parametrize(
    "step", ["zeros: {shape: [$(2**40), $(2**40)]}", "parameter: {shape: [4294967296, 4294967296, 8]}"]
)
def test_a_tensor_too_large_for_any_memory_is_a_limit_passed(step: str) -> None:
    assert ["TD008"] == [finding.code for finding in report(f"input: [B, 8]\nlayers: [{{{step}}}]").findings]


def test_a_model_that_no_memory_holds_is_looked_at_and_not_run() -> None:
    text = "input: [B, 10]\nlayers: [{Linear: 1000000}, {Linear: 1000000}]"
    assert report(text, device="auto").ok
    (finding,) = report(text).findings
    assert ("TD008", True) == (finding.code, "--device cpu" in finding.message)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is that of Linux")
def test_weights_beyond_what_memory_is_left_are_none_at_all() -> None:
    import resource  # not on every system

    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + 3 * 2**30, hard))
    try:
        spec = report("input: [B, 16384]\nlayers: [{Linear: 16384, repeat: 5}]", device="auto")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert ((), 5 * (16384 * 16384 + 16384)) == (spec.findings, spec.totals.params)


@pytest.mark.parametrize("command", ["shape", "compare"])
def test_a_module_that_asks_python_to_end_is_a_finding_and_prints_nothing_here(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    code = "from torch import nn\nclass Out(nn.Module):\n def forward(self, x):\n  print('out'); raise SystemExit(0)\n"
    (tmp_path / "endsnets.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    text = "input: [B, T, 8]\ntime_axis: T\nlayers: [endsnets.Out]"
    spec = report(text, command, "auto", ("endsnets",))
    assert ["TD101"] == [finding.code for finding in spec.findings]
    assert "" == capfd.readouterr().out


@pytest.mark.parametrize(
    "layers",
    [
        "TimeDistributed: {mode: loop, layers: [{Conv1d: {out_channels: 4, kernel_size: 3}}, Flatten]}",
        "TimeDistributed: {mode: chunk, chunk_size: 2, layers: [{LSTM: {hidden_size: 4, batch_first: true}}]}",
        "TimeDistributed: {mode: loop, layers: [{Conv1d: {out_channels: 6, kernel_size: 3}, name: c}, {share: c}]}",
        "TimeDistributed: {mode: loop, layers: [{TimeDistributed: {time_axis: 1, layers: [{Linear: 3}]}}]}",
        "Recurrent: {state: {h: [6, 8]}, next: {h: h2}, layers: [{Linear: 8, name: l}, {unsqueeze: 1}, "
        "{share: l}, {squeeze: 1, name: s}, {add: , from: [s, h], name: h2}]}",
    ],
)
def test_a_real_pass_confirms_what_runs_a_few_steps_at_a_time(layers: str) -> None:
    text = f"input: [B, T, 6, 8]\nsizes: {{T: 5}}\ntime_axis: T\nlayers: [{{{layers}, from: [input]}}]"
    spec, quick = report(text), report(text, device="auto")
    assert ((), quick.layers, quick.outputs) == (spec.findings, spec.layers, spec.outputs)


def test_what_raises_on_values_in_a_loop_is_a_finding() -> None:
    inputs = "inputs: {i: {shape: [B, T, 3], dtype: int64, high: 9}}\nsizes: {T: 400}\ntime_axis: T\n"
    table = "{Embedding: {num_embeddings: 9, embedding_dim: 4}}"
    spec = report(f"{inputs}layers: [{{TimeDistributed: {{mode: loop, layers: [{{add: {{other: 1}}}}, {table}]}}}}]")
    assert ["TD101"] == [finding.code for finding in spec.findings]
    assert "IndexError" in spec.findings[0].message

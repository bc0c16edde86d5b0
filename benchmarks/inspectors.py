"""``tdinspect shape`` beside the other inspectors on three models, and what its time does not depend on.

``python -m benchmarks.inspectors``: every row is a whole process beside ``python -c "import torch"``, in turn, and the
medians of their ratios. A number that a tool prints is right when it is that of ``benchmarks.inspected.truth``, which
is held to sums done by hand. A tool that is not installed is left out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from benchmarks.inspected import INPUTS, TOOLS, Answer
from benchmarks.startup import IMPORT_TORCH, PYTHON, ROOT, TDINSPECT, machine, measure, write

START, END = "<!-- inspectors: start -->", "<!-- inspectors: end -->"
WALL_GOAL, MEMORY_GOAL = 1.10, 1.15
SPECS = Path("benchmarks/specs")
NEEDS = {"torchinfo": "torchinfo", "torchview": "torchview", "fvcore": "fvcore", "Keras": "keras"}
# A multiply-add for every weight and place. ResNet-50's is torchvision's published number, at 128 frames.
BY_HAND = {
    "folded_cnn_lstm": 32 * 64 * 64 * 16 * (3 * 3 * 3) + 32 * 4 * 128 * (16 * 32 * 32 + 128) + 32 * 128 * 10,
    "resnet50_per_frame": 128 * 4_089_184_256,
    "transformer_encoder": 24 * (2 * 512 * (4 * 1024**2 + 2 * 1024 * 4096) + 2 * 2 * 512**2 * 1024),
}


def rows(name: str, pairs: int, peer_pairs: int) -> list[str]:
    """The table lines of one model, ours first."""
    expected: Answer = json.loads(_output([*PYTHON, "-m", "benchmarks.inspected", "truth", name]))
    if expected["macs"] != BY_HAND[name]:
        raise SystemExit(f"{name}: the counter says {expected['macs']}, arithmetic {BY_HAND[name]}")
    spec = [*TDINSPECT, "shape", str(SPECS / f"{name}.yaml")]
    lines = [_row(name, "**tdinspect shape**", spec, pairs, _ours(spec), expected)]
    for tool in [tool for tool in TOOLS if tool != "truth"]:
        if any(tool.startswith(start) and find_spec(module) is None for start, module in NEEDS.items()):
            print(f"{tool} is not installed", file=sys.stderr)
            continue
        command = [*PYTHON, "-m", "benchmarks.inspected", tool, name]
        lines.append(_row(name, tool, command, peer_pairs, json.loads(_output(command)), expected))
    return lines


def _ours(spec: Sequence[str]) -> Answer:
    [report] = json.loads(_output([*spec, "--format", "json"]))["specs"]
    totals = report["totals"]
    return {"params": totals["params"], "macs": totals["macs"], "output": report["outputs"]["output"]["shape"]}


def _row(name: str, tool: str, command: Sequence[str], pairs: int, said: Answer, expected: Answer) -> str:
    wall, memory, seconds = ratios(command, pairs)
    goals = (WALL_GOAL, MEMORY_GOAL) if tool.startswith("**") else (None, None)
    judged = [
        _shape(said.get("output"), expected["output"]),
        _number(said.get("params"), expected["params"] if tool != "Keras 3" else None),
        _number(said.get("macs"), expected["macs"]),
    ]
    cells = [name, tool, _held(wall, goals[0]), _held(memory, goals[1]), f"{seconds:.1f}", *judged]
    line = f"| {' | '.join(cells)} |"
    print(line, flush=True)
    return line


def ratios(command: Sequence[str], pairs: int) -> tuple[float, float, float]:
    """Medians over the pairs: wall and peak memory over those of importing torch, and the seconds."""
    measure(IMPORT_TORCH)
    measure(command)
    measured = [(measure(IMPORT_TORCH), measure(command)) for _ in range(pairs)]
    wall = statistics.median(our.seconds / other.seconds for other, our in measured)
    memory = statistics.median(our.mib / other.mib for other, our in measured)
    return wall, memory, statistics.median(our.seconds for _, our in measured)


def _held(ratio: float, goal: float | None) -> str:
    return f"{ratio:.2f}" if goal is None else f"{ratio:.2f} ({'ok' if ratio <= goal else 'over'}, goal {goal:.2f})"


def _shape(said: list[int] | None, expected: list[int]) -> str:
    if said is None:
        return "not printed"
    return "right" if said == expected else f"wrong: {tuple(said)}"


def _number(said: int | None, expected: int | None) -> str:
    """A difference below 1 % comes of what is counted beside the products (biases, norms): shown, not called wrong."""
    if said is None:
        return "not printed"
    if expected is None:
        return f"{said:,} in its own layers"
    if said == expected:
        return "right"
    off = 100 * (said / expected - 1)
    return f"{said:,} ({off:+.2f} %)" if abs(off) < 1 else f"**wrong**: {said:,}"


def scaling(pairs: int, folder: Path) -> list[str]:
    """What the time grows with, and what it does not: the same ratios for sizes and depths far apart."""
    video = [*TDINSPECT, "shape", str(SPECS / "folded_cnn_lstm.yaml")]
    long = folder / "long.yaml"
    long.write_text("input: [B, 1000000, 64]\nlayers:\n  - LSTM: {hidden_size: 256, batch_first: true}\n")
    cases = {
        "the CNN and LSTM at B=1, T=2": [*video, "--set", "B=1", "--set", "T=2"],
        "the CNN and LSTM at B=4,096, T=100,000": [*video, "--set", "B=4096", "--set", "T=100000"],
        "an LSTM at T=1,000,000": [*TDINSPECT, "shape", str(long)],
    }
    for layers in (100, 1_000, 10_000):
        deep = folder / f"deep_{layers}.yaml"
        deep.write_text("input: [B, 16]\nlayers:\n" + "  - Linear: 16\n  - ReLU\n" * (layers // 2))
        cases[f"{layers:,} layers"] = [*TDINSPECT, "shape", str(deep)]
    lines = ["| case | wall ratio | memory ratio | seconds |", "| --- | ---: | ---: | ---: |"]
    for case, command in cases.items():
        wall, memory, seconds = ratios(command, pairs)
        lines.append(f"| {case} | {wall:.2f} | {memory:.2f} | {seconds:.2f} |")
        print(lines[-1], flush=True)
    return lines


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Measure, print as it goes, and with ``--write`` renew the tables in the README beside this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=15, help="pairs of processes for tdinspect (default 15)")
    parser.add_argument("--peer-pairs", type=int, default=3, help="pairs of processes for the others (default 3)")
    parser.add_argument("--write", action="store_true", help="renew the tables in README.md")
    options = parser.parse_args()
    lines = [
        f"{options.pairs} pairs for tdinspect, {options.peer_pairs} for the others. {machine()}.",
        "",
        "| model | tool | wall ratio | memory ratio | seconds | output shape | parameters | multiply-adds |",
        "| --- | --- | ---: | ---: | ---: | --- | --- | --- |",
    ]
    print("\n".join(lines), flush=True)
    for name in INPUTS:
        lines += rows(name, options.pairs, options.peer_pairs)
    with tempfile.TemporaryDirectory() as folder:
        lines += ["", *scaling(max(options.pairs // 3, 1), Path(folder))]
    if options.write:
        write(lines, START, END)


if __name__ == "__main__":
    main()

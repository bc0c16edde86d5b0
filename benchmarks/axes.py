"""``compare`` and ``axes`` of a CNN of 50 layers for each frame and an LSTM, beside one real forward pass of it.

``python -m benchmarks.axes`` prints a line for each command and one for both. Every side is a whole process, so one
``import torch`` is in each; the sides run in turn.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.startup import TDINSPECT, measure

STAGE = """\
      - Sequential:
          - Conv2d: {{out_channels: {c}, kernel_size: 3, padding: 1}}
          - BatchNorm2d
          - ReLU
        repeat: 8
"""
SPEC = f"""\
input: [B, T, 3, 64, 64]
sizes: {{B: 2, T: 8}}
time_axis: T
layers:
  - TimeDistributed:
{STAGE.format(c=32)}      - MaxPool2d: 2
{STAGE.format(c=64)}      - AdaptiveAvgPool2d: 1
      - Flatten
  - LSTM: {{hidden_size: 64, batch_first: true}}
  - Linear: 10
"""
FORWARD = """\
import torch
from torch import nn

def stage(before, c):
    layers = []
    for _ in range(8):
        layers += [nn.Conv2d(before, c, 3, padding=1), nn.BatchNorm2d(c), nn.ReLU()]
        before = c
    return layers

with torch.no_grad():
    cnn = nn.Sequential(*stage(3, 32), nn.MaxPool2d(2), *stage(32, 64), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    frames = cnn(torch.randn(2, 8, 3, 64, 64).flatten(0, 1)).unflatten(0, (2, 8))
    nn.Linear(64, 10)(nn.LSTM(64, 64, batch_first=True)(frames)[0])
"""


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=9)
    pairs = parser.parse_args().pairs
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "deep.yaml"
        spec.write_text(SPEC, encoding="utf-8")
        sides = {
            "forward": [sys.executable, "-c", FORWARD],
            "compare": [*TDINSPECT, "compare", str(spec)],
            "axes": [*TDINSPECT, "axes", str(spec)],
        }
        for command in sides.values():
            measure(command)  # once unmeasured, so that every file is in the cache
        runs = [{name: measure(command) for name, command in sides.items()} for _ in range(pairs)]
    for names in (("compare",), ("axes",), ("compare", "axes")):
        wall = statistics.median(sum(run[name].seconds for name in names) / run["forward"].seconds for run in runs)
        memory = statistics.median(max(run[name].mib for name in names) / run["forward"].mib for run in runs)
        seconds = statistics.median(sum(run[name].seconds for name in names) for run in runs)
        print(f"| `{'` and `'.join(names)}` | {wall:.2f} | {memory:.2f} | {seconds:.2f} s |")


if __name__ == "__main__":
    main()

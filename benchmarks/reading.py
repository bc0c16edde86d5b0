"""Reading a long spec beside PyYAML's own C reader, and many specs inspected in one process.

``python benchmarks/reading.py`` prints two lines of a table; both sides of a ratio run in turn in the same process.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import yaml

from tdinspect._startup import import_torch_fast
from tdinspect.domain.report import SpecReport
from tdinspect.importers import read_spec
from tdinspect.pipeline import Request, Source, inspect_source

STEP = "  - Conv2d: {{out_channels: {c}, kernel_size: 3, padding: 1}}\n  - BatchNorm2d\n  - ReLU:\n    name: act{i}\n"


def long_spec(lines: int) -> str:
    """A plain spec of so many lines."""
    text = "input: [B, 3, 32, 32]\nlayers:\n"
    return text + "".join(STEP.format(c=8 + i % 56, i=i) for i in range(lines // 4))


def spec_of_200_lines(number: int) -> str:
    """A video model with blocks and residuals; sizes differ from spec to spec, so that nothing is known before."""
    width = 8 + number % 40
    head = f"""\
input: [B, T, 3, {32 + 4 * (number % 9)}, 32]
time_axis: T
vars: {{w: {width}}}
blocks:
  Down:
    params: {{c: 8, stride: 1}}
    layers:
      - Residual:
          layers:
            - Conv2d: {{out_channels: $c, kernel_size: 3, stride: $stride, padding: 1}}
            - BatchNorm2d
            - ReLU
          shortcut:
            - Conv2d: {{out_channels: $c, kernel_size: 1, stride: $stride}}
      - ReLU
layers:
  - TimeDistributed:
      - Down: {{c: $w, stride: 2}}
      - Down: {{c: $(w + {number % 7})}}
"""
    body = "".join(
        f"      - Conv2d:\n          out_channels: {width + i % 5}\n          kernel_size: 3\n          padding: 1\n"
        "      - BatchNorm2d\n      - ReLU\n"
        for i in range(28)
    )
    tail = f"""\
      - AdaptiveAvgPool2d: 1
      - Flatten
  - LSTM: {{hidden_size: {16 + number % 11}, batch_first: true}}
  - LayerNorm
  - Dropout: 0.1
  - Linear: {2 + number % 13}
"""
    text = head + body + tail
    return text + "# \n" * (200 - text.count("\n"))


def seconds(call: Callable[[], object]) -> float:
    """Processor time of one call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def reading(pairs: int) -> tuple[float, float]:
    """The median time of ``read_spec`` on 20,000 lines, in seconds, and its median ratio to CSafeLoader."""
    text = long_spec(20_000)
    times, ratios = [], []
    for _ in range(pairs):
        plain = seconds(lambda: yaml.load(text, Loader=yaml.CSafeLoader))
        own = seconds(lambda: read_spec(text, "long.yaml"))
        times.append(own)
        ratios.append(own / plain)
    return statistics.median(times), statistics.median(ratios)


def inspecting(specs: int) -> float:
    """Milliseconds for one spec of 200 lines, read, checked, built and inspected; torch is imported before."""
    import_torch_fast()
    import torch

    torch.set_num_threads(1)
    request = Request("shape", ())
    sources = [Source(f"{i}.yaml", spec_of_200_lines(i).encode()) for i in range(specs)]
    inspect_source(sources[0], request)
    reports: list[SpecReport] = []
    spent = seconds(lambda: reports.extend(inspect_source(source, request) for source in sources))
    assert all(report.ok for report in reports)
    return spent / specs * 1000


def main() -> None:
    """Print the two rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--specs", type=int, default=1000)
    options = parser.parse_args()
    own, ratio = reading(options.pairs)
    print(f"| reading a spec of 20,000 lines / PyYAML's CSafeLoader on it | {ratio:.2f} | {own:.2f} s |")
    print(f"| one of {options.specs:,} specs of 200 lines, read and inspected | | {inspecting(options.specs):.1f} ms |")


if __name__ == "__main__":
    main()

"""Whole processes side by side: ``tdinspect shape`` beside ``python -c "import torch"``, which no such tool can beat.

Each row is a number of pairs, measured in turn (A B A B ...) in one run; the ratio is the median of the pairs' ratios.
Wall time is from start to exit, memory the child's peak as the system counted it. That count begins at the peak of the
process that started it (this one), so a child that stays below is shown as "-": its own peak is not known.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = Path(__file__).with_name("README.md")
START, END = "<!-- measured: start -->", "<!-- measured: end -->"
WALL_TARGET, MEMORY_TARGET = 1.08, 1.12
# Peak memory comes in KiB, on macOS in bytes.
MIB = 1024 * 1024 if sys.platform == "darwin" else 1024

PYTHON = [sys.executable]
TDINSPECT = [str(Path(sys.executable).with_name("tdinspect"))]
IMPORT_TORCH = [*PYTHON, "-c", "import torch"]
NOTHING = [*PYTHON, "-c", "pass"]
SPECS = ("conv2d_wrapped", "lstm_kept_step", "attention_sequence", "video_classifier")


@dataclass(frozen=True)
class Row:
    """One line of the table: what is measured, beside what, and whether it has a target."""

    label: str
    command: Sequence[str]
    beside: Sequence[str]
    beside_label: str
    target: bool


@dataclass(frozen=True)
class Cost:
    """One process: wall seconds and peak MiB."""

    seconds: float
    mib: float


ROWS = (
    *(
        Row(f"shape {name}", [*TDINSPECT, "shape", f"specs/{name}.yaml"], IMPORT_TORCH, "import torch", True)
        for name in SPECS
    ),
    Row("--help", [*TDINSPECT, "--help"], NOTHING, "pass", False),
    Row("--version", [*TDINSPECT, "--version"], NOTHING, "pass", False),
)


def measure(command: Sequence[str], folder: Path = ROOT) -> Cost:
    """Run one process in a folder to its end; raises CalledProcessError when it fails."""
    start = time.perf_counter()
    child = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)  # already waited for: Popen must not wait again
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, list(command))
    return Cost(seconds, usage.ru_maxrss / MIB)


def measure_row(row: Row, pairs: int) -> str:
    """One table line of medians; a pair more runs first, unmeasured, so that every file is in the cache."""
    measure(row.beside)
    measure(row.command)
    measured = [(measure(row.beside), measure(row.command)) for _ in range(pairs)]
    others, ours = zip(*measured, strict=True)
    wall = _median(our.seconds / other.seconds for other, our in measured)
    memory = _median(our.mib / other.mib for other, our in measured)
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    known = min(cost.mib for cost in (*others, *ours)) > floor
    cells = [
        f"`{row.label}`",
        f"`{row.beside_label}`",
        _ratio(wall, WALL_TARGET if row.target else None),
        _ratio(memory, MEMORY_TARGET if row.target else None) if known else "-",
        f"{_median(cost.seconds for cost in ours):.3f} / {_median(cost.seconds for cost in others):.3f}",
        f"{_median(cost.mib for cost in ours):.0f} / {_median(cost.mib for cost in others):.0f}" if known else "-",
    ]
    return f"| {' | '.join(cells)} |"


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)


def _ratio(value: float, target: float | None) -> str:
    if target is None:
        return f"{value:.2f}"
    return f"{value:.3f} ({'ok' if value <= target else 'over'}, target {target:.2f})"


def machine() -> str:
    """The machine and the versions, in one line."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        cpu = names[0] if names else cpu
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "typer", "rich", "PyYAML", "tdinspect"))
    return f"{cpu}, {os.cpu_count()} cores, {platform.system()}; Python {platform.python_version()}, {versions}"


def main() -> None:
    """Measure, print as it goes, and with ``--write`` renew the table in the README beside this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=15, help="pairs of processes for each row (default 15)")
    parser.add_argument("--write", action="store_true", help=f"renew the table in {README.name}")
    options = parser.parse_args()
    if options.pairs < 1:
        parser.error("--pairs must be 1 or more")

    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        print(line, flush=True)

    say(f"{options.pairs} pairs a row. {machine()}.")
    say("")
    say("| `tdinspect ...` | beside `python -c` | wall ratio | memory ratio | seconds | peak MiB |")
    say("| --- | --- | --- | --- | --- | --- |")
    for row in ROWS:
        say(measure_row(row, options.pairs))
    if options.write:
        write(lines)


def write(lines: Sequence[str], start: str = START, end: str = END) -> None:
    """Put the lines between the README's markers. Raises ValueError where they are not there."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(start)
    _, after = rest.split(end)
    README.write_text("\n".join([before + start, *lines, end + after]), encoding="utf-8")


if __name__ == "__main__":
    main()

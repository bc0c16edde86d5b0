"""``tdinspect check`` on a thousand specs, as whole processes: nothing changed, all changed, one worker and two.

check-jsonschema (with tdinspect's own schema) and yamllint read the same files in the same run: they look at the text,
tdinspect builds and runs every model. ``--write`` renews the table in the README beside this file.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.many_specs import write_specs
from benchmarks.startup import IMPORT_TORCH, README, ROOT, TDINSPECT, Cost, machine, measure, write

START, END = "<!-- checked: start -->", "<!-- checked: end -->"
CACHED_SECONDS, SPEC_MS, SPEEDUP, MEMORY = 0.4, 10.0, 1.7, 1.5
_YAMLLINT = "{extends: relaxed, rules: {line-length: disable}}"


class Bench:
    """A folder with the specs, and the commands on it."""

    def __init__(self, folder: Path, specs: int, runs: int) -> None:
        self.folder, self.specs, self.runs = folder, specs, runs
        self._revision = 0
        self.renew()

    def renew(self) -> None:
        """Every spec gets another text."""
        self._revision += 1
        write_specs(self.folder / "specs", self.specs, self._revision)

    def costs(self, command: Sequence[str], before: Callable[[], None] | None = None) -> Cost:
        """The medians of some runs of one command; ``before`` makes things ready for each, and is not measured."""
        found = []
        for _ in range(self.runs):
            if before is not None:
                before()
            found.append(measure(command, self.folder))
        return Cost(statistics.median(c.seconds for c in found), statistics.median(c.mib for c in found))


def imports_torch(folder: Path) -> bool:
    """Whether a check on this folder imports torch."""
    code = "import sys; from tdinspect.cli import main; main(['check']); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, encoding="utf-8", check=True)
    return done.stdout.splitlines()[-1] == "True"


def rows(bench: Bench) -> list[str]:
    """The lines of the table."""
    check = [*TDINSPECT, "check"]
    torch = bench.costs(IMPORT_TORCH)
    one = bench.costs([*check, "--jobs", "1"], bench.renew)
    two = bench.costs([*check, "--jobs", "2"], bench.renew)
    measure(check, bench.folder)
    cached = bench.costs(check)
    each = (one.seconds - torch.seconds) / bench.specs * 1000
    never = "never imported" if not imports_torch(bench.folder) else "IMPORTED"
    n = f"{bench.specs:,}"
    lines = [
        f"| nothing changed: `check` on {n} specs | {cached.seconds:.2f} s, {cached.mib:.0f} MiB, torch {never} "
        f"| {_goal(cached.seconds <= CACHED_SECONDS, f'at most {CACHED_SECONDS} s')} |",
        f"| all changed, `--jobs 1` | {one.seconds:.1f} s: {each:.1f} ms a spec and one `import torch` "
        f"| {_goal(each <= SPEC_MS, f'at most {SPEC_MS:.0f} ms a spec')} |",
        f"| all changed, `--jobs 2` | {two.seconds:.1f} s: {one.seconds / two.seconds:.2f} times faster "
        f"| {_goal(one.seconds / two.seconds >= SPEEDUP, f'at least {SPEEDUP} times')} |",
        f"| the largest of its processes | {two.mib:.0f} MiB: {two.mib / torch.mib:.2f} of `import torch` "
        f"| {_goal(two.mib / torch.mib <= MEMORY, f'at most {MEMORY}')} |",
        f"| `import torch` | {torch.seconds:.2f} s, {torch.mib:.0f} MiB | |",
    ]
    return lines + _peers(bench)


def _peers(bench: Bench) -> list[str]:
    files = sorted(str(path.relative_to(bench.folder)) for path in (bench.folder / "specs").rglob("*.yaml"))
    subprocess.run([*TDINSPECT, "schema", "--output", "schema.json"], cwd=bench.folder, check=True)
    commands = {
        "check-jsonschema": ["check-jsonschema", "--schemafile", "schema.json", *files],
        "yamllint": ["yamllint", "-d", _YAMLLINT, "specs"],
    }
    lines = []
    for name, (program, *arguments) in commands.items():
        path = shutil.which(program, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
        if path is None:
            lines.append(f"| {name} on the same files | not installed | |")
            continue
        cost = bench.costs([path, *arguments])
        lines.append(f"| {name} on the same files | {cost.seconds:.1f} s, {cost.mib:.0f} MiB | |")
    return lines


def _goal(reached: bool, words: str) -> str:
    return f"{words} ({'ok' if reached else 'over'})"


def main() -> None:
    """Measure, print the table, and with ``--write`` renew the one in the README."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--specs", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3, help="runs of each command; the median counts (default 3)")
    parser.add_argument("--write", action="store_true", help=f"renew the table in {README.name}")
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TDINSPECT_CACHE_DIR"] = str(Path(folder, "cache"))
        bench = Bench(Path(folder), options.specs, options.runs)
        lines = [f"Medians of {options.runs} runs. {machine()}.", "", "| what | measured | goal |"]
        lines += ["| --- | --- | --- |", *rows(bench)]
    print("\n".join(lines))
    if options.write:
        write(lines, START, END)


if __name__ == "__main__":
    main()

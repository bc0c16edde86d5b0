"""TimeDistributed beside a fold written by hand, beside other wrappers, and what each mode costs in memory.

Times are of a forward pass without gradients, on one thread. The two sides of a row are timed in turn (A B B A is a
pair) in one process on the same input and the same weights; the ratio is the median of the pairs' ratios, and the
spread the middle half of them. Short work is repeated until a sample takes some milliseconds.

A peer's own wrapper is used where it can be imported; where not, its way of doing it, written anew in ``peers.py`` and
marked so. Ours counts as slower than a peer when the whole middle half of the ratios is above 1.01: a difference that
the noise hides, or that is below a hundredth, is none.

Run it from the root of the repository, ``python -m benchmarks.time_distributed``, with whichever peers are installed.

Memory is the peak of what torch's CPU allocator gave out during the call, above what was there before it, from the
profiler's record of every allocation: exact, and the same each time (a process's own peak is not: it depends on what
the process freed before).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.peers import PEERS
from tdinspect import TimeDistributed

Call = Callable[..., Any]
SAMPLE_SECONDS = 0.01
MIB = 1024 * 1024
LEVEL = 1.01  # up to here neither is slower


@dataclass(frozen=True)
class Work:
    """What is run at each step: the module, the shape of a step, some (B, T), the goal beside hand-written."""

    name: str
    module: nn.Module
    step: tuple[int, ...]
    sizes: tuple[tuple[int, int], ...]
    goal: float | None
    inputs: int = 1

    @property
    def vectors(self) -> bool:
        """Whether a step is one vector: all that some wrappers can do."""
        return len(self.step) == 1 and self.inputs == 1

    def tensors(self, b: int, t: int, device: str = "cpu") -> tuple[Tensor, ...]:
        """The inputs, (B, T, ...) each."""
        return tuple(torch.rand(b, t, *self.step, device=device) for _ in range(self.inputs))


def works() -> list[Work]:
    """A convolution of useful size, the smallest useful layer, and something between."""
    mlp = nn.Sequential(nn.Linear(64, 128), nn.LayerNorm(128), nn.GELU(), nn.Linear(128, 64))
    small, many = ((2, 5), (8, 16), (32, 64)), ((1, 16), (4, 4), (4, 16))
    return [
        Work("Conv2d(64, 64, 3) at 28x28", nn.Conv2d(64, 64, 3, padding=1), (64, 28, 28), many, 1.05),
        Work("Linear(8, 8)", nn.Linear(8, 8), (8,), small, 1.6),
        Work("Bilinear(8, 8, 8), two inputs", nn.Bilinear(8, 8, 8), (8,), small[:2], 1.6, inputs=2),
        Work("MLP of 64 with LayerNorm", mlp, (64,), small, None),
    ]


# --- measuring ---


@dataclass(frozen=True)
class Ratio:
    """Ours over theirs: the median of the pairs, the middle half, and the seconds of a call on either side."""

    median: float
    low: float
    high: float
    ours: float
    theirs: float


def compare(ours: Call, theirs: Call, x: tuple[Tensor, ...], pairs: int) -> Ratio:
    """Time both on ``x`` in turn, each pair as A B B A: what drifts meanwhile falls on both alike."""
    torch.testing.assert_close(ours(*x), theirs(*x), rtol=1e-3, atol=2e-3)  # a GPU may multiply in TF32
    repeat = max(1, math.ceil(SAMPLE_SECONDS / max(seconds(ours, x, 3), 1e-7)))
    for call in (theirs, ours):
        seconds(call, x, repeat)  # everything in the cache
    measured = []
    for _ in range(pairs):
        first, second = seconds(theirs, x, repeat), seconds(ours, x, repeat)
        third, fourth = seconds(ours, x, repeat), seconds(theirs, x, repeat)
        measured.append(((second + third) / 2, (first + fourth) / 2))
    low, median, high = statistics.quantiles([mine / other for mine, other in measured], n=4)
    mine, other = (statistics.median(side) for side in zip(*measured, strict=True))
    return Ratio(median, low, high, mine, other)


def seconds(call: Call, x: tuple[Tensor, ...], repeat: int) -> float:
    """The mean seconds of one call among ``repeat``; a GPU's work is waited for."""
    wait = torch.cuda.synchronize if x[0].is_cuda else bool
    wait()
    start = time.perf_counter()
    for _ in range(repeat):
        call(*x)
    wait()
    return (time.perf_counter() - start) / repeat


def peak_mib(run: Callable[[], object]) -> float:
    """The most that torch's CPU allocator held during ``run`` above what it held before, in MiB."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        run()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profile.export_chrome_trace(str(path))
        events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    changes = sorted((e["ts"], e["args"]["Bytes"]) for e in events if e.get("name") == "[memory]")
    held = peak = 0
    for _, change in changes:
        held += change
        peak = max(peak, held)
    return peak / MIB


# --- the tables ---


def by_hand(module: nn.Module) -> Call:
    """What people write in their own forward: no checks, nothing but tensors."""

    def one(x: Tensor) -> Any:
        return module(x.flatten(0, 1)).unflatten(0, x.shape[:2])

    def two(x: Tensor, y: Tensor) -> Any:
        return module(x.flatten(0, 1), y.flatten(0, 1)).unflatten(0, x.shape[:2])

    return two if isinstance(module, nn.Bilinear) else one


def speed_rows(pairs: int) -> Iterator[str]:
    """Fold mode beside the hand-written fold and beside each peer."""
    for work in works():
        for b, t in work.sizes:
            x = work.tensors(b, t)
            beside: list[tuple[str, Call, float | None]] = [("by hand", by_hand(work.module), work.goal)]
            for peer in PEERS:
                if (work.vectors or not peer.vectors_only) and (work.inputs == 1 or peer.several):
                    beside.append((*peer.wrap(work.module), LEVEL))
            for name, call, goal in beside:
                ratio = compare(TimeDistributed(work.module), call, x, pairs)
                yield row(f"{work.name}, ({b}, {t})", name, *cells(ratio, goal, strict=name == "by hand"))


def mode_rows(device: str, pairs: int) -> Iterator[str]:
    """Fold beside the loop, on one device: what the fold is for."""
    for work in (*works(), Work("small CNN", small_cnn(), (3, 64, 64), ((1, 16), (8, 16)), None)):
        module = work.module.to(device)
        for b, t in work.sizes[-2:]:
            x = work.tensors(b, t, device)
            ratio = compare(TimeDistributed(module), TimeDistributed(module, mode="loop"), x, pairs)
            yield row(f"{work.name}, ({b}, {t}), {device}", 'mode="loop"', *cells(ratio, None, strict=False))


def large_rows(pairs: int) -> Iterator[str]:
    """Each mode beside the loop of Keras where activations are large: what a fold is not for, on a CPU."""
    keras = next(peer for peer in PEERS if peer.name == "Keras 3")
    module = small_cnn()
    for b, t in ((1, 16), (8, 16)):
        x = (torch.rand(b, t, 3, 64, 64),)
        name, call = keras.wrap(module)
        modes: list[tuple[str, Call]] = [("by hand", by_hand(module)), ("fold", TimeDistributed(module))]
        modes.append(("chunk of 2", TimeDistributed(module, mode="chunk", chunk_size=2)))
        modes.append(("loop", TimeDistributed(module, mode="loop")))
        for mode, ours in modes:
            ratio = compare(ours, call, x, pairs)
            yield row(f"small CNN, ({b}, {t}), {mode}", name, *cells(ratio, None, strict=False))


def memory_rows() -> Iterator[str]:
    """The peak of each mode on a small CNN at (1, 128), without and with gradients."""
    modes: list[tuple[str, dict[str, Any], float | None]] = [
        ("fold", {}, None),
        ("chunk of 4", {"mode": "chunk", "chunk_size": 4}, 0.5),
        ("loop", {"mode": "loop"}, 0.1),
    ]
    x = torch.rand(1, 128, 3, 64, 64)
    for grad in (False, True):
        fold = 0.0
        for name, options, goal in modes:
            wrapped = TimeDistributed(small_cnn(), **options)
            with torch.set_grad_enabled(grad):
                wrapped(x)
                peak = peak_mib(partial(wrapped, x))
            fold = fold or peak
            said = "" if goal is None or grad else f"below {goal:g}: {verdict(peak / fold < goal)}"
            kind = "forward, kept for backward" if grad else "forward"
            yield row(f"small CNN, (1, 128), {kind}", name, f"{peak:.1f}", f"{peak / fold:.3f}", said)


def small_cnn() -> nn.Module:
    """Two convolutions, a mean over the picture, ten scores; the same weights each time."""
    torch.manual_seed(0)
    convolutions = [nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*convolutions, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))


def cells(ratio: Ratio, goal: float | None, strict: bool) -> tuple[str, ...]:
    """The cells of a ratio; ``strict`` holds the median to the goal, else the whole middle half must miss it."""
    held = ratio.median if strict else ratio.low
    asked = "not slower" if goal == LEVEL else f"at most {goal}"
    said = "" if goal is None else f"{asked}: {verdict(held <= goal)}"
    times = f"{ratio.ours * 1e6:,.1f} / {ratio.theirs * 1e6:,.1f}"
    return f"{ratio.median:.3f}", f"{ratio.low:.3f} - {ratio.high:.3f}", times, said


def verdict(reached: bool) -> str:
    """In one word or two."""
    return "ok" if reached else "**missed**"


def row(*texts: str) -> str:
    """A line of a markdown table."""
    return f"| {' | '.join(texts)} |"


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread, and no gradients unless asked for."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.no_grad():
            yield
    finally:
        torch.set_num_threads(before)


def main() -> None:
    """Print the tables as they are measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=15, help="pairs of samples for each row (default 15)")
    pairs = parser.parse_args().pairs
    if pairs < 2:
        parser.error("--pairs must be 2 or more")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    ratio_head = row("what, (B, T)", "beside", "ratio", "middle half", "microseconds", "goal")
    print(f"{pairs} pairs a row, one thread; Python {platform.python_version()}, torch {torch.__version__}.")
    with one_thread():
        print("", ratio_head, row(*["---"] * 6), sep="\n")
        for line in speed_rows(pairs):
            print(line, flush=True)
        for line in large_rows(pairs):
            print(line, flush=True)
        devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
        for device in devices:
            for line in mode_rows(device, pairs):
                print(line, flush=True)
        print("", row("what, (B, T)", "mode", "peak MiB", "of fold's", "goal"), row(*["---"] * 5), sep="\n")
        for line in memory_rows():
            print(line, flush=True)


if __name__ == "__main__":
    main()

"""Small specs, and requests for them."""

from __future__ import annotations

from pathlib import Path

from tdinspect.domain.source import Source
from tdinspect.pipeline import Request

GOOD = "input: [B, T, 8]\ntime_axis: T\nlayers:\n  - Linear: 4\n"
BAD = "input: [B, T, 8]\ntime_axis: T\nlayers:\n  - LSTM: 4\n"  # TD202
NOTED = "input: [B, T, 8]\ntime_axis: T\nlayers:\n  - softmax: 1\n"  # TD211
UNREADABLE = "input: [\n"

# What hurts the process that it runs in, and one that does not.
USERS_CODE = """\
import os, signal
from torch import nn

class Double(nn.Module):
    def forward(self, x):
        print("printed by the user's code")
        os.write(1, b"written by the user's code")
        return x * 2

class Killed(nn.Module):
    def forward(self, x):
        os.kill(os.getpid(), signal.SIGKILL)

class Exits(nn.Module):
    def forward(self, x):
        os._exit(7)
"""


def request(*texts: str, **more: object) -> Request:
    """A check of these texts, as ``spec_0.yaml`` and so on."""
    sources = tuple(Source(f"spec_{index}.yaml", text.encode()) for index, text in enumerate(texts))
    return Request("check", sources, **more)  # type: ignore[arg-type]


def users_package(folder: Path, *classes: str) -> None:
    """A package ``mine`` in the folder, and a spec for each of these classes."""
    (folder / "mine").mkdir()
    (folder / "mine" / "__init__.py").write_text("")
    (folder / "mine" / "nets.py").write_text(USERS_CODE)
    for name in classes:
        (folder / f"{name.lower()}.yaml").write_text(f"input: [B, 8]\nlayers:\n  - mine.nets.{name}\n")

"""What the tests of the integrations share: the blocks of docs/ci.md, a small project, a `tdinspect` on the path."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = ROOT / "docs" / "ci.md"

CLEAN = "input: [B, T, 8]\nlayers:\n  - Linear: 4\n"
BARE_CONV = "input: [B, T, 3, 8, 8]\ntime_axis: T\nlayers:\n  - ReLU\n  - Conv2d: {out_channels: 4, kernel_size: 3}\n"
DEAD_BIAS = """input: [B, 3, 8, 8]
layers:
  - Conv2d: {out_channels: 4, kernel_size: 3}
  - BatchNorm2d
"""
MISTYPED = "input: [B, T, 8]\nlayer:\n  - Linear: 4\n"  # seen by reading: torch is not imported for it
UNREADABLE = "input: [B, T\n"
NO_SPEC = "services: {web: {image: nginx}}\n"


def block(name: str) -> str:
    """The fenced block of the document that begins with ``# NAME``."""
    text = DOCUMENT.read_text(encoding="utf-8")
    (found,) = re.findall(rf"^```\w+\n(# {re.escape(name)}\n.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(found)


def write(folder: Path, **files: str) -> None:
    """Files by their paths; two underscores stand for a slash."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a process that finds this tdinspect, by name and as a module; ``folder`` gets a script."""
    script = folder / "bin" / "tdinspect"
    script.parent.mkdir(exist_ok=True)
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tdinspect "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    mine = {"PATH": f"{script.parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    return {**os.environ, "OMP_NUM_THREADS": "1", **mine, **more}


def run(*command: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The finished process, its two streams in one."""
    return subprocess.run(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300
    )

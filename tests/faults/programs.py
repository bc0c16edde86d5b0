"""`tdinspect` as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-m", "tdinspect"]


def start(*arguments: str, **more: object) -> subprocess.Popen[str]:
    """A process that runs; both of its streams are pipes."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    streams: dict[str, object] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8", **more}
    return subprocess.Popen([*COMMAND, *arguments], env=env, **streams)  # type: ignore[call-overload,no-any-return]


def run(*arguments: str, **more: object) -> tuple[int, str, str]:
    """The exit code and what went to both streams."""
    process = start(*arguments, **more)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err

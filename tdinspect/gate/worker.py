"""What one worker does: it is sent specs, one at a time, and sends back what their inspection gave."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tdinspect._startup import import_torch_fast
from tdinspect.domain.source import Source
from tdinspect.gate.inspection import dump, inspect_one
from tdinspect.pipeline import Request, inspect_source

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

DONE, LAST, FAULT = b"d", b"l", b"f"  # a result; a result, and the worker ends; a fault of tdinspect
_WARM = Source("warm.yaml", "input: [B, T, 8]\ntime_axis: T\nlayers:\n  - Linear: 4\n")


@dataclass(frozen=True, slots=True)
class Term:
    """After how many specs, or how much more memory, a worker makes room for a fresh one."""

    specs: int = 5_000
    more_bytes: int = 400 * 2**20


def warm_up() -> None:
    """Import torch and what an inspection needs, once, before workers are forked off."""
    import_torch_fast()
    one_thread()
    inspect_source(_WARM, Request("check", ()))


def one_thread() -> None:
    """Torch's own threads would only wait for each other: the workers share the cores."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)


def serve(pipe: Connection, others: Sequence[Connection], request: Request, term: Term) -> None:
    """Inspect what comes through the pipe until it is closed. ``others`` are ends of the parent that a fork copied."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, too, and ends the workers
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    for other in others:
        other.close()  # or this worker would keep another's pipe open when the parent is gone
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(OSError):
        os.dup2(2, 1)  # standard output belongs to the parent alone
    warm_up()
    before, number = _resident(), 0
    # The other end is closed when the parent has no more work, or is gone.
    with suppress(EOFError, OSError):
        while True:
            source = pipe.recv()
            number += 1
            pipe.send_bytes(_answer(source, request, number >= term.specs or _resident() - before > term.more_bytes))


def _end_with_parent() -> None:
    """End at once when the parent is gone, also in the middle of a spec that takes for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _answer(source: Source, request: Request, last: bool) -> bytes:
    try:
        return (LAST if last else DONE) + dump(inspect_one(source, request), request.details).encode()
    except Exception:
        return FAULT + traceback.format_exc().encode("utf-8", "replace")


def payload(source: Source, request: Request) -> str:
    """The same for a worker of another kind: joblib's, on this machine or another."""
    import_torch_fast()
    one_thread()
    return dump(inspect_one(source, request), request.details)


def _resident() -> int:
    """The memory of this process; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0

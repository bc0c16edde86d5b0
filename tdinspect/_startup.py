"""The first import of torch, which is most of what a command takes, and Python's garbage collector."""

from __future__ import annotations

import gc
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast


@contextmanager
def no_collection() -> Iterator[None]:
    """While it lasts no garbage is collected: of a large spec all is kept, and looking for some takes half the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@contextmanager
def ctrl_c_later() -> Iterator[None]:
    """While it lasts a Ctrl-C waits; it counts right after."""
    mask = getattr(signal, "pthread_sigmask", None)
    before = mask(signal.SIG_BLOCK, {signal.SIGINT}) if mask else None
    try:
        yield
    finally:
        if mask:
            mask(signal.SIG_SETMASK, before)


def import_torch_fast() -> None:
    """Import torch with the garbage collector off: it would look through torch's objects again and again.

    They live as long as the process, so they are frozen afterwards, which also shortens the exit. Without numpy torch
    warns as it is imported; tdinspect needs no numpy, so that one warning is not shown.
    """
    if "torch" in sys.modules:
        return
    enabled = gc.isenabled()
    gc.disable()
    filters = cast("list[object]", warnings.filters)
    before = list(filters)
    warnings.filterwarnings("ignore", message="Failed to initialize NumPy", category=UserWarning)
    ours = filters[0]
    try:
        with ctrl_c_later():  # torch's import may swallow it, or abort
            import torch  # noqa: F401
    finally:
        # Not catch_warnings: it would also take away the filters that torch sets for itself.
        if ours not in before:
            filters.remove(ours)
        gc.freeze()
        if enabled:
            gc.enable()

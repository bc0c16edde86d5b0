"""How many workers this process may have: by its cores and its memory, as the system and a container's limits say."""

from __future__ import annotations

import os
from math import ceil
from pathlib import Path

_WORKER_BYTES = 400 * 2**20  # more than a worker needs beside what it shares with the others
_CGROUP = Path("/sys/fs/cgroup")


def default_jobs(cgroup: Path = _CGROUP, meminfo: Path = Path("/proc/meminfo")) -> int:
    """The cores that this process may use, but no more workers than the free memory holds; at least 1."""
    memory = free_bytes(cgroup, meminfo)
    by_memory = available_cores(cgroup) if memory is None else memory // _WORKER_BYTES
    return max(1, min(available_cores(cgroup), by_memory))


def available_cores(cgroup: Path = _CGROUP) -> int:
    """The cores of the process' affinity, or the share of them that its control group has, rounded up."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    quota, _, period = _text(cgroup / "cpu.max").partition(" ")
    if quota.isdecimal() and period.isdecimal() and int(period):
        cores = min(cores, ceil(int(quota) / int(period)))
    return max(1, cores)


def free_bytes(cgroup: Path = _CGROUP, meminfo: Path = Path("/proc/meminfo")) -> int | None:
    """The memory that is left, of the machine or of the control group; None where the system does not say."""
    free = []
    for line in _text(meminfo).splitlines():
        if line.startswith("MemAvailable:"):
            free.append(int(line.split()[1]) * 1024)
    limit, used = _text(cgroup / "memory.max"), _text(cgroup / "memory.current")
    if limit.isdecimal() and used.isdecimal():
        free.append(max(0, int(limit) - int(used) + _page_cache(cgroup)))
    return min(free, default=None)


def _page_cache(cgroup: Path) -> int:
    """What the group holds of files: it gives way."""
    for line in _text(cgroup / "memory.stat").splitlines():
        if line.startswith("inactive_file "):
            return int(line.split()[1])
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""

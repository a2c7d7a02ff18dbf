"""What this process has used so far: memory, processor time, bytes read."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path


def peak_memory_bytes() -> int:
    """Return the largest resident set of this process so far, bytes."""
    if sys.platform == "linux":
        # getrusage would count what the parent held when it started this process.
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts kibibytes, macOS bytes.
    return peak if sys.platform == "darwin" else peak * 1024


def available_memory_bytes() -> int | None:
    """Return how much more memory this process can have, bytes; None where the system does not tell."""
    limits = []
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    try:
        if soft != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            limits.append(soft - pages * resource.getpagesize())
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        limits += [int(one.split()[1]) * 1024 for one in lines if one.startswith("MemAvailable:")]
    except OSError:
        pass
    return min(limits, default=None)


def cpu_seconds() -> float:
    """Return processor time of this process and its finished children, seconds."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def bytes_read_by_thread() -> int | None:
    """Return what this thread has asked the system to read so far; None where it does not tell."""
    return _first_counter(Path("/proc/thread-self/io"))


def bytes_read() -> int | None:
    """Return what this process has asked the system to read so far; None where it does not tell."""
    return _first_counter(Path("/proc/self/io"))


def bytes_read_since(before: int | None) -> int | None:
    """Return by how much ``bytes_read`` has grown; None where the system does not tell."""
    now = bytes_read()
    return None if now is None or before is None else now - before


def _first_counter(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="ascii").split()[1])
    except OSError:
        return None


def open_files() -> int:
    """Return how many files, sockets and pipes this process has open; 0 where it does not tell."""
    try:
        # Listing the folder opens one more.
        return sum(1 for _ in Path("/proc/self/fd").iterdir()) - 1
    except OSError:
        return 0

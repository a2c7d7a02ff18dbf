"""Measuring whole processes and functions: medians of several runs, peers in turn."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of a process cost.

    Attributes:
        wall: Wall time, seconds.
        cpu: Processor time of the process and its children, seconds.
        peak_mib: Largest resident set, MiB.
    """

    wall: float
    cpu: float
    peak_mib: float


def run_process(command: Sequence[str]) -> Cost:
    """Run a command to its end and return its cost.

    Raises:
        subprocess.CalledProcessError: When it fails.
    """
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with process.stderr as errors:  # type: ignore[union-attr]  # PIPE was asked for
        said = errors.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, stderr=said)
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median_cost(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure."""
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        statistics.median(cost.peak_mib for cost in costs),
    )


def median_seconds(function: Callable[[], object], runs: int) -> float:
    """Return the median wall time of calls, after one that is not counted."""
    function()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def machine() -> str:
    """Return what the figures were measured on."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{os.cpu_count()} cores of {model}, {platform.system()}, Python {platform.python_version()}"


def run_closedworld(*arguments: str) -> Cost:
    """Run closedworld as a whole process and return its cost."""
    return run_process([sys.executable, "-m", "closedworld", *arguments])


def head(runs: int) -> None:
    """Print what the figures were measured on, and the head of the table."""
    print(f"{machine()}; medians of {runs} runs\n")
    print("| what | peer | closedworld | peer | ratio | goal |")
    print("| --- | --- | ---: | ---: | ---: | --- |", flush=True)


def row(*cells: str) -> None:
    """Print a row of the table."""
    print(f"| {' | '.join(cells)} |", flush=True)

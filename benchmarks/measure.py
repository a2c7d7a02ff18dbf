"""Measuring whole processes and functions: medians of several runs, peers in turn."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Form:
    """How thoroughly to measure.

    Attributes:
        runs: Counted runs of each thing, at least 1.
        quick: Smaller worlds, for a look within two minutes.
    """

    runs: int
    quick: bool

    @classmethod
    def asked(cls, description: str | None) -> Form:
        """Return what the command line asks for."""
        return cls.of(cls.parser(description).parse_args())

    @staticmethod
    def parser(description: str | None) -> argparse.ArgumentParser:
        """Return a parser of the command line, to which a script may add options of its own."""
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--runs", type=int, help="runs of each (default 3, quick 1)")
        parser.add_argument("--quick", action="store_true", help="smaller worlds, under 2 minutes")
        return parser

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Form:
        """Return what was parsed."""
        return cls(arguments.runs or (1 if arguments.quick else 3), arguments.quick)

    def options(self) -> list[str]:
        """Return the options with which another script measures in the same form."""
        return ["--runs", str(self.runs), *(["--quick"] if self.quick else [])]


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

    A process inherits the peak memory of the one that starts it, so the scripts that call this
    import little, and leave whatever needs memory to a process of its own.

    Raises:
        subprocess.CalledProcessError: When it fails; what it said is shown.
    """
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with process.stderr as errors:  # type: ignore[union-attr]  # PIPE was asked for
        said = errors.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.stderr.buffer.write(said)
        raise subprocess.CalledProcessError(process.returncode, command, stderr=said)
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def run_side_by_side(commands: Sequence[Sequence[str]]) -> float:
    """Run commands at once and return the wall time until the last has ended, seconds.

    Raises:
        subprocess.CalledProcessError: When one fails.
    """
    began = time.perf_counter()
    processes = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for command in commands
    ]
    statuses = [process.wait() for process in processes]
    wall = time.perf_counter() - began
    for status, command in zip(statuses, commands, strict=True):
        if status:
            raise subprocess.CalledProcessError(status, command)
    return wall


def script(name: str, *arguments: str) -> list[str]:
    """Return the command that runs a script of this folder."""
    return [sys.executable, str(HERE / name), *arguments]


def ask_script(name: str, *arguments: str) -> Any:
    """Run a script of this folder, not measured, and return the JSON it prints."""
    done = subprocess.run(script(name, *arguments), check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def closedworld(*arguments: str) -> list[str]:
    """Return the command that runs closedworld."""
    return [sys.executable, "-m", "closedworld", *arguments]


def run_closedworld(*arguments: str) -> Cost:
    """Run closedworld as a whole process and return its cost."""
    return run_process(closedworld(*arguments))


def published(world: Path, stage: str) -> tuple[Path, dict[str, dict[str, int]]]:
    """Return the folder of the only published result of a stage, and its datasets by name.

    Read from the receipt as plain JSON: opening it with closedworld would load PyArrow here.
    """
    (receipt,) = world.glob(f"{stage}/*/_receipt.json")
    datasets = json.loads(receipt.read_text(encoding="utf-8"))["datasets"]
    return receipt.parent, datasets


def largest_idle_share(world: Path) -> float:
    """Return the share of the time of all work of a run's stages in which its idlest worker had nothing to do."""
    (report,) = (world / "reports").glob("*/run_report.json")
    walls: dict[str, float] = {}
    idle: dict[str, float] = {}
    for one in json.loads(report.read_text())["workers"]:
        name, wall = one["worker"], one["wall_seconds"]
        walls[name] = walls.get(name, 0.0) + wall
        idle[name] = idle.get(name, 0.0) + wall * one["idle_share"]
    return max(idle[name] / walls[name] for name in walls)


def median_cost(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure."""
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        statistics.median(cost.peak_mib for cost in costs),
    )


def median_ratio(ours: Sequence[Cost], theirs: Sequence[Cost]) -> float:
    """Return the median ratio of the wall times of runs that took turns."""
    return statistics.median(a.wall / b.wall for a, b in zip(ours, theirs, strict=True))


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
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB of memory, {system}"

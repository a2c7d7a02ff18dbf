"""SIGKILL at every system call that changes the file system, and at any moment."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from effort import tries
from harness import HANG_SECONDS, small
from harness.failing import FileSystem

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.forks import ForkServer

pytestmark = pytest.mark.slow

CALLS = "open,openat,write,pwrite64,ftruncate,fsync,fdatasync,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir"  # fmt: skip
FAMILY = "SIGKILL: nothing partial visible, next run succeeds, same bytes"


class Strace:
    """A tracer of a process that has not begun."""

    def __init__(self, log: Path, *arguments: str) -> None:
        self._log = log
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None

    def __call__(self, pid: int) -> None:
        """Attach to a process; skip the test where that is not allowed."""
        # To a file: a pipe that nobody empties would stop tracer and process.
        command = ["strace", "-f", "-p", str(pid), "-o", str(self._log), "-e", f"trace={CALLS}"]
        self._process = subprocess.Popen(
            [*command, *self._arguments], stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        if "attached" not in self._process.stderr.readline():
            pytest.skip(
                "strace may not attach to a process here; kills are made without it as well"
            )

    def lines(self) -> list[str]:
        """Return what it saw, once the process has ended."""
        assert self._process is not None
        self._process.communicate(timeout=HANG_SECONDS)
        return self._log.read_text(errors="replace").splitlines()


def may_trace(forks: ForkServer, out: Path) -> list[str]:
    """Return what an undisturbed run calls, by strace; skip where that cannot be."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed; kills are then made in the process itself")
    strace = Strace(out.with_suffix(".log"))
    assert forks.run("small", str(out), {}, attach=strace) == 0
    return strace.lines()


def expect_survived(out: Path, whole: dict[str, str]) -> None:
    """Nothing half, nothing wrong, and the next run makes it whole and tidy."""
    assert small.is_part_of(small.published(out), whole)
    small.build(out)
    assert small.published(out) == whole
    assert not (out / ".staging").exists()


def test_killed_at_every_system_call(
    forks: ForkServer,
    place: Path,
    whole: dict[str, str],
    score: Callable[[str, int], None],
) -> None:
    """By strace: also calls that no Python code makes. A quick run takes calls evenly spread."""
    lines = may_trace(forks, place / "counted")
    # strace counts the calls of each thread by themselves, and kills at the first that comes so far.
    called: Counter[tuple[str, str]] = Counter()
    points: list[tuple[str, int]] = []
    for line in lines:
        found = re.match(r"(\d+) +(\w+)\((.*)", line)
        if found is None:
            continue
        thread, name, said = found.groups()
        called[thread, name] += 1
        is_reading = name.startswith("open") and not re.search("O_CREAT|O_WRONLY|O_RDWR", said)
        if not is_reading and (name, called[thread, name]) not in points:
            points.append((name, called[thread, name]))
    assert len(points) > 100
    wanted = tries(10, len(points))
    for number in range(wanted):
        name, nth = points[number * len(points) // wanted]
        out = place / str(number)
        strace = Strace(place / "log", "-e", f"inject={name}:signal=KILL:when={nth}")
        status = forks.run("small", str(out), {}, attach=strace)
        strace.lines()
        assert status == -signal.SIGKILL, (name, nth)
        expect_survived(out, whole)
        shutil.rmtree(out)
    score(FAMILY, wanted)


def test_killed_before_every_change_without_a_tracer(
    forks: ForkServer,
    place: Path,
    whole: dict[str, str],
    score: Callable[[str, int], None],
) -> None:
    """The same in the process itself, where nobody may trace."""
    with FileSystem().between() as counted:
        small.build(place / "counted")
    points = len(counted.changes)
    wanted = tries(10, points)
    for number in range(wanted):
        out = place / str(number)
        status = forks.run("killed_at", str(out), number * points // wanted, {})
        assert status == -signal.SIGKILL
        expect_survived(out, whole)
        shutil.rmtree(out)
    score(FAMILY, wanted)


def test_killed_at_any_moment_again_and_again_in_one_place(
    forks: ForkServer,
    place: Path,
    whole: dict[str, str],
    score: Callable[[str, int], None],
) -> None:
    """Runs are killed on top of what killed runs left; every fifth is let finish."""
    draw = random.Random(1)
    kills = 0
    wanted = tries(15, 1750)
    while kills < wanted:
        for _ in range(5):
            pid = forks.start("small", str(place / "out"), {})
            timer = threading.Timer(draw.random() * 0.25, kill, [pid])
            forks.go()
            timer.start()
            kills += forks.wait() == -signal.SIGKILL
            timer.cancel()
            timer.join()
            assert small.is_part_of(small.published(place / "out"), whole)
        expect_survived(place / "out", whole)
        shutil.rmtree(place / "out")
    score(FAMILY, kills)


def kill(pid: int) -> None:
    """Kill a process unless it has ended and been waited for."""
    if Path(f"/proc/{pid}").exists():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return

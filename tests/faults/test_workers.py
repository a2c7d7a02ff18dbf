"""Workers that are killed or run out of memory: an error that says so, no hang, and the next run goes on."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from effort import tries
from harness import HANG_SECONDS, small
from hidden import environment_without

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

LAND = ("run", "--resolution", "3m", "--basis", "area_m2", "--countries", "FR,DE,AR,KZ", "--out")
PAYMENTS = ("purchases", "--cards", "LU=1000", "--days", "20")
"""Sites, people and purchases, in a world that is there already; these end with the folder."""


def start(command: tuple[str, ...], out: Path, executor: str) -> subprocess.Popen[str]:
    """Start a command as a user does."""
    options = ("--workers", "2", "--executor", executor, "--quiet")
    return subprocess.Popen(
        [sys.executable, "-m", "closedworld", *command, str(out), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment_without(),
        text=True,
    )


def workers_of(pid: int) -> list[int]:
    """Return the worker processes of a run; Python starts one more, that does no work."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"spawn_main" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return sorted(found)


def wait_for_work(run: subprocess.Popen[str], out: Path, files: int) -> list[int]:
    """Wait until a run has so many files and workers; return these, none when it was too fast."""
    while True:
        workers = workers_of(run.pid)
        # Unlike a glob, a walk takes no offence at folders that vanish on the way.
        written = sum(name.endswith(".parquet") for *_, names in os.walk(out) for name in names)
        if workers and written >= files:
            return workers
        with suppress(subprocess.TimeoutExpired):
            # Looking without a pause would take a core from the run.
            run.wait(0.01)
            return []


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def starve(pid: int) -> None:
    """Let a process have no more memory than it has, as a full machine does."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS, (1 << 20, hard))


def end(run: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a run; return its exit status and what it said on standard error."""
    try:
        _, said = run.communicate(timeout=HANG_SECONDS)
    except subprocess.TimeoutExpired:
        run.kill()
        run.communicate()
        raise
    return run.returncode, said


@pytest.fixture(scope="module")
def luxembourg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiles and weights of a country."""
    out = tmp_path_factory.mktemp("luxembourg")
    assert end(start(("run", "--countries", "LU", "--out"), out, "threads"))[0] == 0
    return out


Work = tuple[tuple[str, ...], Path, dict[str, str]]
"""A command, the folder it begins with, and what is published when nobody disturbs it."""


@pytest.fixture(scope="module")
def works(luxembourg: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Work]:
    """All stages, by two commands."""
    found: list[Work] = []
    for command, before in ((LAND, tmp_path_factory.mktemp("nothing")), (PAYMENTS, luxembourg)):
        out = tmp_path_factory.mktemp("undisturbed") / "out"
        shutil.copytree(before, out)
        assert end(start(command, out, "processes"))[0] == 0
        found.append((command, before, small.published(out)))
    assert {name.split("/")[0] for *_, whole in found for name in whole} == set(small.STAGES)
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="workers are found in /proc")
@pytest.mark.parametrize(
    ("fate", "codes", "wanted"),
    # Few runs of the second command are starved in time, so that it takes many.
    [
        (kill, {"worker-died"}, tries(2, 100)),
        (starve, {"worker-died", "unit-failed"}, tries(1, 100)),
    ],
    ids=["killed", "out of memory"],
)
def test_a_lost_worker_is_an_error_and_the_next_run_makes_it_whole(
    place: Path,
    works: list[Work],
    fate: Callable[[int], None],
    codes: set[str],
    wanted: int,
    score: Callable[[str, int], None],
) -> None:
    """The command's own worker processes, at any point of a run, from their start to the last file."""
    draw, lost, tried = random.Random(1), 0, 0
    while lost < wanted:
        tried += 1
        assert tried <= 5 * wanted + 20, "workers come to no harm"
        command, before, whole = works[lost % len(works)]
        out = place / "out"
        shutil.copytree(before, out)
        there = len(small.published(out))
        run = start(command, out, "processes")
        workers = wait_for_work(run, out, draw.randrange(there, len(whole)))
        for worker in workers[: 1 + draw.randrange(2)]:
            with suppress(ProcessLookupError):
                fate(worker)
        status, said = end(run)
        found = small.published(out)
        assert found.items() <= whole.items()
        if status != 0:
            assert status == 6, said
            assert any(f"[{code}]" in said for code in codes), said
            assert "Traceback" not in said.partition("error [")[2], said
            lost += 1
            # In threads, which are there sooner; the files are the same.
            assert end(start(command, out, "threads"))[0] == 0
        assert small.published(out) == whole
        assert not (out / ".staging").exists()
        shutil.rmtree(out)
    score("a command's workers killed, or out of memory", lost)

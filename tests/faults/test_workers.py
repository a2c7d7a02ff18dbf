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

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

WORLD = ("run", "--workers", "2", "--resolution", "3m", "--basis", "area_m2", "--countries", "FR,DE,AR,KZ", "--quiet", "--out")  # fmt: skip


def start(out: Path, executor: str) -> subprocess.Popen[str]:
    """Start the command as a user does."""
    return subprocess.Popen(
        [sys.executable, "-m", "closedworld", *WORLD, str(out), "--executor", executor],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
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
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a run of this world publishes when nobody disturbs it."""
    out = tmp_path_factory.mktemp("undisturbed")
    assert end(start(out, "processes"))[0] == 0
    return small.published(out)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="workers are found in /proc")
@pytest.mark.parametrize(
    ("fate", "codes"),
    [(kill, {"worker-died"}), (starve, {"worker-died", "unit-failed"})],
    ids=["killed", "out of memory"],
)
def test_a_lost_worker_is_an_error_and_the_next_run_makes_it_whole(
    place: Path,
    undisturbed: dict[str, str],
    fate: Callable[[int], None],
    codes: set[str],
    score: Callable[[str, int], None],
) -> None:
    """The command's own worker processes, at any point of a run, from their start to the last file."""
    draw, wanted, lost, tried = random.Random(1), tries(2, 100), 0, 0
    while lost < wanted:
        tried += 1
        assert tried <= 5 * wanted + 20, "workers come to no harm"
        out = place / "out"
        run = start(out, "processes")
        workers = wait_for_work(run, out, draw.randrange(len(undisturbed)))
        for worker in workers[: 1 + draw.randrange(2)]:
            with suppress(ProcessLookupError):
                fate(worker)
        status, said = end(run)
        found = small.published(out)
        assert found.items() <= undisturbed.items()
        if status != 0:
            assert status == 6, said
            assert any(f"[{code}]" in said for code in codes), said
            assert "Traceback" not in said.partition("error [")[2], said
            lost += 1
        # In threads, which are there sooner; the files are the same.
        assert end(start(out, "threads"))[0] == 0
        assert small.published(out) == undisturbed
        assert not (out / ".staging").exists()
        shutil.rmtree(out)
    score("a command's workers killed, or out of memory", lost)

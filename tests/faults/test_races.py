"""Two to eight writers for one hash: one winner, nobody corrupt, the rest end well."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from effort import tries
from harness import HANG_SECONDS, small

from closedworld.store.durable import rename_new

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.forks import ForkServer

pytestmark = pytest.mark.slow

# Forks writers that begin together, and says how each ended.
RACERS = """\
import os, sys
from pathlib import Path
from harness import small
small.countries()
small.build(Path(sys.argv[1]) / "warm")
for race in range(int(sys.argv[2])):
    out, writers = Path(sys.argv[1]) / str(race), 2 + 3 * race % 7
    ready, begin = os.pipe()
    pids = []
    for _ in range(writers):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.close(begin)
                os.read(ready, 1)
                small.build(out)
                status = 0
            finally:
                os._exit(status)
        pids.append(pid)
    os.close(ready)
    os.close(begin)
    print(*(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids), flush=True)
"""


def test_every_writer_ends_well_and_one_result_is_there(
    place: Path,
    whole: dict[str, str],
    score: Callable[[str, int], None],
) -> None:
    # The first three are of 2, 5 and 8 writers, and the first seven of all numbers.
    races = tries(3, 500)
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", RACERS, str(place), str(races)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    ends = [list(map(int, line.split())) for line in done.stdout.splitlines()]
    assert [len(end) for end in ends] == [2 + 3 * race % 7 for race in range(races)]
    assert {status for end in ends for status in end} == {0}, done.stderr
    for race in range(races):
        assert small.published(place / str(race)) == whole
        assert not (place / str(race) / ".staging").exists()
    score("2 to 8 writers racing for one hash", races)


def test_the_name_is_taken_by_whoever_is_first(
    place: Path, whole: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both stand before the rename at the same moment."""
    gate = threading.Barrier(2, timeout=HANG_SECONDS)

    def together(source: Path, target: Path) -> None:
        gate.wait()
        rename_new(source, target)

    monkeypatch.setattr("closedworld.store.local.rename_new", together)
    writers = [threading.Thread(target=small.build, args=(place / "out",)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert small.published(place / "out") == whole


def test_a_writer_that_is_stopped_for_long_does_not_lose_its_folder(
    place: Path, whole: dict[str, str], forks: ForkServer
) -> None:
    """Stopped is not dead: the lock holds."""
    pid = forks.start("small", str(place / "out"), {})
    forks.go()
    while not list((place / "out").glob(".staging/*.lock")):
        if list((place / "out").glob("weights/*")):
            break
    os.kill(pid, signal.SIGSTOP)
    small.build(place / "out")
    os.kill(pid, signal.SIGCONT)
    assert forks.wait() == 0
    assert small.published(place / "out") == whole

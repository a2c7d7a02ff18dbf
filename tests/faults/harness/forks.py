"""A fork server: each job runs in a process of its own that has imported everything already.

Run as a program it reads jobs as JSON lines, forks, and answers with the process id, then with how it ended.
A job waits for a line on its pipe before it begins, so that a tracer can attach.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from harness import HANG_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable


class ForkServer:
    """Starts jobs; use as a context manager."""

    def __enter__(self) -> Self:
        path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
        self._server = subprocess.Popen(
            [sys.executable, "-m", "harness.forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(HANG_SECONDS)
        assert self._server.stdout is not None
        self._server.stdout.close()

    def run(self, job: str, *arguments: Any, attach: Callable[[int], None] | None = None) -> int:
        """Run a job to its end and return its exit status; minus the signal that killed it.

        Args:
            job: A name in ``JOBS``.
            arguments: As JSON holds them.
            attach: Called with the process id before the job begins.
        """
        pid = self.start(job, *arguments)
        if attach is not None:
            attach(pid)
        self.go()
        return self.wait()

    def start(self, job: str, *arguments: Any) -> int:
        """Fork a job that waits; return its process id."""
        self._say(json.dumps([job, *arguments]))
        return int(self._hear())

    def go(self) -> None:
        """Let the job begin."""
        self._say("go")

    def wait(self) -> int:
        """Return how the job ended."""
        return int(self._hear())

    def _say(self, line: str) -> None:
        assert self._server.stdin is not None
        self._server.stdin.write(line + "\n")
        self._server.stdin.flush()

    def _hear(self) -> str:
        assert self._server.stdout is not None
        return self._server.stdout.readline()


def _small(out: str, options: dict[str, Any]) -> None:
    from harness import small  # noqa: PLC0415

    small.build(Path(out), **options)


def _killed_at(out: str, number: int, options: dict[str, Any]) -> None:
    """Die before the n-th change; without a tracer."""
    from harness import failing, small  # noqa: PLC0415

    with failing.FileSystem(failing.killing_at(number)).between():
        small.build(Path(out), **options)


def _unsynced_files(out: str, options: dict[str, Any]) -> None:
    _unsynced(out, options, lambda descriptor: stat.S_ISREG(os.fstat(descriptor).st_mode))


def _unsynced_folders(out: str, options: dict[str, Any]) -> None:
    """Nor what is written after a result, with which ext4 would write everything before it."""

    def is_left_out(descriptor: int) -> bool:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        after = path.name == "new"  # names and collections, staged
        return after or stat.S_ISDIR(os.fstat(descriptor).st_mode)

    _unsynced(out, options, is_left_out)


def _unsynced(out: str, options: dict[str, Any], is_left_out: Callable[[int], bool]) -> None:
    """Sync nothing of a kind."""
    from harness import small  # noqa: PLC0415

    really = os.fsync

    def fsync(descriptor: int) -> None:
        if not is_left_out(descriptor):
            really(descriptor)

    os.fsync = fsync  # type: ignore[assignment]
    small.build(Path(out), **options)


JOBS: dict[str, Callable[..., None]] = {
    "small": _small,
    "killed_at": _killed_at,
    "unsynced_files": _unsynced_files,
    "unsynced_folders": _unsynced_folders,
}


def _child(job: str, arguments: list[Any], begin: int) -> int:
    """Do a job once it may begin; return the exit status."""
    from closedworld.errors import ClosedWorldError  # noqa: PLC0415

    os.read(begin, 1)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(null, standard)
    try:
        JOBS[job](*arguments)
    except ClosedWorldError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def serve() -> None:
    """Do jobs until there is no more."""
    from harness import failing, small  # noqa: PLC0415

    assert failing
    with tempfile.TemporaryDirectory() as folder:
        # What is imported on the way would be counted among the calls of the first job.
        small.build(Path(folder))
    for line in sys.stdin:
        job, *arguments = json.loads(line)
        may_begin, begin = os.pipe()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                status = _child(job, arguments, may_begin)
            finally:
                os._exit(status)
        _answer(pid)
        sys.stdin.readline()
        os.write(begin, b"g")
        _, status = os.waitpid(pid, 0)
        for descriptor in (may_begin, begin):
            os.close(descriptor)
        _answer(os.waitstatus_to_exitcode(status))


def _answer(number: int) -> None:
    """Write a line to whoever started the server."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve()

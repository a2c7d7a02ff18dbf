"""Reading files of polygons in a process of their own: some take forever, some crash their reader.

A GeoPackage of a hundred kilobytes can keep GDAL busy forever, and a polygon can do so with GEOS. Neither
library can be told to stop, so the operating system ends the process when its time is over.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import BinaryIO, Unpack, cast

from closedworld.config.run import DEFAULT_INPUT_SECONDS
from closedworld.errors import InputError
from closedworld.execution.meters import bytes_read, bytes_read_since, peak_memory_bytes
from closedworld.inputs.regions.country_reading import check_file
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.inputs.regions.problems import CountryCheck, Problem
from closedworld.inputs.regions.read_options import ReadArguments, ReadOptions
from closedworld.inputs.regions.repair import Progress, unobserved
from closedworld.sanitize import one_line

READ_ARGUMENTS = ("input_time_limit", *(one.name for one in fields(ReadOptions)))
"""Options of a run that say how its polygons are read."""

_CODE = "from closedworld.inputs.isolated import serve; serve()"


@dataclass(frozen=True, slots=True)
class IsolatedRead:
    """What a process of its own found in a file.

    Attributes:
        check: The countries of the file, and what is wrong with it.
        bytes_read: Bytes that the process asked the system to read; None where the system does not count.
        peak_memory_bytes: Its largest resident set; None when it did not finish.
    """

    check: CountryCheck
    bytes_read: int | None = None
    peak_memory_bytes: int | None = None


def check_in_subprocess(
    path: str | Path,
    *,
    input_time_limit: int = DEFAULT_INPUT_SECONDS,
    progress: Progress = unobserved,
    **options: Unpack[ReadArguments],
) -> IsolatedRead:
    """Do what ``check_countries`` does, in a process of its own.

    A file that takes too long, or crashes its reader, has the problem ``input-time-limit`` or
    ``input-ends-reader``.

    Args:
        path: The file.
        input_time_limit: Seconds after which the process is ended, >= 1.
        progress: Told of repairs.
        options: Those of ``ReadOptions``.

    Raises:
        ConfigError: As ``ReadOptions``.
    """
    request = pickle.dumps((str(path), input_time_limit, ReadOptions(**options)))
    # A file takes whatever the process says on its way, without anybody to read it.
    with tempfile.TemporaryFile() as said:
        # -P: never import from the current folder, which may hold anything.
        with subprocess.Popen(  # noqa: S603 -- nothing of the file is in the command
            [sys.executable, "-P", "-c", _CODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
        ) as process:
            found = _answer(process, request, progress)
        if found is not None and process.returncode == 0:
            return found
        said.seek(0)
        problem = _problem_of(process.returncode, said.read(), input_time_limit)
    return IsolatedRead(CountryCheck(one_line(Path(path).name), problems=(problem,)))


def _answer(
    process: subprocess.Popen[bytes], request: bytes, progress: Progress
) -> IsolatedRead | None:
    """Send the request; return the answer, after all that was told of progress; None if none came."""
    # Both are pipes.
    into, out = cast("BinaryIO", process.stdin), cast("BinaryIO", process.stdout)
    try:
        with into:
            into.write(request)
        while True:
            found = pickle.load(out)  # noqa: S301 -- from code of our own
            if isinstance(found, IsolatedRead):
                return found
            progress(*found)
    except (EOFError, pickle.UnpicklingError, BrokenPipeError):
        return None


def read_in_subprocess(
    path: str | Path,
    *,
    input_time_limit: int = DEFAULT_INPUT_SECONDS,
    **options: Unpack[ReadArguments],
) -> CountrySet:
    """Do what ``read_countries`` does, in a process of its own.

    Raises:
        ClosedWorldError: As ``read_countries`` and ``check_in_subprocess``.
    """
    return check_in_subprocess(path, input_time_limit=input_time_limit, **options).check.require()


def _problem_of(status: int, said: bytes, seconds: int) -> Problem:
    if status == -signal.SIGALRM:
        return Problem(
            InputError,
            "input-time-limit",
            f"gave up reading after {seconds} s.",
            "Raise --input-time-limit if you trust the file.",
        )
    last = said.decode(errors="replace").strip().splitlines()[-1:]
    how = f"signal {-status}" if status < 0 else f"status {status}"
    reported = f": {one_line(last[0], 200)}" if last else ""
    return Problem(
        InputError,
        "input-ends-reader",
        f"the process that read it ended with {how}{reported}.",
        "A large file may need more memory than there is; do not use the file if you do not trust it.",
    )


def serve() -> None:
    """Read the file named on standard input; write the result to standard output."""
    path, seconds, options = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 -- from our parent
    # The default action ends the process whatever it is busy with, even when the parent is gone.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)
    # What a library prints must not get into the answer.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answer:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        before = bytes_read()

        def progress(done: int, total: int) -> None:
            pickle.dump((done, total), answer)
            answer.flush()

        check = check_file(path, options, progress)
        pickle.dump(IsolatedRead(check, bytes_read_since(before), peak_memory_bytes()), answer)

"""Worker processes on this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from closedworld.execution.allocation import keep_memory
from closedworld.execution.worker_pool import WorkerPool


@contextmanager
def open_processes(workers: int) -> Iterator[WorkerPool]:
    """Open a pool of processes for the block, and wait for them to end after it."""
    context = _RememberingContext()
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_process) as pool:
        try:
            yield WorkerPool(pool, workers)
        finally:
            context.kill_all()


class _RememberingContext(SpawnContext):
    """Starts processes afresh and knows them; a fork inherits locks of its parent's threads, and hangs on them."""

    def __init__(self) -> None:
        super().__init__()
        self._started: list[SpawnProcess] = []

    def Process(self, *arguments: Any, **options: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: N802 -- multiprocessing's name
        """Start a process."""
        process = SpawnProcess(*arguments, **options)
        self._started.append(process)
        return process

    def kill_all(self) -> None:
        """End every process; none may have anything left to do.

        A pool asks its processes to end, and waits for each. One that was killed while it took a task keeps
        the lock on the queue for ever, the others never hear that they may go, and the pool waits for ever.
        """
        for process in self._started:
            process.kill()


def _begin_process() -> None:
    """Leave Ctrl-C to the parent, and end when it is gone, killed perhaps, so that none is left behind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_memory()
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()

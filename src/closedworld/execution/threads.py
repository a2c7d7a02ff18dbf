"""Threads of this process."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from closedworld.execution.worker_pool import WorkerPool


@contextmanager
def open_threads(workers: int) -> Iterator[WorkerPool]:
    """Open a pool of threads for the block, and wait for them to end after it."""
    with ThreadPoolExecutor(workers, thread_name_prefix="worker") as pool:
        yield WorkerPool(pool, workers)

"""An open executor, and how many tasks it does at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class WorkerPool:
    """An open executor.

    Attributes:
        executor: Where tasks are done.
        workers: How many it does at once.
        has_workers: Whether there is anyone to do them; a cluster may lose all of its workers.
    """

    executor: Executor
    workers: int
    has_workers: Callable[[], bool] = lambda: True


def usable_cores() -> int:
    """Return how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

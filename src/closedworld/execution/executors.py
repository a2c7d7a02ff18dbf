"""Executors by name: where tasks are done."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from closedworld.config.table import EXECUTORS
from closedworld.errors import ConfigError
from closedworld.execution.dask import open_dask
from closedworld.execution.processes import open_processes
from closedworld.execution.serial import SerialExecutor
from closedworld.execution.worker_pool import WorkerPool, usable_cores

DEFAULT_NAME = EXECUTORS[0]


@contextmanager
def open_worker_pool(
    executor: Executor | WorkerPool | str = DEFAULT_NAME,
    workers: int | None = None,
    dask_address: str | None = None,
) -> Iterator[WorkerPool]:
    """Open an executor for the block, and wait for its workers to end after it.

    Whatever was handed out must have come back when the block ends.

    Args:
        executor: A name of ``config.EXECUTORS``; or an executor of your own or one that is open already, which
            stay open.
        workers: Tasks done at once; None for one per usable core, or all threads of a Dask cluster.
        dask_address: Scheduler of a running Dask cluster; None to start workers on this machine.

    Raises:
        ConfigError: ``workers``, ``executor-unknown``, ``dask-missing``, ``dask-unreachable``,
            ``dask-no-workers``.
    """
    if workers is not None and workers < 1:
        raise ConfigError("workers", f"{workers} workers cannot do any work.", "Take 1 or more.")
    if isinstance(executor, WorkerPool):
        yield executor
        return
    if isinstance(executor, Executor):
        yield WorkerPool(executor, workers or usable_cores())
        return
    count = workers or usable_cores()
    match executor:
        case "serial":
            yield WorkerPool(SerialExecutor(), 1)
        case "threads":
            with ThreadPoolExecutor(count, thread_name_prefix="worker") as threads:
                yield WorkerPool(threads, count)
        case "processes":
            with open_processes(count) as pool:
                yield pool
        case "dask":
            with open_dask(workers, dask_address) as pool:
                yield pool
        case _:
            raise ConfigError(
                "executor-unknown",
                f"there is no executor {executor!r}.",
                f"Take one of {', '.join(EXECUTORS)}.",
            )

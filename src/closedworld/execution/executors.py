"""Executors by name: where units of work are done."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import TYPE_CHECKING, Any

from closedworld.config import EXECUTORS
from closedworld.errors import ConfigError
from closedworld.execution.serial import SerialExecutor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEFAULT_NAME = EXECUTORS[0]


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
        raise ConfigError("workers", f"{workers} workers do no work.", "Take 1 or more.")
    if isinstance(executor, WorkerPool):
        yield executor
        return
    if isinstance(executor, Executor):
        yield WorkerPool(executor, workers or usable_cores())
        return
    count = 1 if executor == "serial" else workers or usable_cores()
    match executor:
        case "serial":
            yield WorkerPool(SerialExecutor(), count)
        case "threads":
            with ThreadPoolExecutor(count, thread_name_prefix="worker") as pool:
                yield WorkerPool(pool, count)
        case "processes":
            context = _RememberingContext()
            with ProcessPoolExecutor(count, mp_context=context, initializer=_begin_process) as pool:
                try:
                    yield WorkerPool(pool, count)
                finally:
                    context.kill_all()
        case "dask":
            with _dask(workers, dask_address) as pool:
                yield pool
        case _:
            raise ConfigError(
                "executor-unknown",
                f"there is no executor {executor!r}.",
                f"Take one of {', '.join(EXECUTORS)}.",
            )


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
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


@contextmanager
def _dask(workers: int | None, address: str | None) -> Iterator[WorkerPool]:
    """Open a Dask executor: on a running cluster, or on worker processes of this machine."""
    try:
        import distributed  # noqa: PLC0415 -- an extra, and slow to import
    except ImportError as error:
        raise ConfigError(
            "dask-missing",
            "executor dask needs the package distributed.",
            "Install it: pip install 'closedworld[dask]'.",
        ) from error
    if address is None:
        cluster = distributed.LocalCluster(
            n_workers=workers or usable_cores(),
            threads_per_worker=1,
            dashboard_address=None,
            # Without a dashboard too the scheduler listens, by default where one may listen already.
            scheduler_kwargs={"dashboard_address": ":0"},
        )
        with cluster, distributed.Client(cluster) as client:
            yield _dask_workforce(client, workers)
        return
    try:
        client = distributed.Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise ConfigError(
            "dask-unreachable",
            f"there is no Dask scheduler at {address}: {error}.",
            "Start one with `dask scheduler`, and give the address that it prints.",
        ) from error
    with client:
        yield _dask_workforce(client, workers)


def _dask_workforce(client: distributed.Client, workers: int | None) -> WorkerPool:  # type: ignore[name-defined]  # noqa: F821
    """Return the executor of a Dask client."""
    if not client.nthreads():
        raise ConfigError(
            "dask-no-workers",
            f"the Dask cluster at {client.scheduler.address} has no workers.",
            "Start some: dask worker ADDRESS.",
        )
    threads = sum(client.nthreads().values())
    # Not pure: a task writes files, so each one counts, however alike two may be.
    executor = client.get_executor(pure=False)
    return WorkerPool(executor, workers or threads, lambda: bool(client.nthreads()))

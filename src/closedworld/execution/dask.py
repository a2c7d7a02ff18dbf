"""Workers of a Dask cluster (an extra)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from closedworld.errors import ConfigError, install_hint
from closedworld.execution.worker_pool import WorkerPool, usable_cores


@contextmanager
def open_dask(workers: int | None, address: str | None) -> Iterator[WorkerPool]:
    """Open a Dask executor: on a running cluster, or on worker processes of this machine.

    Args:
        workers: Tasks done at once; None for one per usable core, or all threads of the cluster.
        address: Scheduler of a running cluster; None to start workers on this machine.

    Raises:
        ConfigError: ``dask-missing``, ``dask-unreachable``, ``dask-no-workers``.
    """
    try:
        import distributed  # noqa: PLC0415 -- an extra, and slow to import
    except ImportError as error:
        raise ConfigError(
            "dask-missing",
            "executor dask needs the package distributed.",
            install_hint("distributed"),
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
            yield _pool_of(client, workers)
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
        yield _pool_of(client, workers)


def _pool_of(client: distributed.Client, workers: int | None) -> WorkerPool:  # type: ignore[name-defined]  # noqa: F821
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

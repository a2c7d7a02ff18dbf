"""Executors by name: who works, how many, and what comes back from other processes."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from closedworld.config.table import EXECUTORS
from closedworld.errors import ConfigError, UnitError
from closedworld.execution import (
    SerialExecutor,
    WorkerPool,
    emit_log,
    open_worker_pool,
    run_tasks,
    start_task,
    usable_cores,
)

if TYPE_CHECKING:
    from closedworld.execution import Done

LOGGER = logging.getLogger("closedworld.test")
OTHER_PROCESSES = ("processes", "dask")


def log_and_double(number: int) -> int:
    LOGGER.warning("doubling %d", number)
    return 2 * number


def kill_yourself_on_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def kill_yourself_once(flag: str) -> str:
    if not Path(flag).exists():
        Path(flag).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return flag


def done_by(pool: WorkerPool, tasks: list[int]) -> list[Done[int]]:
    results = run_tasks(pool.executor, log_and_double, tasks, in_flight=pool.workers)
    return [done for _, done in results]


def tell(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, number)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXECUTORS)
def test_every_executor_does_every_task_and_measures_it(name: str) -> None:
    with open_worker_pool(name, None if name == "serial" else 2) as pool:
        done = done_by(pool, list(range(8)))
    assert sorted(one.result for one in done) == [2 * n for n in range(8)]
    for one in done:
        assert one.seconds >= 0
        assert one.peak_memory_bytes > 1 << 20
        assert one.open_files > 0
        assert one.began > 1.6e9
        assert one.worker


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHER_PROCESSES)
def test_what_workers_in_other_processes_log_reaches_the_parent_with_their_name(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "closedworld")
    with open_worker_pool(name, 1) as pool:
        (done,) = done_by(pool, [21])
    assert not [record for record in caplog.records if record.name == "closedworld.test"]
    emit_log(done)
    (record,) = [record for record in caplog.records if record.name == "closedworld.test"]
    assert record.getMessage() == "doubling 21"
    assert record.levelno == logging.WARNING
    assert record.__dict__["worker"] == done.worker
    assert name[:4] in done.worker
    assert done.process != f"{os.uname().nodename}:{os.getpid()}"


def test_what_threads_log_is_not_told_twice(caplog: pytest.LogCaptureFixture) -> None:
    with open_worker_pool("threads", 2) as pool:
        for done in done_by(pool, [1]):
            emit_log(done)
    assert [record.getMessage() for record in caplog.records] == ["doubling 1"]


def test_threads_are_as_many_as_asked_for_and_have_names() -> None:
    with open_worker_pool("threads", 3) as pool:
        barrier = threading.Barrier(3)
        names = list(
            pool.executor.map(
                lambda _: (barrier.wait(60), threading.current_thread().name)[1], range(3)
            )
        )
    assert pool.workers == 3
    assert len(set(names)) == 3


def test_by_default_there_is_a_worker_for_each_core() -> None:
    with open_worker_pool() as pool:
        assert isinstance(pool.executor, ThreadPoolExecutor)
        assert pool.workers == usable_cores() >= 1


def test_the_serial_executor_has_one_worker() -> None:
    with open_worker_pool("serial") as pool:
        assert isinstance(pool.executor, SerialExecutor)
        assert pool.workers == 1


@pytest.mark.parametrize("wrap", [False, True])
def test_an_executor_that_was_handed_in_stays_open(wrap: bool) -> None:  # noqa: FBT001
    with ThreadPoolExecutor(1) as threads:
        given: Executor | WorkerPool = WorkerPool(threads, 1) if wrap else threads
        with open_worker_pool(given, 1) as pool:
            done_by(pool, [1])
        assert threads.submit(int, "7").result() == 7


@pytest.mark.parametrize("workers", [0, -1])
def test_workers_must_be_one_or_more(workers: int) -> None:
    with pytest.raises(ConfigError) as caught, open_worker_pool("threads", workers):
        pass
    assert caught.value.code == "workers"
    assert str(workers) in caught.value.message


def test_an_unknown_executor_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigError) as caught, open_worker_pool("fibers"):
        pass
    assert caught.value.code == "executor-unknown"
    assert all(name in caught.value.hint for name in EXECUTORS)


def test_a_killed_worker_process_ends_the_work_with_an_error_that_says_so() -> None:
    with pytest.raises(UnitError) as caught, open_worker_pool("processes", 2) as pool:
        list(run_tasks(pool.executor, kill_yourself_on_three, range(6), in_flight=2))
    assert caught.value.code == "worker-died"
    assert "3" in caught.value.message


def test_worker_processes_that_do_not_answer_do_not_hold_up_the_end() -> None:
    """As when one was killed with a lock in its hands, and the other waits for that lock for ever."""
    with open_worker_pool("processes", 2) as pool:
        done = done_by(pool, [1, 2, 3, 4])
        pids = {int(one.process.rpartition(":")[2]) for one in done}
        tell(pids, signal.SIGSTOP)
        # Were they waited for, the test would be over when this lets them go on.
        rescue = threading.Timer(60, lambda: tell(pids, signal.SIGCONT))
        rescue.start()
    assert not rescue.finished.is_set()
    rescue.cancel()


@pytest.mark.slow
def test_dask_does_the_task_of_a_killed_worker_again(tmp_path: Path) -> None:
    with open_worker_pool("dask", 2) as pool:
        flag = str(tmp_path / "killed")
        started = start_task(pool.executor, kill_yourself_once, flag)
        assert started.finish().result == flag


@pytest.mark.slow
def test_two_local_dask_clusters_stand_side_by_side() -> None:
    """Neither is told, or tells, that a port is in use: warnings are errors here."""
    with open_worker_pool("dask", 1) as one, open_worker_pool("dask", 1) as other:
        assert [done.result for done in [*done_by(one, [1]), *done_by(other, [2])]] == [2, 4]


@pytest.mark.slow
def test_a_running_dask_cluster_is_used_by_its_address() -> None:
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 2, "dashboard_address": ":0"}
    with (
        distributed.LocalCluster(**options) as cluster,
        open_worker_pool("dask", None, cluster.scheduler_address) as pool,
    ):
        assert pool.workers == 4
        assert [done.result for done in done_by(pool, [4])] == [8]


@pytest.mark.slow
def test_no_dask_scheduler_is_told_with_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a second, for the sake of the test."""
    distributed = pytest.importorskip("distributed")
    client = distributed.Client
    monkeypatch.setattr(distributed, "Client", lambda address, **_: client(address, timeout="1s"))
    with (
        pytest.raises(ConfigError) as caught,
        open_worker_pool("dask", None, "tcp://127.0.0.1:1"),
    ):
        pass
    assert caught.value.code == "dask-unreachable"
    assert "tcp://127.0.0.1:1" in caught.value.message


ORPHANS = """
import os, sys, time
from closedworld.execution import open_worker_pool

if __name__ == "__main__":
    with open_worker_pool("processes", 1) as pool:
        print(pool.executor.submit(os.getpid).result(), flush=True)
        sys.stdin.read()
"""


def test_worker_processes_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    """The pipe that they inherit closes when the last of them is gone."""
    script = tmp_path / "parent.py"
    script.write_text(ORPHANS)
    with subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert int(parent.stdout.readline()) != parent.pid
        parent.kill()
        assert parent.stdout.read() == b""

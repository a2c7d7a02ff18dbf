"""Tasks on executors: bounded in flight, stopped by the first failure, nothing left at work."""

from __future__ import annotations

import contextlib
import multiprocessing
import operator
import os
import threading
from concurrent.futures import (
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any

import pytest

from closedworld.errors import ConfigError, PublishError, UnitError
from closedworld.execution import SerialExecutor, run_tasks
from closedworld.kernels.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def double(number: int) -> int:
    return 2 * number


def fail_on_three(number: int) -> int:
    if number == 3:
        raise ValueError("three is too much")
    return number


def full_disk_on_three(number: int) -> int:
    if number == 3:
        raise PublishError("output-not-writable", "no space left", "free some")
    return number


@contextlib.contextmanager
def spawned() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


EXECUTORS: dict[str, Callable[[], Executor]] = {
    "serial": SerialExecutor,
    "1 thread": lambda: ThreadPoolExecutor(1),
    "4 threads": lambda: ThreadPoolExecutor(4),
}


@pytest.fixture(params=list(EXECUTORS))
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with EXECUTORS[request.param]() as pool:
        yield pool


def results_of(
    executor: Executor, work: Callable[[int], int], tasks: list[int], in_flight: int = 3
) -> dict[int, int]:
    done = run_tasks(executor, work, tasks, in_flight=in_flight)
    return {task: one.result for task, one in done}


@pytest.mark.parametrize("in_flight", [1, 2, 7, 1000])
def test_every_task_is_done_once_and_comes_with_its_result(
    executor: Executor, in_flight: int
) -> None:
    tasks = list(range(100))
    pairs = list(run_tasks(executor, double, tasks, in_flight=in_flight))
    results = [(task, done.result) for task, done in pairs]
    assert sorted(results) == [(task, 2 * task) for task in tasks]


def test_no_tasks_give_no_results(executor: Executor) -> None:
    assert results_of(executor, double, []) == {}


def test_tasks_run_in_spawned_processes() -> None:
    with spawned() as pool:
        assert results_of(pool, operator.neg, list(range(20))) == {n: -n for n in range(20)}


def test_a_failure_names_the_task_and_keeps_the_cause(executor: Executor) -> None:
    with pytest.raises(UnitError) as caught:
        results_of(executor, fail_on_three, list(range(6)))
    assert caught.value.code == "unit-failed"
    assert caught.value.exit_code == 6
    assert "3 failed: ValueError: three is too much" in caught.value.message
    assert isinstance(caught.value.__cause__, ValueError)


def test_an_error_of_our_own_keeps_its_kind_and_says_where_in_a_note(executor: Executor) -> None:
    with pytest.raises(PublishError) as caught:
        results_of(executor, full_disk_on_three, list(range(6)))
    assert caught.value.code == "output-not-writable"
    assert caught.value.__notes__ == ["It happened in 3."]


def test_an_error_of_our_own_comes_whole_out_of_another_process() -> None:
    with spawned() as pool, pytest.raises(ConfigError) as caught:
        list(run_tasks(pool, Grid.from_resolution, ["7s"], in_flight=1))
    assert caught.value.code == "resolution-size"
    assert "'7s'" in caught.value.message
    assert "30s" in caught.value.hint
    assert "It happened in 7s." in caught.value.__notes__


def test_a_worker_process_that_dies_is_told_with_all_tasks_under_way() -> None:
    with spawned() as pool, pytest.raises(UnitError) as caught:
        results_of(pool, os._exit, [7, 8])
    assert caught.value.code == "worker-died"
    assert ": 7, 8." in caught.value.message


def test_a_pool_that_breaks_between_two_tasks_is_told() -> None:
    class Broken(SerialExecutor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            if args[1] == 2:
                raise BrokenProcessPool("a process was terminated abruptly")
            return super().submit(fn, *args, **kwargs)

    with pytest.raises(UnitError) as caught:
        results_of(Broken(), double, [1, 2], in_flight=1)
    assert caught.value.code == "worker-died"
    assert ": 2." in caught.value.message


def test_the_first_failure_stops_what_has_not_begun(executor: Executor) -> None:
    """With one task in flight, exactly those before the failure were begun."""
    begun = []

    def work(number: int) -> int:
        begun.append(number)
        return fail_on_three(number)

    with pytest.raises(UnitError):
        results_of(executor, work, list(range(100)), in_flight=1)
    assert begun == [0, 1, 2, 3]


@pytest.mark.parametrize("in_flight", [1, 3, 8])
def test_no_more_than_the_given_number_of_tasks_is_out_at_once(in_flight: int) -> None:
    """Counted from the hand-out until the result is taken."""
    out = most = 0

    class Counting(ThreadPoolExecutor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            nonlocal out, most
            out += 1
            most = max(most, out)
            return super().submit(fn, *args, **kwargs)

    with Counting(4) as pool:
        for _ in run_tasks(pool, double, list(range(50)), in_flight=in_flight):
            out -= 1
    assert most == in_flight
    assert out == 0


def test_tasks_are_handed_out_in_the_order_given() -> None:
    order = []

    def work(number: int) -> None:
        order.append(number)

    tasks = [5, 3, 9, 1]
    list(run_tasks(SerialExecutor(), work, tasks, in_flight=2))
    assert order == tasks


def test_when_the_loop_is_closed_no_task_is_at_work() -> None:
    """Nothing may write into a folder that is being removed."""
    started, release, ended = threading.Event(), threading.Event(), threading.Event()

    def work(number: int) -> int:
        if number:
            started.set()
            release.wait(60)
            ended.set()
        return number

    with ThreadPoolExecutor(2) as pool:
        results = run_tasks(pool, work, [0, 1], in_flight=2)
        assert next(results)[0] == 0
        assert started.wait(60)
        closer = threading.Thread(target=results.close)
        closer.start()
        assert not ended.is_set()
        release.set()
        closer.join(60)
        assert ended.is_set()


def test_when_a_task_fails_no_other_is_at_work() -> None:
    started, ended = threading.Event(), threading.Event()

    def work(number: int) -> None:
        if number:
            started.set()
            failed.wait(60)
            ended.set()
        else:
            started.wait(60)
            failed.set()
            raise ValueError("zero")

    failed = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        with pytest.raises(UnitError):
            list(run_tasks(pool, work, [0, 1], in_flight=2))
        assert ended.is_set()


def test_results_that_are_ready_together_come_in_the_order_of_handing_out() -> None:
    """And of two failures the same one is told of in every run."""
    tasks = [5, 3, 9, 1, 7, 2]
    results = run_tasks(SerialExecutor(), double, tasks, in_flight=len(tasks))
    assert [task for task, _ in results] == tasks
    with pytest.raises(UnitError, match="x failed"):
        list(run_tasks(SerialExecutor(), int, list("xyzuvw"), in_flight=6))


def test_an_executor_that_was_handed_in_stays_open() -> None:
    with ThreadPoolExecutor(1) as pool:
        results_of(pool, double, [1, 2])
        with pytest.raises(UnitError):
            results_of(pool, fail_on_three, [3])
        assert pool.submit(double, 4).result() == 8

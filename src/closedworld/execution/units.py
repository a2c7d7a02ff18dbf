"""Running units of work on any executor: bounded in flight, stopped by the first failure."""

from __future__ import annotations

from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from typing import TYPE_CHECKING, TypeVar

from closedworld.errors import ClosedWorldError, ConfigError, UnitError
from closedworld.execution.serial import SerialExecutor

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

Task = TypeVar("Task")
Result = TypeVar("Result")


def open_executor(workers: int) -> Executor:
    """Return a serial executor for one worker, a pool of threads for more.

    NumPy and pyarrow let go of the interpreter lock while they work, so threads do run side by side.

    Raises:
        ConfigError: ``workers``.
    """
    if workers < 1:
        raise ConfigError("workers", f"{workers} workers do no work.", "Take 1 or more.")
    if workers == 1:
        return SerialExecutor()
    return ThreadPoolExecutor(workers, thread_name_prefix="worker")


def run_tasks(
    executor: Executor,
    work: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    name: Callable[[Task], str],
    in_flight: int,
) -> Generator[tuple[Task, Result]]:
    """Yield ``(task, result)`` as tasks finish, in any order.

    When it ends, by a failure or because it was closed, no task is at work any more, so what they
    wrote can be removed; use ``contextlib.closing`` where the loop over it may fail.

    Args:
        executor: Where the work is done.
        work: Done once per task; must be importable for executors in other processes.
        tasks: In the order they are handed out.
        name: What an error calls a task.
        in_flight: Tasks handed out at once at most, so that results never pile up.

    Raises:
        UnitError: ``unit-failed``, for the first task that failed; tasks not yet begun are dropped.
        ClosedWorldError: As the task raised it, with a note that names the task.
    """
    waiting = iter(tasks)
    running: dict[Future[Result], Task] = {}
    try:
        while True:
            for task in waiting:
                running[_submitted(executor, work, task, name)] = task
                if len(running) >= in_flight:
                    break
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            # In the order of handing out: a set's order would differ from run to run.
            for future in [future for future in running if future in done]:
                task = running.pop(future)
                error = future.exception()
                if error is not None:
                    raise _failure(error, name(task))
                yield task, future.result()
    finally:
        # What has begun must end before the caller takes its folder away.
        wait([future for future in running if not future.cancel()])


def _submitted(
    executor: Executor, work: Callable[[Task], Result], task: Task, name: Callable[[Task], str]
) -> Future[Result]:
    """Return the future of a task that was handed out."""
    try:
        return executor.submit(work, task)
    except BrokenExecutor as error:
        # A worker process died since the last task came back.
        raise _failure(error, name(task)) from error


def _failure(error: BaseException, task: str) -> ClosedWorldError:
    """Return what a run fails with when a task has failed, and say which task it was."""
    if isinstance(error, ClosedWorldError):
        error.add_note(f"It happened in {task}.")
        return error
    failure = UnitError("unit-failed", f"{task} failed: {type(error).__name__}: {error}.")
    failure.__cause__ = error
    return failure

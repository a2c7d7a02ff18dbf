"""Running tasks on any executor: bounded in flight, stopped by the first failure."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from dataclasses import dataclass
from typing import Generic, TypeVar

from closedworld.errors import ClosedWorldError, UnitError
from closedworld.execution.worker import Done, perform, this_process

_LOOK_SECONDS = 5.0
"""How often to ask whether there are workers while nothing is done."""

Task = TypeVar("Task")
Result = TypeVar("Result")


def run_tasks(
    executor: Executor,
    work: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    in_flight: int,
    has_workers: Callable[[], bool] = lambda: True,
) -> Generator[tuple[Task, Done[Result]]]:
    """Yield ``(task, done)`` as tasks finish, in any order.

    When it ends, by a failure or because it was closed, no task is at work any more, so what they
    wrote can be removed; use ``contextlib.closing`` where the loop over it may fail.

    Args:
        executor: Where the work is done.
        work: Done once per task; must be importable for executors in other processes.
        tasks: In the order they are handed out; an error calls one by its ``str``.
        in_flight: Tasks handed out at once at most, so that results never pile up.
        has_workers: Asked now and then while nothing is done; False ends the work with an error, where
            a cluster would wait for new workers for ever.

    Raises:
        UnitError: ``unit-failed``, for the first task that failed, or ``worker-died``; tasks not yet
            begun are dropped.
        ClosedWorldError: As the task raised it, with a note that names the task.
    """
    waiting = iter(tasks)
    running: dict[Future[Done[Result]], Task] = {}
    try:
        while True:
            for task in waiting:
                under_way = [*map(str, running.values()), str(task)]
                running[_submitted(executor, work, task, under_way)] = task
                if len(running) >= in_flight:
                    break
            if not running:
                return
            done, _ = wait(running, _LOOK_SECONDS, return_when=FIRST_COMPLETED)
            if not done and not has_workers():
                raise _failure(
                    BrokenExecutor("no worker is left"), "", list(map(str, running.values()))
                )
            # In the order of handing out: a set's order would differ from run to run.
            for future in [future for future in running if future in done]:
                error = _error_of(future)
                if error is not None:
                    raise _failure(error, str(running[future]), list(map(str, running.values())))
                yield running.pop(future), future.result()
    finally:
        # What has begun must end before the caller takes its folder away.
        wait([future for future in running if not future.cancel()])


@dataclass(frozen=True, slots=True)
class StartedTask(Generic[Result]):
    """A task that was handed out by itself.

    Attributes:
        name: What an error calls it.
        future: Its result to be.
    """

    name: str
    future: Future[Done[Result]]

    def finish(self) -> Done[Result]:
        """Wait for the task and return what came of it.

        Raises:
            UnitError, ClosedWorldError: As ``run_tasks``.
        """
        error = _error_of(self.future)
        if error is not None:
            raise _failure(error, self.name, [self.name])
        return self.future.result()

    def give_up(self) -> None:
        """Drop the task, or wait for it when it has begun, and never mind what came of it."""
        if not self.future.cancel():
            wait([self.future])


def start_task(
    executor: Executor, work: Callable[[Task], Result], task: Task
) -> StartedTask[Result]:
    """Hand out one task beside others."""
    return StartedTask(str(task), _submitted(executor, work, task, [str(task)]))


def _submitted(
    executor: Executor,
    work: Callable[[Task], Result],
    task: Task,
    under_way: Sequence[str],
) -> Future[Done[Result]]:
    try:
        return executor.submit(perform, work, task, this_process())
    except BrokenExecutor as error:
        # A worker process died since the last task came back.
        raise _failure(error, under_way[-1], under_way) from error


def _error_of(future: Future[Done[Result]]) -> BaseException | None:
    """Wait for a task and return what it failed with, if it did."""
    try:
        return future.exception()
    except CancelledError as error:
        # Nobody here cancels what is waited for: its cluster is gone.
        return BrokenExecutor(f"the executor gave the task up: {error}")


def _failure(error: BaseException, task: str, under_way: Sequence[str]) -> ClosedWorldError:
    """Return what a run fails with when a task has failed, and say which task it was."""
    if isinstance(error, ClosedWorldError):
        error.add_note(f"It happened in {task}.")
        return error
    if not isinstance(error, Exception):
        # Ctrl-C, which all threads and processes of a terminal's job may hear, is no failure of a task.
        raise error
    if isinstance(error, BrokenExecutor):
        failure = UnitError(
            "worker-died",
            "a worker process ended in the middle of its work; under way or next: "
            f"{', '.join(under_way)}.",
            "Something killed it, most often for want of memory: take fewer --workers, or set "
            "--memory-limit. A script of your own must call it under if __name__ == '__main__'.",
        )
    else:
        failure = UnitError("unit-failed", f"{task} failed: {type(error).__name__}: {error}.")
    failure.__cause__ = error
    return failure

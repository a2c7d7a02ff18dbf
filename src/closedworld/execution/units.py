"""Running units of work on any executor: bounded in flight, stopped by the first failure."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, TypeVar

from closedworld.errors import ClosedWorldError, ConfigError, UnitError
from closedworld.execution.serial import SerialExecutor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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
) -> Iterator[tuple[Task, Result]]:
    """Yield ``(task, result)`` as tasks finish, in any order.

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
                running[executor.submit(work, task)] = task
                if len(running) >= in_flight:
                    break
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                task = running.pop(future)
                _raise_failure(future.exception(), name(task))
                yield task, future.result()
    finally:
        # What has begun must end before the caller takes its folder away.
        wait([future for future in running if not future.cancel()])


def _raise_failure(error: BaseException | None, task: str) -> None:
    """Raise what a task failed with, and say which task it was."""
    if error is None:
        return
    if isinstance(error, ClosedWorldError):
        error.add_note(f"It happened in {task}.")
        raise error
    raise UnitError("unit-failed", f"{task} failed: {type(error).__name__}: {error}.") from error

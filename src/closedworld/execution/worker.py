"""What happens in a worker: a task is done, measured, and its log records are kept for the parent."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from logging.handlers import QueueHandler
from queue import SimpleQueue
from typing import Generic, TypeVar

from closedworld.execution.meters import open_files, peak_memory_bytes

Task = TypeVar("Task")
Result = TypeVar("Result")

ROOT_LOGGER = logging.getLogger("closedworld")


@dataclass(frozen=True, slots=True)
class TaskUsage:
    """What a task took.

    Attributes:
        worker: Who did it, such as ``worker-1``, ``process-2`` or the name of a Dask worker.
        process: Host and number of the process; threads of one process share it.
        began: When it began, seconds since 1970.
        seconds: Wall time.
        cpu_seconds: Processor time of its thread.
        peak_memory_bytes: Largest resident set of the process so far.
        open_files: Files that the process had open at the end.
    """

    worker: str
    process: str
    began: float
    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    open_files: int


@dataclass(frozen=True, slots=True)
class Done(TaskUsage, Generic[Result]):
    """A task that is done, and what it took.

    Attributes:
        result: What it returned.
        log: What it logged, when its process is not the parent's.
    """

    result: Result
    log: tuple[logging.LogRecord, ...]


def perform(work: Callable[[Task], Result], task: Task, parent: str) -> Done[Result]:
    """Do a task in a worker.

    Args:
        work: Done with the task.
        task: Its argument.
        parent: ``this_process()`` of whoever hands the task out.
    """
    began, wall, cpu = time.time(), time.perf_counter(), time.thread_time()
    log: SimpleQueue[logging.LogRecord] = SimpleQueue()
    # A queue's handler makes records that can be pickled; the parent's own process hears them anyway.
    with nullcontext() if this_process() == parent else heard_by(QueueHandler(log)):
        result = work(task)
    return Done(
        result=result,
        worker=worker_name(),
        process=this_process(),
        began=began,
        seconds=time.perf_counter() - wall,
        cpu_seconds=time.thread_time() - cpu,
        peak_memory_bytes=peak_memory_bytes(),
        open_files=open_files(),
        log=tuple(log.get() for _ in range(log.qsize())),
    )


def this_process() -> str:
    """Return a name for this process that no other has on any host."""
    return f"{os.uname().nodename}:{os.getpid()}"


def worker_name() -> str:
    """Return what this worker is called."""
    # Looked up, not imported: whoever runs under Dask has it loaded.
    distributed = sys.modules.get("distributed")
    if distributed is not None:
        try:
            return f"dask-{distributed.get_worker().name}"
        except ValueError:
            pass
    if multiprocessing.parent_process() is not None:
        return multiprocessing.current_process().name.replace("SpawnProcess", "process")
    thread = threading.current_thread()
    return "main" if thread is threading.main_thread() else thread.name.replace("_", "-")


@contextmanager
def heard_by(handler: logging.Handler) -> Iterator[None]:
    """Give a handler all that closedworld logs while the block runs."""
    level = ROOT_LOGGER.level
    ROOT_LOGGER.addHandler(handler)
    ROOT_LOGGER.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        ROOT_LOGGER.setLevel(level)
        ROOT_LOGGER.removeHandler(handler)


def emit_log(done: Done[Result]) -> None:
    """Log in this process what a worker in another has logged, with the worker's name."""
    for record in done.log:
        logger = logging.getLogger(record.name)
        if logger.isEnabledFor(record.levelno):
            vars(record)["worker"] = done.worker
            logger.handle(record)

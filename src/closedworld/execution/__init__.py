"""Running tasks on any ``concurrent.futures.Executor``, and the events of a run."""

from closedworld.execution.executors import DEFAULT_NAME, open_worker_pool
from closedworld.execution.serial import SerialExecutor
from closedworld.execution.task_loop import run_tasks, start_task
from closedworld.execution.worker import Done, emit_log, worker_name
from closedworld.execution.worker_pool import WorkerPool, usable_cores

__all__ = [
    "DEFAULT_NAME",
    "Done",
    "SerialExecutor",
    "WorkerPool",
    "emit_log",
    "open_worker_pool",
    "run_tasks",
    "start_task",
    "usable_cores",
    "worker_name",
]

"""Running units of work on any ``concurrent.futures.Executor``, and the events of a run."""

from closedworld.execution.executors import (
    DEFAULT_NAME,
    Workforce,
    open_workforce,
    usable_cores,
)
from closedworld.execution.serial import SerialExecutor
from closedworld.execution.units import run_tasks, start_task
from closedworld.execution.worker import Done, tell_log, worker_name

__all__ = [
    "DEFAULT_NAME",
    "Done",
    "SerialExecutor",
    "Workforce",
    "open_workforce",
    "run_tasks",
    "start_task",
    "tell_log",
    "usable_cores",
    "worker_name",
]

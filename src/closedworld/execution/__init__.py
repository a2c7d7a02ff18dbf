"""Running units of work on any ``concurrent.futures.Executor``, and the events of a run."""

from closedworld.execution.serial import SerialExecutor
from closedworld.execution.units import open_executor, run_tasks

__all__ = ["SerialExecutor", "open_executor", "run_tasks"]

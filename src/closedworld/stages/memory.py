"""Memory as arithmetic: what the workers of a stage take, and how many of them a limit lets in.

The figures of the libraries were measured and are checked by a test (docs/decisions/0017-executors.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from closedworld.errors import ConfigError
from closedworld.execution import usable_cores
from closedworld.sanitize import byte_size

MEBIBYTE = 1 << 20

PROCESS_BYTES = 170 * MEBIBYTE
"""Interpreter and libraries of a worker process, measured."""


@dataclass(frozen=True, slots=True)
class StageMemory:
    """What a stage takes beside what the run holds anyway.

    Attributes:
        shared: Bytes once for each process that works.
        per_worker: Bytes of each worker.
        beside: Bytes of a task of another kind that one of the workers does meanwhile.
    """

    shared: int
    per_worker: int
    beside: int = 0

    def total(self, held: int, workers: int, *, in_processes: bool) -> int:
        """Return the peak of all processes together, bytes.

        Args:
            held: What this process holds before the stage.
            workers: Units done at once.
            in_processes: Whether each worker is a process of its own.
        """
        working = workers * self.per_worker + max(0, self.beside - self.per_worker)
        if in_processes:
            return held + workers * (PROCESS_BYTES + self.shared) + working
        return held + self.shared + working


def capped(
    stage: StageMemory, workers: int | None, limit: int | None, held: int, *, in_processes: bool
) -> int | None:
    """Return how many workers a stage gets: as many as asked for that a limit lets in.

    Args:
        stage: What the stage takes.
        workers: As many as asked for; None for one per core.
        limit: Most bytes of all processes together; None for no limit.
        held: What this process holds before the stage, bytes.
        in_processes: Whether each worker is a process of its own.

    Raises:
        ConfigError: ``memory-limit``, when a single one does not keep it.
    """
    if limit is None:
        return workers
    for count in range(workers or usable_cores(), 0, -1):
        if stage.total(held, count, in_processes=in_processes) <= limit:
            return count
    needed = stage.total(held, 1, in_processes=in_processes)
    raise ConfigError(
        "memory-limit",
        f"one worker needs {byte_size(needed)}, but the limit is {byte_size(limit)}.",
        "Give it more, or build fewer countries or a coarser grid.",
    )

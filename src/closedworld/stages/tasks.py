"""Tasks of a stage, and what comes of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from closedworld.datasets.partition import Partition
from closedworld.store.journal import FinishedTask
from closedworld.store.receipt import FileEntry


class Task(Protocol):
    """A piece of work; ``str`` names it, and no other task of its stage is named so."""

    @property
    def cost(self) -> int:
        """Rows that it is about; tasks of a stage are compared and added up by it."""

    @property
    def partition(self) -> Partition | None:
        """The partition that it belongs to; None when it reads for several."""


@dataclass(slots=True)
class TaskResult:
    """What became of a task.

    Attributes:
        files: Entries of the files written.
        phases: Wall seconds by phase.
    """

    files: list[FileEntry] = field(default_factory=list)
    phases: dict[str, float] = field(default_factory=dict)

    def metadata(self) -> dict[str, Any]:
        """Return what another run has to know besides the files, as JSON holds it."""
        return {}

    @classmethod
    def resumed(cls, finished: FinishedTask) -> Self:
        """Return the result of a task that a run before this one has finished."""
        return cls(files=list(finished.files))

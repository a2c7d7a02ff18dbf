"""Tasks of a stage, and what comes of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from closedworld.datasets.partition import Partition
from closedworld.kernels.typed_json import from_json, to_json
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
        content = to_json(self).items()
        return {name: own for name, own in content if name not in {"files", "phases"}}

    @classmethod
    def resumed(cls, finished: FinishedTask) -> Self:
        """Return the result of a task that a run before this one has finished."""
        result = from_json(cls, finished.metadata)
        result.files += finished.files
        return result


@dataclass(slots=True)
class DigestedResult(TaskResult):
    """What became of a task that knows all rows of a partition in some datasets.

    Attributes:
        digests: Digest of the rows of these datasets, lower-case hex.
    """

    digests: dict[str, str] = field(default_factory=dict)

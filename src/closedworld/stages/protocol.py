"""What a stage states; ``runner`` does the rest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from closedworld.config.run import RunConfig
from closedworld.config.table import EXECUTORS
from closedworld.datasets import Partition
from closedworld.datasets.parameters import Parameters, Stated
from closedworld.execution.events import Observer
from closedworld.inputs.loading import Inputs
from closedworld.kernels.records import Records
from closedworld.stages import Stage
from closedworld.stages.memory import StageMemory
from closedworld.stages.task_runner import TaskRunner
from closedworld.stages.tasks import Task, TaskResult
from closedworld.store.reading import Published
from closedworld.store.receipt import FileEntry


@dataclass(slots=True)
class Folded:
    """What the results of all tasks come to.

    Attributes:
        files: Every file.
        totals: Figures of the whole, for the receipt.
        digests: Digest of the rows of each partition in each dataset, by partition value and dataset.
        summaries: What is reported of each partition, ascending by its value.
    """

    files: list[FileEntry] = field(default_factory=list)
    totals: Stated = field(default_factory=Stated)
    digests: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    summaries: Records[Any] = field(default_factory=Records)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StageOutcome(ABC):
    """A published result of a stage.

    Attributes:
        published: Its folder and receipt.
        reused: Whether it had been published before.
        summaries: What is reported of each partition, ascending by its value.
    """

    published: Published
    reused: bool
    summaries: Records[Any]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.describe()} in {self.published.folder}>"

    def summary_lines(self, seconds: Mapping[str, float]) -> list[dict[str, Any]]:  # noqa: ARG002 -- for those that tell it
        """Return what the run report says of each partition.

        Args:
            seconds: Time of all workers by partition.
        """
        return [asdict(one) for one in self.summaries]

    def report_files(self) -> Mapping[str, str]:
        """Return further files of the run report, content by name."""
        return {}

    @abstractmethod
    def describe(self) -> str:
        """Return what was published, in a few words."""


T = TypeVar("T", bound=Task)
R = TypeVar("R", bound=TaskResult)
Outcome_co = TypeVar("Outcome_co", bound=StageOutcome, covariant=True)


class StagePlan(ABC, Generic[T, R, Outcome_co]):
    """What a stage would do, with all that it needs at hand; nothing is written yet.

    Attributes:
        stage: The stage.
        task_result: What ``write`` returns.
        processes_from: Rows from which starting processes pays; None if it never does.
        parameters: Everything that decides the content, datasets included; its hash is the identity of the
            result.
    """

    stage: ClassVar[Stage]
    task_result: ClassVar[type[TaskResult]]
    processes_from: ClassVar[int | None] = None

    parameters: Parameters

    @property
    @abstractmethod
    def partitions(self) -> tuple[Partition, ...]:
        """What was asked for: a dataset without rows of one of these gets a part file without rows."""

    @property
    @abstractmethod
    def memory(self) -> StageMemory:
        """What the stage takes beside what the run holds anyway."""

    @property
    @abstractmethod
    def row_count(self) -> int:
        """Rows of the main dataset."""

    @property
    @abstractmethod
    def task_count(self) -> int:
        """Tasks that write."""

    @property
    def executor(self) -> str:
        """Where its tasks run best, of ``config.EXECUTORS``: many short steps have threads wait for the interpreter's lock."""
        many = self.processes_from is not None and self.row_count >= self.processes_from
        return "processes" if many else EXECUTORS[0]

    @property
    def scratch_bytes(self) -> int:
        """Temporary files at most, bytes."""
        return 0

    @property
    @abstractmethod
    def write(self) -> Callable[[T], R]:
        """The function that does a task, importable in other processes.

        It raises PublishError, ``output-not-writable``.
        """

    @abstractmethod
    def tasks(self, runner: TaskRunner) -> Sequence[T]:
        """Return the tasks that write, heaviest first; rounds of other work may come before.

        Parts and bytes depend on the tasks alone, so these must not depend on workers.
        """

    @abstractmethod
    def fold(self, runner: TaskRunner, written: Iterable[tuple[T, R, bool]]) -> Folded:
        """Return what all results come to.

        Args:
            runner: Has the staging folder, for files that only the whole of a partition decides.
            written: Task, result, and whether it was the last of its partition, as they finish.
        """

    @abstractmethod
    def outcome(self, published: Published, folded: Folded | None) -> Outcome_co:
        """Return what callers get; ``folded`` is None when the result was there before."""

    def rate_of_sample(self) -> tuple[float, float] | None:
        """Return rows per second and bytes per row, from encoding a sample; None where none can be had."""
        return None

    def picture(self, path: Path, attribution: str) -> PictureTask | None:  # noqa: ARG002 -- for those that have one
        """Return what draws the result to a file while it is written; None for no picture."""
        return None


class PictureTask(Task, Protocol):
    """Draws what a stage is about to publish."""

    def draw(self) -> TaskResult:
        """Draw it.

        Raises:
            PublishError: ``output-not-writable``.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Upstream:
    """A stage that another one needs.

    Attributes:
        source: What later stages start from in memory: its plan or, in a run that begins after it, what
            its ``reopen`` returns.
        published: Its result; None in a forecast, where nothing is published.
    """

    source: Any
    published: Published | None


def hash_of(upstream: Published | None) -> str:
    """Return the identity of a result that another starts from; empty in a forecast."""
    return "" if upstream is None else upstream.receipt.parameter_hash


@dataclass(frozen=True, slots=True, eq=False)
class RunContext:
    """What a stage is planned from.

    Attributes:
        config: What was asked for; it has the options of every stage.
        inputs: Countries, grid and population.
        upstream: The stages that it needs, by name.
        observer: Told of what planning finds.
    """

    config: RunConfig
    inputs: Inputs
    upstream: Mapping[str, Upstream]
    observer: Observer

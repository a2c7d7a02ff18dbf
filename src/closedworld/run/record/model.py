"""The record of a run, as ``run_report.json`` and ``units.jsonl`` hold it: written and read as these classes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from closedworld.datasets.parameters import Parameters
from closedworld.execution.events import InputLoaded, RasterRead, Warned

P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunError:
    """What ended a run early.

    Attributes:
        code: Stable name.
        message: What happened.
        hint: What to do about it.
        notes: What else went wrong.
    """

    code: str
    message: str
    hint: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DatasetTotals:
    """Size of a published dataset.

    Attributes:
        files: Number of files.
        rows: Rows of all files.
        size_bytes: Size of all files.
    """

    files: int
    rows: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRecord:
    """What a stage made.

    Attributes:
        number: Stage number, such as ``S1``.
        name: Stage name.
        parameter_hash: Its identity.
        folder: Where it was published.
        reused: Whether it was published before.
        parameters: Everything that decided its content, as the receipt holds it.
        totals: Figures of the whole, as the receipt holds them; summaries of countries are in a file of
            their own.
        datasets: Its datasets by name.
    """

    number: str
    name: str
    parameter_hash: str
    folder: str
    reused: bool
    parameters: dict[str, Any]
    totals: dict[str, Any]
    datasets: dict[str, DatasetTotals]


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """Times, rates and memory of a run.

    Attributes:
        wall_seconds: Wall time.
        cpu_seconds: Processor time of the main process and its finished children.
        peak_memory_bytes: Largest resident set of the main process.
        rows_written: Rows written, by stage number: tiles, weights.
        rows_per_second: Rows written by all stages, per second of wall time.
        phase_seconds: Wall seconds by stage number and phase, those of all workers added up.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    rows_written: dict[str, int]
    rows_per_second: float
    phase_seconds: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRecord:
    """What a worker did of one kind of work.

    Attributes:
        stage: Stage number.
        work: Kind of work, in a word.
        worker: Name of the worker.
        process: Its process; threads of one process share it.
        units: Units it did.
        rows: Their rows.
        largest_unit_rows: Rows of the largest of them.
        wall_seconds: Wall time of the work, over all workers.
        busy_seconds: Wall time of its units of any kind in that time.
        cpu_seconds: Processor time of its units.
        idle_share: Share of the wall time in which it did nothing, not even a unit of another kind, 0..1.
        rows_per_second: Rows per busy second.
        peak_memory_bytes: Largest resident set of its process.
    """

    stage: str
    work: str
    worker: str
    process: str
    units: int
    rows: int
    largest_unit_rows: int
    wall_seconds: float
    busy_seconds: float
    cpu_seconds: float
    idle_share: float
    rows_per_second: float
    peak_memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """A task, a line of ``units.jsonl``.

    Attributes:
        stage: Stage number.
        work: Kind of work, in a word.
        unit: Its name.
        partition: Its partition, such as a country; empty when it belongs to several.
        rows: Its rows.
        worker: Name of the worker.
        process: Process of the worker.
        began_seconds: When it began, seconds from the start of the run.
        seconds: Wall time.
        phases: Wall seconds by phase.
    """

    stage: str
    work: str
    unit: str
    partition: str
    rows: int
    worker: str
    process: str
    began_seconds: float
    seconds: float
    phases: dict[str, float]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of a run.

    Attributes:
        name: Stable name.
        what: Description.
        value: The figure; None if the system does not provide it.
        limit: Upper limit; None for no limit.
        unit: ``bytes``, ``files``, ``seconds``, ``rows/s``, or ``ratio``.
    """

    name: str
    what: str
    value: float | None
    limit: float | None
    unit: str

    @property
    def passed(self) -> bool | None:
        """Whether the limit was kept; None without limit or figure."""
        return None if self.limit is None or self.value is None else self.value <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """The content of ``run_report.json``.

    Attributes:
        run_id: Name of the run.
        status: ``finished``, ``failed`` or ``interrupted``.
        error: The error that ended it early; None if there was none.
        started_at: Time in UTC, ISO 8601.
        config: The options it ran with.
        inputs: Inputs loaded.
        rasters_read: Rasters whose values were read.
        warnings: In the order given.
        stages: Results of the stages, in order.
        performance: Times, rates and memory.
        workers: Work of each worker by kind.
        acceptance: Figures with their limits.
        machine: Where it ran.
    """

    run_id: str
    status: str
    error: RunError | None
    started_at: str
    config: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[InputLoaded, ...] = ()
    rasters_read: tuple[RasterRead, ...] = ()
    warnings: tuple[Warned, ...] = ()
    stages: tuple[StageRecord, ...] = ()
    performance: Performance
    workers: tuple[WorkerRecord, ...] = ()
    acceptance: tuple[Metric, ...] = ()
    machine: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<RunRecord {self.run_id}: {self.status}, {len(self.warnings)} warnings>"

    def stage(self, name: str) -> StageRecord | None:
        """Return the result of a stage, or None if the run did not finish it."""
        return next((stage for stage in self.stages if stage.name == name), None)

    def parameters(self, kind: type[P]) -> P | None:
        """Return the parameters of a stage, or None if the run did not finish it.

        Raises:
            ValueError: They are not of this type.
        """
        stage = self.stage(kind.stage)
        return None if stage is None else kind.from_dict(stage.parameters)

    def to_dict(self) -> dict[str, Any]:
        """Return the content of ``run_report.json``."""
        metrics = [{**asdict(one), "passed": one.passed} for one in self.acceptance]
        return {**asdict(self), "acceptance": metrics}

"""What a run tells its observers: frozen records, in the order things happen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from closedworld.execution.worker import TaskUsage

INPUTS = "S0"
"""Number of what comes before the stages: opening, checking and sealing the inputs."""


@dataclass(frozen=True, slots=True)
class InputLoaded:
    """An input was read and checked.

    Attributes:
        role: ``countries``, ``raster`` or ``resolution``.
        path: The file as given; the resolution's text when there is no file.
        size_bytes: Size of the file or files, 0 without one.
        rows: Countries or raster rows.
        sha256: Digest of each file by name; empty without one.
        bytes_read: What the system was asked for to read it, its digest aside; None where it does not
            tell.
        detail: What it is, in a few words.
        seconds: Wall time.
        reader_peak_bytes: Largest resident set of the process of its own that read it; None when this one
            did.
        main_peak_bytes: Largest resident set of this process until then.
    """

    role: str
    path: str
    size_bytes: int
    bytes_read: int | None
    rows: int
    sha256: dict[str, str]
    detail: str
    seconds: float
    reader_peak_bytes: int | None = None
    main_peak_bytes: int = 0


@dataclass(frozen=True, slots=True)
class PolygonsRepaired:
    """Another invalid polygon of the input was repaired.

    Attributes:
        done: Polygons repaired so far.
        total: Polygons to repair.
    """

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Warned:
    """Something a user should know and that stops nothing.

    Attributes:
        code: Stable name.
        message: One sentence.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class EnumerationStarted:
    """The search for the tiles of the countries begins.

    Attributes:
        stage: Stage number, such as ``S1``.
        countries: How many countries.
        grid: The grid in words.
        rule: Inclusion rule.
    """

    stage: str
    countries: int
    grid: str
    rule: str


@dataclass(frozen=True, slots=True)
class EnumerationFinished:
    """All tiles are known, as runs.

    Attributes:
        stage: Stage number.
        countries: Countries with at least one tile.
        tiles: Tiles of all countries.
        runs: Runs of all countries.
        units: Tasks ahead, 0 when a published result is reused.
        seconds: Wall time.
    """

    stage: str
    countries: int
    tiles: int
    runs: int
    units: int
    seconds: float


@dataclass(frozen=True, slots=True)
class WorkStarted:
    """Tasks of one kind are handed out from now on.

    Attributes:
        stage: Stage number.
        work: What is done, in a word: ``reading``, ``weighing`` or ``writing``.
        rows: Rows of all units.
        units: Number of units.
        workers: How many are done at once.
        row_name: What a row is, in the plural, such as ``tiles``.
    """

    stage: str
    work: str
    rows: int
    units: int
    workers: int
    row_name: str


@dataclass(frozen=True, slots=True)
class TasksResumed:
    """Units that an interrupted run had finished were checked by their digests and are used.

    Attributes:
        stage: Stage number.
        units: How many.
        rows: Their rows.
        row_name: What a row is, in the plural, such as ``tiles``.
    """

    stage: str
    units: int
    rows: int
    row_name: str


@dataclass(frozen=True, slots=True)
class TaskFinished(TaskUsage):
    """A task is done; one of ``writing`` is on disk.

    Attributes:
        stage: Stage number.
        work: What was done, in a word.
        unit: Country and parts, or raster rows.
        partition: Its partition, such as a country; empty for raster rows.
        rows: Its rows.
        phases: Wall seconds by phase.
        row_name: What a row is, in the plural, such as ``tiles``.
    """

    stage: str
    work: str
    unit: str
    partition: str
    rows: int
    phases: dict[str, float]
    row_name: str


@dataclass(frozen=True, slots=True)
class PartitionFinished:
    """All units of a partition, such as a country, are on disk.

    Attributes:
        stage: Stage number.
        partition: Its value, such as ``DE``.
        rows: Its rows.
        done: Partitions finished so far, this one included.
        total: Partitions in all.
        rows_done: Rows on disk so far, of all partitions.
        rows_total: Rows of all partitions.
        seconds: Wall time since writing began.
        row_name: What a row is, in the plural, such as ``tiles``.
    """

    stage: str
    partition: str
    rows: int
    done: int
    total: int
    rows_done: int
    rows_total: int
    seconds: float
    row_name: str


@dataclass(frozen=True, slots=True)
class IndexOpened:
    """A published tile index was checked and read, as runs.

    Attributes:
        stage: Number of the stage that reads it.
        path: Its folder.
        countries: Countries with at least one tile.
        tiles: Tiles of all countries.
        runs: Runs of all countries.
        seconds: Wall time.
    """

    stage: str
    path: str
    countries: int
    tiles: int
    runs: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RasterRead:
    """The values of all tiles were read from a raster.

    Attributes:
        stage: Stage number.
        path: The raster.
        size_bytes: Its size.
        bytes_read: What the system was asked for; None where it does not tell.
        tiles: Tiles of all countries.
        missing: Tiles without a value: NODATA, NaN or masked.
        negative: Tiles with a value below zero.
        seconds: Wall time.
    """

    stage: str
    path: str
    size_bytes: int
    bytes_read: int | None
    tiles: int
    missing: int
    negative: int
    seconds: float


@dataclass(frozen=True, slots=True)
class CountryWeighed:
    """The weights of a country are decided.

    Attributes:
        stage: Stage number.
        country_iso: Its code.
        tiles: Its tiles.
        bases: For each basis the fields of ``weights.BasisSummary``.
        done: Countries decided so far, this one included.
        total: Countries in all.
    """

    stage: str
    country_iso: str
    tiles: int
    bases: tuple[dict[str, Any], ...]
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class ScratchUsed:
    """Temporary files of a stage are as large as they get.

    Attributes:
        stage: Stage number.
        size_bytes: What they take on disk.
    """

    stage: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class DatasetPublished:
    """A dataset is visible to readers.

    Attributes:
        dataset: Its name.
        path: Its folder.
        rows: Rows of all files.
        files: Number of files.
        size_bytes: Size of all files.
        seconds: Wall time of its stage.
    """

    dataset: str
    path: str
    rows: int
    files: int
    size_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class StageReused:
    """The result was already published; it was checked against its receipt and is used as it is.

    Attributes:
        stage: Stage number.
        path: Its folder.
        parameter_hash: Its identity.
        seconds: Wall time of the check.
    """

    stage: str
    path: str
    parameter_hash: str
    seconds: float


@dataclass(frozen=True, slots=True)
class PhaseFinished:
    """A phase that is not part of any unit is over.

    Attributes:
        stage: Stage number.
        phase: Such as ``spans``, ``summaries`` or ``publish``.
        seconds: Wall time.
    """

    stage: str
    phase: str
    seconds: float


Event: TypeAlias = (
    InputLoaded
    | PolygonsRepaired
    | Warned
    | EnumerationStarted
    | EnumerationFinished
    | IndexOpened
    | RasterRead
    | WorkStarted
    | TasksResumed
    | CountryWeighed
    | TaskFinished
    | PartitionFinished
    | ScratchUsed
    | DatasetPublished
    | StageReused
    | PhaseFinished
)


class Observer(Protocol):
    """Whoever wants to know what a run does; called in the run's own thread."""

    def on_event(self, event: Event) -> None:
        """Take note of an event."""


class NullObserver:
    """The observer of work that nobody watches."""

    def on_event(self, event: Event) -> None:
        """Ignore the event."""

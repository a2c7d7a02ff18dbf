"""What plans have in common that place points in countries: ranges of rows as tasks, memory, and checks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from closedworld.datasets import Partition
from closedworld.datasets.parameters import Stated
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.kernels.records import Records
from closedworld.published.cumulative_weights import CumulativeWeights
from closedworld.stages.checked_results import CheckedResult, partition_digests
from closedworld.stages.checking import CheckCounts, stage_validation
from closedworld.stages.country_source import (
    TILES_IN_MEMORY,
    CountrySource,
    HeldDomain,
    PlacingTask,
    RowRange,
)
from closedworld.stages.memory import MEBIBYTE, StageMemory
from closedworld.stages.protocol import Folded, Outcome_co, StagePlan
from closedworld.stages.runner import timed
from closedworld.stages.task_runner import TaskRunner
from closedworld.store.protocol import Storage
from closedworld.store.receipt import FileEntry

SEED_TASKS = 16
"""The heaviest tasks, which place some points with another seed: for small ones it would take as long as placing."""

DOMAIN_BYTES = 96 * MEBIBYTE
"""Polygons, blocks, towns, sites and a row group of weights of the largest country, measured."""

HELD_BYTES_PER_TILE = 4


T = TypeVar("T", bound=PlacingTask)


@dataclass(frozen=True, slots=True, eq=False)
class PlacingPlan(StagePlan[T, CheckedResult, Outcome_co]):
    """Points to place in countries.

    Attributes:
        countries: Polygons of the world.
        weights: Tiles and weights of each country; empty in a forecast.
        task_rows: Rows of a task, and so of a part file.
        row_bytes: Of a row that is placed, described, encoded and checked, measured.
        claims: What each check claims.
        invalid_code: Code of the error when a check has failed.
    """

    task_result: ClassVar[type[CheckedResult]] = CheckedResult
    processes_from: ClassVar[int | None] = 500_000
    row_bytes: ClassVar[int]
    claims: ClassVar[Mapping[str, str]]
    invalid_code: ClassVar[str]

    countries: CountrySet
    weights: Mapping[str, CumulativeWeights]
    task_rows: int

    @property
    @abstractmethod
    def rows_by_country(self) -> Mapping[str, int]:
        """Rows of each country, ascending by code."""

    @abstractmethod
    def summaries(self) -> Iterable[Any]:
        """Return what is reported of each country, in the same order."""

    @abstractmethod
    def totals(self, summaries: Sequence[Any]) -> Stated:
        """Return the totals of the receipt."""

    def check_written(
        self, folder: Storage, files: Sequence[FileEntry], counts: CheckCounts
    ) -> None:
        """Check what only the files of all tasks together show."""

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """The countries of the rows."""
        return tuple(map(Partition.of_country, self.rows_by_country))

    @property
    def row_count(self) -> int:
        """Rows of all countries."""
        return sum(self.rows_by_country.values())

    @property
    def task_count(self) -> int:
        """Tasks that write."""
        return sum(1 for _ in self.ranges())

    @property
    def memory(self) -> StageMemory:
        """What the stage takes beside what the run holds anyway."""
        rows = self.rows_by_country
        largest = min(self.task_rows, max(rows.values(), default=0))
        tiles = [len(own.spans) for iso, own in self.weights.items() if iso in rows]
        held = min(max(tiles, default=TILES_IN_MEMORY), TILES_IN_MEMORY) * HELD_BYTES_PER_TILE
        return StageMemory(0, DOMAIN_BYTES + held + largest * self.row_bytes)

    def ranges(self) -> Iterator[RowRange]:
        """Yield the rows of each task: the countries of most rows first, one task at least for each.

        The second is of a country of one task, as others of the first country wait for what the first task reads.
        """
        rows = self.rows_by_country
        found = [
            (first - min(first + self.task_rows, count), iso, number, first)
            for iso, count in rows.items()
            for number, first in enumerate(range(0, max(count, 1), self.task_rows))
        ]
        heaviest = set(sorted(found)[:SEED_TASKS])
        # The tasks of a country one after another, as it is held for them.
        ordered = sorted(found, key=lambda one: (-rows[one[1]], one[1:]))
        single = (at for at, one in enumerate(ordered) if rows[one[1]] <= self.task_rows)
        if at := next(single, 0):
            ordered.insert(1, ordered.pop(at))
        for one in ordered:
            weight, iso, number, first = one
            yield RowRange(iso, number, first, first - weight, one in heaviest)

    @abstractmethod
    def task(self, rows: RowRange, source: CountrySource, folder: Storage) -> T:
        """Return the task that places some rows of a country and writes them to the staging folder."""

    def tasks(self, runner: TaskRunner) -> Sequence[T]:
        """Return the tasks that write."""
        held, count = HeldDomain(), self.rows_by_country
        is_region = self.countries.own_codes is not None
        tasks = []
        for rows in self.ranges():
            iso = rows.country_iso
            keeps = held if count[iso] > self.task_rows else None
            source = CountrySource(self.countries[iso], self.weights[iso], is_region, keeps)
            tasks.append(self.task(rows, source, runner.staging.folder))
        return tasks

    def fold(self, runner: TaskRunner, written: Iterable[tuple[T, CheckedResult, bool]]) -> Folded:
        """Return what all results come to, once every check has passed.

        Raises:
            IntegrityError: ``sites-invalid``, ``people-invalid``: a check has failed.
        """
        folded, folder = Folded(), runner.staging.folder
        results: dict[str, dict[int, CheckedResult]] = {}
        for task, result, is_last in written:
            iso = task.partition.value
            own = results.setdefault(iso, {})
            own[task.rows.number] = result
            folded.files += result.files
            if is_last:
                # While others are at work, as rows of several files are read again.
                in_order = [own[number] for number in sorted(own)]
                folded.digests[iso] = partition_digests(folder, self.parameters.datasets, in_order)
        with timed(self.stage, "checks", runner.observer):
            counts = CheckCounts()
            for _, own in sorted(results.items()):
                for number in sorted(own):
                    counts.merge(own[number].checks)
            self.check_written(folder, folded.files, counts)
        validation = stage_validation(
            folder, self.stage.name, counts, self.claims, self.invalid_code
        )
        folded.files.append(validation)
        folded.summaries = Records.of(self.summaries())
        folded.totals = self.totals(tuple(folded.summaries))
        return folded

"""What plans have in common that place points in countries: ranges of rows as tasks, memory, and checks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from closedworld.datasets import Partition
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.published.cumulative_weights import CumulativeWeights
from closedworld.stages.checked_results import CheckedPlan
from closedworld.stages.country_source import (
    TILES_IN_MEMORY,
    CountrySource,
    HeldDomain,
    PlacingTask,
    RowRange,
)
from closedworld.stages.memory import MEBIBYTE, StageMemory
from closedworld.stages.protocol import Outcome_co
from closedworld.stages.task_runner import TaskRunner
from closedworld.store.protocol import Storage

SEED_TASKS = 16
"""The heaviest tasks, which place some points with another seed: for small ones it would take as long as placing."""

DOMAIN_BYTES = 96 * MEBIBYTE
"""Polygons, blocks, towns, sites and a row group of weights of the largest country, measured."""

HELD_BYTES_PER_TILE = 4


T = TypeVar("T", bound=PlacingTask)


@dataclass(frozen=True, slots=True, eq=False)
class PlacingPlan(CheckedPlan[T, Outcome_co]):
    """Points to place in countries.

    Attributes:
        countries: Polygons of the world.
        weights: Tiles and weights of each country; empty in a forecast.
        task_rows: Rows of a task, and so of a part file.
        row_bytes: Of a row that is placed, described, encoded and checked, measured.
    """

    processes_from: ClassVar[int | None] = 500_000
    row_bytes: ClassVar[int]

    countries: CountrySet
    weights: Mapping[str, CumulativeWeights]
    task_rows: int

    @property
    @abstractmethod
    def rows_by_country(self) -> Mapping[str, int]:
        """Rows of each country, ascending by code."""

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

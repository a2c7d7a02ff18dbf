"""Tasks that place points in a country, and what they place them by; can be sent to another process."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from threading import Lock
from typing import NamedTuple

from closedworld.datasets import Partition
from closedworld.inputs.reference.places import CountryPlaces
from closedworld.inputs.regions.country_set import Country
from closedworld.kernels.placing import Blocks, PlacingDomain, Towns
from closedworld.kernels.sampling import CountryShape, HeldWeights
from closedworld.kernels.spans import border_tiles
from closedworld.published.cumulative_weights import CumulativeWeights
from closedworld.store.protocol import Storage

TILES_IN_MEMORY = 1 << 26
"""Weights of so many tiles, 256 MiB, are held; Russia has 42 million of 30 arc-seconds."""


class HeldDomain:
    """The country that was asked for last: its other tasks need not read the weights again, nor hold them twice.

    Threads share it; tasks that come to another process share one of that process.

    Args:
        name: Which one it is, in all processes; None for a new one.
    """

    def __init__(self, name: str | None = None) -> None:
        self._name = name or uuid.uuid4().hex
        self._lock = Lock()
        self._iso = ""
        self._domain: PlacingDomain | None = None

    def __reduce__(self) -> tuple[Callable[[str], HeldDomain], tuple[str]]:
        return _held_here, (self._name,)

    def get(self, iso: str, make: Callable[[], PlacingDomain]) -> PlacingDomain:
        """Return a country, made if it is not the one that was asked for last."""
        with self._lock:
            if self._domain is None or self._iso != iso:
                self._domain = None
                self._iso, self._domain = iso, make()
            return self._domain


@lru_cache(maxsize=1)
def _held_here(name: str) -> HeldDomain:
    """Return what this process holds for the tasks of another."""
    return HeldDomain(name)


@dataclass(frozen=True, slots=True, eq=False)
class CountrySource:
    """A country of a published world.

    Attributes:
        country: Its polygons.
        weights: Its tiles and their weights.
        is_region: Whether its code is its own, so that its places are those in its polygons.
        held: What keeps the country for its next task; None if it has only one.
    """

    country: Country
    weights: CumulativeWeights
    is_region: bool
    held: HeldDomain | None = None

    def places(self) -> CountryPlaces:
        """Return its places."""
        return self.country.places(is_region=self.is_region)

    def domain(self, towns: CountryPlaces, seed: int) -> PlacingDomain:
        """Return the country as sites are placed in it.

        Args:
            towns: Its places.
            seed: Determines where sites lie.

        Raises:
            IntegrityError: ``weights-damaged``, ``file-unreadable``.
        """
        if self.held is None:
            return self._domain(towns, seed)
        domain = self.held.get(self.country.iso, lambda: self._domain(towns, seed))
        # Threads must not share prepared polygons.
        return replace(domain, shape=CountryShape(self.country.features))

    def _domain(self, towns: CountryPlaces, seed: int) -> PlacingDomain:
        spans, features = self.weights.spans, self.country.features
        # Reading weights takes longer than placing sites: once, where memory allows.
        every = self.weights.tile_weights()
        held = None
        if len(spans) <= TILES_IN_MEMORY:
            held = HeldWeights(len(spans), self.weights.total)
            every = held.fill(every)
        return PlacingDomain(
            spans,
            border_tiles(features, spans.grid),
            CountryShape(features),
            Blocks.of(spans, every),
            held or self.weights.of_runs,
            Towns.of(towns.lons, towns.lats, towns.persons),
            PlacingDomain.texture_of(spans.grid, self.country.iso, seed),
        )


class RowRange(NamedTuple):
    """The rows of a task.

    Attributes:
        country_iso: Country.
        number: Which of the country's tasks, from 0.
        first: First row in the country.
        stop: Row after the last.
        tries_seed: Whether some of them are placed with another seed as well, to see that it matters.
    """

    country_iso: str
    number: int
    first: int
    stop: int
    tries_seed: bool


@dataclass(frozen=True, slots=True, eq=False)
class PlacingTask:
    """Places some rows of a country and writes them: one part file.

    Attributes:
        rows: Which rows.
        source: The country.
        seed: Determines where points lie.
        folder: Staging folder.
    """

    rows: RowRange
    source: CountrySource
    seed: int
    folder: Storage

    @property
    def cost(self) -> int:
        """How many rows."""
        return self.rows.stop - self.rows.first

    @property
    def number(self) -> int:
        """Which of the country's tasks, from 0."""
        return self.rows.number

    @property
    def partition(self) -> Partition:
        """Country of the task."""
        return Partition.of_country(self.rows.country_iso)

    def __str__(self) -> str:
        return f"{self.rows.country_iso} {self.rows.number}"

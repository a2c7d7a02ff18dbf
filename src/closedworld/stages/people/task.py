"""A task of the people: a range of a country's cards."""

from __future__ import annotations

from dataclasses import dataclass

from closedworld.datasets import Partition
from closedworld.stages.country_source import CountrySource
from closedworld.stages.people.requirements import CountryCards
from closedworld.store.protocol import Storage
from closedworld.store.reading import Published


@dataclass(frozen=True, slots=True, eq=False)
class PeopleTask:
    """Places and writes the homes of some cards: one part file of ``cards``.

    Attributes:
        source: The country.
        sites: The published sites.
        cards: Cards of the task.
        number: Which of the country's tasks, from 0.
        seed: Determines where homes lie.
        tries_seed: Whether some of them are placed with another seed as well, to see that it matters.
        folder: Staging folder.
    """

    source: CountrySource
    sites: Published
    cards: CountryCards
    number: int
    seed: int
    tries_seed: bool
    folder: Storage

    @property
    def cost(self) -> int:
        """How many cards."""
        return len(self.cards)

    @property
    def partition(self) -> Partition:
        """Country of the task."""
        return Partition.of_country(self.cards.country_iso)

    def __str__(self) -> str:
        return f"{self.cards.country_iso} {self.number}"

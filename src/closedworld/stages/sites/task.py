"""A task of the sites: a range of a country's outlets."""

from __future__ import annotations

from dataclasses import dataclass

from closedworld.datasets import Dataset, Partition
from closedworld.stages.country_source import CountrySource
from closedworld.stages.sites.requirements import CountryMerchants
from closedworld.store.protocol import Storage


@dataclass(frozen=True, slots=True, eq=False)
class SiteTask:
    """Places and writes outlets of a country: one part file of ``sites``, and of ``merchants`` the first time.

    Attributes:
        source: The country.
        merchants: Whose outlets they are.
        before: Outlets of the first row that belong to the task before.
        cost: How many outlets.
        number: Which of the country's tasks, from 0.
        written_merchants: All merchants of the country, in its first task; None in others.
        merchants_dataset: The dataset ``merchants``.
        seed: Determines where outlets lie.
        tries_seed: Whether some of them are placed with another seed as well, to see that it matters.
        folder: Staging folder.
    """

    source: CountrySource
    merchants: CountryMerchants
    before: int
    cost: int
    number: int
    written_merchants: CountryMerchants | None
    merchants_dataset: Dataset
    seed: int
    tries_seed: bool
    folder: Storage

    @property
    def partition(self) -> Partition:
        """Country of the task."""
        return Partition.of_country(self.merchants.country_iso)

    def __str__(self) -> str:
        return f"{self.merchants.country_iso} {self.number}"

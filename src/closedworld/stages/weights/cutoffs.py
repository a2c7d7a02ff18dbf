"""The cut-offs of S2: the remainder from which on a tile gets one unit more, found in rounds of counting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict

from closedworld.execution import events
from closedworld.execution.events import Observer
from closedworld.kernels.sizes import Sizes
from closedworld.kernels.tiles import PartRange
from closedworld.kernels.weights import BasisSummary, CutoffSearch
from closedworld.stages import WEIGHTS
from closedworld.stages.task_runner import TaskRunner
from closedworld.stages.weights.masses import CountryMasses
from closedworld.stages.weights.part_files import HistogramTask, RangeMasses, count_remainders

WEIGHING = "weighing"
"""What the work is called that counts remainders."""


def find_cutoffs(
    runner: TaskRunner,
    countries: Mapping[str, CountryMasses],
    masses: Mapping[PartRange, RangeMasses],
    sizes: Sizes,
) -> dict[str, list[CutoffSearch]]:
    """Return, for each country and allocation, which remainders get the units that the quotients leave.

    Args:
        runner: Counts remainders, in rounds.
        countries: Masses by country code.
        masses: Masses of each task.
        sizes: How finely remainders are counted.
    """
    searches = {
        iso: [
            CutoffSearch(one.units, one.total, own.spans.tile_count, sizes, sample)
            for one, sample in zip(own.allocations, own.samples, strict=True)
        ]
        for iso, own in countries.items()
    }
    while any(search.query for own in searches.values() for search in own):
        tasks = [
            HistogramTask(own, queries)
            for part_range, own in masses.items()
            if any(queries := tuple(search.query for search in searches[part_range.country_iso]))
        ]
        waiting = Counter(task.partition.value for task in tasks)
        with closing(runner.map(count_remainders, tasks, WEIGHING)) as done:
            for task, result in done:
                iso, first_rank = task.partition.value, task.masses.part_range.first_rank
                for number, answer in result.histograms.items():
                    searches[iso][number].add(first_rank, answer)
                waiting[iso] -= 1
                if waiting[iso] == 0:
                    # At once: what a search has of each task goes when it advances.
                    for number in result.histograms:
                        searches[iso][number].advance()
    return searches


def basis_summaries(
    country: CountryMasses, searches: Sequence[CutoffSearch]
) -> tuple[BasisSummary, ...]:
    """Return how each basis allocated its units."""
    return tuple(
        BasisSummary(
            basis=allocation.basis.value,
            units=allocation.units,
            mass_sum=allocation.mass_sum,
            floor_sum=search.floors,
            remainder_units=allocation.units - search.floors,
            fallback=allocation.counts_as is not allocation.basis,
        )
        for allocation, search in zip(country.allocations, searches, strict=True)
    )


def emit_weighed(
    countries: Mapping[str, CountryMasses],
    bases: Mapping[str, Sequence[BasisSummary]],
    observer: Observer,
) -> None:
    """Tell what the masses of each country are and how its units were allocated."""
    for done, (iso, country) in enumerate(countries.items(), 1):
        observer.on_event(
            events.CountryWeighed(
                stage=WEIGHTS.number,
                country_iso=iso,
                tiles=country.spans.tile_count,
                bases=tuple(asdict(basis) for basis in bases[iso]),
                done=done,
                total=len(countries),
            )
        )

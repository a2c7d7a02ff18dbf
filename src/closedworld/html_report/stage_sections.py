"""Sections of the page that one stage fills, each with a template of the stage's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from closedworld.datasets.parameters import TileParameters, WeightTotals
from closedworld.html_report.payment_figures import people_figures, purchase_figures
from closedworld.html_report.site_figures import site_figures
from closedworld.published.cumulative_weights import read_cumulative_weights
from closedworld.published.tile_index import PublishedIndex
from closedworld.stages import PEOPLE, PURCHASE_STAGE, SITE_STAGE, WEIGHTS, Stage
from closedworld.store.reading import Published


def stage_sections(
    results: Mapping[str, Published], index: PublishedIndex
) -> Iterator[tuple[str, Any]]:
    """Yield ``(stage, figures)`` of the stages whose results, and those that they need, are there.

    Args:
        results: What the stages of a run published, by stage.
        index: The tiles.

    Raises:
        IntegrityError: A published result is damaged.
    """
    for stage, fill in _FILLED.items():
        if {stage.name, *stage.needs} <= results.keys():
            yield stage.name, fill(results, index)


def _sites(results: Mapping[str, Published], index: PublishedIndex) -> Any:
    sites, weights = results[SITE_STAGE.name], results[WEIGHTS.name]
    summaries = weights.totals(WeightTotals).summaries
    persons = {one.country_iso: one.persons for one in summaries if one.persons is not None}
    return site_figures(
        sites, read_cumulative_weights(weights, index), persons, are_regions=_are_regions(index)
    )


def _people(results: Mapping[str, Published], index: PublishedIndex) -> Any:
    return people_figures(results[PEOPLE.name], are_regions=_are_regions(index))


def _purchases(results: Mapping[str, Published], _: PublishedIndex) -> Any:
    return purchase_figures(results[PURCHASE_STAGE.name], results[PEOPLE.name])


def _are_regions(index: PublishedIndex) -> bool:
    return index.published.parameters(TileParameters).own_codes is not None


_FILLED: Mapping[Stage, Callable[[Mapping[str, Published], PublishedIndex], Any]] = {
    SITE_STAGE: _sites,
    PEOPLE: _people,
    PURCHASE_STAGE: _purchases,
}

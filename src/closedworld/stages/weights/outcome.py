"""What S2 gives: published weights and what is reported of them, in the receipt and to the user."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from closedworld.datasets.parameters import WeightParameters, WeightTotals
from closedworld.errors import ConfigError
from closedworld.execution.events import Warned
from closedworld.kernels.records import Records
from closedworld.kernels.weights import RasterFindings, WeightSummary, basis_in_words
from closedworld.published.lineage import nouns_of
from closedworld.sanitize import number_of
from closedworld.stages.protocol import StageOutcome
from closedworld.store.reading import Published


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TileWeights(StageOutcome):
    """Published tile weights.

    Attributes:
        published: Their folder and receipt.
        reused: Whether they had been published before.
        summaries: Summary of each country for the report, ascending by code.
    """

    summaries: Records[WeightSummary]

    def summary_lines(self, seconds: Mapping[str, float]) -> list[dict[str, Any]]:
        """Return what the run report says of each country; ``seconds`` is not part of it."""
        del seconds
        return [
            {**one.to_dict(), "zero_share": one.zero_share, "persons": one.persons}
            for one in self.summaries
        ]

    def describe(self) -> str:
        """Return a short description of the result."""
        parameters = self.published.parameters(WeightParameters)
        return (
            f"{number_of(sum(one.tiles for one in self.summaries), 'weight', 'weights')} by "
            f"{basis_in_words(parameters.basis)}, 10^{parameters.dp} in each {nouns_of(self.published)[0]}"
        )


def persons_of(published: Published) -> dict[str, float]:
    """Return the people of each country by code, from the summaries of the receipt.

    Raises:
        ConfigError: ``population-missing``.
        IntegrityError: ``receipt-unreadable``.
    """
    persons = {one.country_iso: one.persons for one in published.totals(WeightTotals).summaries}
    known = {iso: number for iso, number in persons.items() if number is not None}
    if len(known) < len(persons):
        raise ConfigError(
            "population-missing",
            f"{published.folder} has weights by {published.parameters(WeightParameters).basis}, which count "
            "no people.",
            "Build weights with --basis population.",
        )
    return known


def totals_of(
    summaries: Records[WeightSummary], raster: RasterFindings | None = None
) -> WeightTotals:
    """Return the totals of the receipt."""
    return WeightTotals(
        countries=len(summaries),
        tiles=sum(summary.tiles for summary in summaries),
        tiles_of_weight_zero=sum(summary.zero_tiles for summary in summaries),
        countries_fallback=tuple(one.country_iso for one in summaries if one.fallback),
        summaries=summaries.items,
        raster=raster,
    )


def weight_warnings(summaries: Records[WeightSummary], nouns: tuple[str, str]) -> Iterator[Warned]:
    """Yield the warnings about doubtful weights."""
    without = [summary.country_iso for summary in summaries if summary.fallback]
    if without:
        yield Warned(
            "weights-fallback",
            f"{number_of(len(without), f'{nouns[0]} has', f'{nouns[1]} have')} no population; their tiles count "
            f"as equally populated: {', '.join(without)}.",
        )
    zero_despite_mass = {one.country_iso: one.zero_tiles_with_mass for one in summaries}
    worst = max(zero_despite_mass, key=lambda iso: zero_despite_mass[iso])
    if zero_despite_mass[worst]:
        yield Warned(
            "weights-zero",
            f"{number_of(sum(zero_despite_mass.values()), 'tile has', 'tiles have')} a mass but so little of their "
            f"{nouns[0]}'s that they get weight 0, most of them in {worst} ({zero_despite_mass[worst]:,}). "
            "A larger --dp gives them one.",
        )

"""The cards of each country, checked against the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.datasets.cards import CARDS_ASKED
from closedworld.execution.events import Observer, Warned
from closedworld.inputs.cards.request import CardTable
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.inputs.tables.asked_rows import rows_between
from closedworld.inputs.tables.columns import RowProblems, first_like
from closedworld.kernels.digests import digest_of_dataset
from closedworld.kernels.spans import RowSpans
from closedworld.sanitize import one_line
from closedworld.stages.asked_areas import check_circles, check_codes, fill_circles_of_places


@dataclass(frozen=True, slots=True, eq=False)
class CountryCards:
    """Cards of a country.

    Attributes:
        country_iso: Its code.
        rows: ``CARDS_ASKED``, sorted by card.
        circles: Longitude and latitude of the centre, degrees, and radius, km, of the circle that each home must lie
            in; NaN for none; float64 (rows, 3).
    """

    country_iso: str
    rows: pa.Table
    circles: NDArray[np.float64]

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    @property
    def person_count(self) -> int:
        """Their holders."""
        first = first_like(self.rows.select(["person_id"]))
        return int(np.count_nonzero(first == np.arange(len(first))))

    def slice(self, first: int, stop: int) -> CountryCards:
        """Return some of them."""
        rows = rows_between(self.rows, first, stop)
        return CountryCards(self.country_iso, rows, self.circles[first:stop])


def require_cards(
    cards: CardTable,
    spans: Mapping[str, RowSpans],
    countries: CountrySet,
    observer: Observer,
    *,
    skip_unplaceable: bool,
) -> tuple[dict[str, CountryCards], CardTable]:
    """Return the cards of each country, ascending by code, checked against the world, and all of them.

    Args:
        cards: The cards.
        spans: Tiles of each country that has any.
        countries: Their polygons.
        observer: Told of unused columns and skipped rows.
        skip_unplaceable: Leave out rows that cannot be placed instead of refusing the table.

    Raises:
        InputError: ``cards-unplaceable``.
    """
    rows, problems = cards.rows, RowProblems([*cards.problems.found])
    circles = np.full((rows.num_rows, 3), np.nan)
    check_codes(rows, spans, problems)
    fill_circles_of_places(rows, circles, countries, problems)
    check_circles(rows, circles, spans, countries, problems)
    kept = np.ones(len(circles), np.bool_)
    kept[problems.rows()] = False
    cards = replace(cards, problems=problems).settled(skip_unplaceable=skip_unplaceable)
    circles = circles[kept]
    if cards.skipped:
        observer.on_event(Warned("cards-skipped", cards.skipped_text()))
    if cards.own_columns:
        names = ", ".join(one_line(name, 40) for name in cards.own_columns)
        observer.on_event(
            Warned(
                "cards-columns-unused",
                f"unused columns of {cards.source}, left out: {names}.",
            )
        )
    rows = cards.rows.cast(CARDS_ASKED.schema).combine_chunks()
    runs = pc.run_end_encode(rows["country_iso"].combine_chunks())
    stops = runs.run_ends.to_pylist()
    by_country = {
        iso: CountryCards(iso, rows_between(rows, first, stop), circles[first:stop])
        for iso, first, stop in zip(runs.values.to_pylist(), [0, *stops], stops, strict=False)
    }
    return by_country, cards


def digest_of_cards(by_country: Mapping[str, CountryCards]) -> str:
    """Return the digest of what was asked for, lower-case hex."""
    digests = {iso: CARDS_ASKED.digest_of(own.rows.to_batches()) for iso, own in by_country.items()}
    return digest_of_dataset(CARDS_ASKED.name, digests)

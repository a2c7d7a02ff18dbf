"""The cards of each country, checked against the world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.datasets.cards import CARDS_ASKED
from closedworld.execution.events import Warned
from closedworld.inputs.cards import CardTable
from closedworld.inputs.tables.asked_rows import rows_between
from closedworld.inputs.tables.columns import first_like, ranges_of_countries
from closedworld.sanitize import one_line
from closedworld.stages.asked_areas import settled_in_world
from closedworld.stages.placing_inputs import PlacingInputs


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
    cards: CardTable, inputs: PlacingInputs
) -> tuple[dict[str, CountryCards], CardTable]:
    """Return the cards of each country, ascending by code, checked against the world, and all of them.

    Tells of unused columns and skipped rows.

    Raises:
        InputError: ``cards-unplaceable``.
    """
    nowhere = np.full((cards.rows.num_rows, 3), np.nan)
    observer = inputs.observer
    cards, circles = settled_in_world(cards, nowhere, inputs)
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
    by_country = {
        iso: CountryCards(iso, rows_between(rows, first, stop), circles[first:stop])
        for iso, first, stop in ranges_of_countries(rows)
    }
    return by_country, cards

"""What the people give: a published result and what is reported of each country."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from closedworld.datasets.cards import CardSummary
from closedworld.datasets.parameters import PeopleTotals
from closedworld.inputs.cards import CardTable
from closedworld.inputs.tables.asked_rows import SkippedRow
from closedworld.kernels.records import Records
from closedworld.published.lineage import nouns_of
from closedworld.sanitize import number_of
from closedworld.stages.protocol import StageOutcome


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PublishedPeople(StageOutcome):
    """Published cards and where their holders live and work.

    Attributes:
        published: Their folder and receipt.
        reused: Whether they had been published before.
        summaries: Summary of each country for the report, ascending by code.
        skipped: Rows of the table of cards that were left out, in its order.
    """

    summaries: Records[CardSummary]
    skipped: tuple[SkippedRow, ...] = ()

    def report_files(self) -> Mapping[str, str]:
        """Return the list of rows that were left out, if any were."""
        return CardTable.skipped_file(self.skipped)

    def describe(self) -> str:
        """Return a short description of the result."""
        totals = self.published.totals(PeopleTotals)
        return (
            f"{number_of(totals.cards, 'card', 'cards')} of "
            f"{number_of(totals.persons, 'person', 'people')} in "
            f"{number_of(len(self.summaries), *nouns_of(self.published))}"
        )

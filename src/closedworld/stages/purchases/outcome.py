"""What the purchases give: a published result and what is reported of each day."""

from __future__ import annotations

from dataclasses import dataclass

from closedworld.datasets.parameters import PurchaseTotals
from closedworld.datasets.purchases import DaySummary
from closedworld.kernels.records import Records
from closedworld.sanitize import number_of
from closedworld.stages.protocol import StageOutcome


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PublishedPurchases(StageOutcome):
    """Published purchases, stays and labels.

    Attributes:
        published: Their folder and receipt.
        reused: Whether they had been published before.
        summaries: Summary of each day for the report, ascending.
    """

    summaries: Records[DaySummary]

    def describe(self) -> str:
        """Return a short description of the result."""
        totals = self.published.totals(PurchaseTotals)
        share = 100 * totals.fraud / max(totals.purchases, 1)
        return (
            f"{number_of(totals.purchases, 'purchase', 'purchases')} with "
            f"{number_of(totals.cards, 'card', 'cards')} in {number_of(totals.days, 'day', 'days')}, "
            f"{totals.fraud:,} of them fraud ({share:.2f}%)"
        )

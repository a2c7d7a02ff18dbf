"""The accounts of the countries' weights: in the receipt, read back from it, and what they warn of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedworld.errors import IntegrityError
from closedworld.execution import events
from closedworld.text import number_of
from closedworld.weights import WeightSummary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedworld.datasets import Published
    from closedworld.execution.events import Observer


def sealed_summaries(published: Published) -> tuple[WeightSummary, ...]:
    """Return the accounts of the countries that a receipt holds.

    Raises:
        IntegrityError: ``receipt-unreadable``.
    """
    try:
        return tuple(map(WeightSummary.from_dict, published.receipt.totals["summaries"]))
    except (KeyError, TypeError) as error:
        raise IntegrityError(
            "receipt-unreadable",
            f"the receipt of {published.folder} has no accounts of its countries: {error}.",
            "Delete the folder and build it again.",
        ) from error


def totals_of(summaries: Sequence[WeightSummary]) -> dict[str, Any]:
    """Return the totals of the receipt."""
    return {
        "countries": len(summaries),
        "tiles": sum(summary.tiles for summary in summaries),
        "tiles_of_weight_zero": sum(summary.zero_tiles for summary in summaries),
        "countries_fallback": [one.country_iso for one in summaries if one.fallback],
        "summaries": [summary.to_dict() for summary in summaries],
    }


def warn_of(summaries: Sequence[WeightSummary], observer: Observer) -> None:
    """Tell what a user should know about the weights."""
    without = [summary.country_iso for summary in summaries if summary.fallback]
    if without:
        observer.on_event(
            events.Warned(
                "weights-fallback",
                f"{number_of(len(without), 'country', 'countries')} without mass, which count as "
                f"uniform: {', '.join(without)}.",
            )
        )
    starved = {one.country_iso: one.zero_tiles_with_mass for one in summaries}
    worst = max(starved, key=lambda iso: starved[iso])
    if starved[worst]:
        observer.on_event(
            events.Warned(
                "weights-zero",
                f"{sum(starved.values()):,} tiles have a mass but so little of their country's that "
                f"they get weight 0, most of them in {worst} ({starved[worst]:,}). "
                "A larger --dp gives them one.",
            )
        )

"""The accounts of the countries' weights: in the receipt, read back from it, and what they warn of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedworld.errors import IntegrityError
from closedworld.execution import events
from closedworld.kernels.weights import WeightSummary
from closedworld.sanitize import number_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedworld.execution.events import Observer
    from closedworld.store.reading import Published


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
    zero_despite_mass = {one.country_iso: one.zero_tiles_with_mass for one in summaries}
    worst = max(zero_despite_mass, key=lambda iso: zero_despite_mass[iso])
    if zero_despite_mass[worst]:
        observer.on_event(
            events.Warned(
                "weights-zero",
                f"{sum(zero_despite_mass.values()):,} tiles have a mass but so little of their country's that "
                f"they get weight 0, most of them in {worst} ({zero_despite_mass[worst]:,}). "
                "A larger --dp gives them one.",
            )
        )

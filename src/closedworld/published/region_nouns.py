"""What the regions of a result are called: countries, or regions with codes of their own."""

from __future__ import annotations

from closedworld.errors import IntegrityError
from closedworld.store.paths import stage_folder
from closedworld.store.reading import Published, result_in

COUNTRY = ("country", "countries")
REGION = ("region", "regions")

_SOURCES = ("people", "sites", "weights", "tiles")


def nouns_of(published: Published) -> tuple[str, str]:
    """Return ``(one, many)``: regions where the tiles that a result goes back to have them, else countries.

    A result whose sources do not lie beside it has countries.
    """
    parameters = published.receipt.parameters
    if parameters.get("regions") == "any":
        return REGION
    for stage in _SOURCES:
        digits = str(parameters.get(f"{stage}_parameter_hash", ""))
        if digits.isalnum():
            try:
                source = result_in(stage_folder(published.output, stage, digits))
            except (IntegrityError, OSError):
                return COUNTRY
            return COUNTRY if source is None else nouns_of(source)
    return COUNTRY

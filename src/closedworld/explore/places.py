"""Names of places to search for and to show on the map."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any

import numpy as np

from closedworld.explore.packing import packed_numbers
from closedworld.inputs.reference.places import country_places
from closedworld.sanitize import one_line

PER_DEGREE = 1000
"""Steps of coordinates."""


def packed_places(countries: Sequence[str], names: Sequence[str], most: int) -> dict[str, Any]:
    """Return the largest bundled places of some countries, the largest first.

    Args:
        countries: Codes of the countries of the page, in its order.
        names: Their names.
        most: Places at most.

    Returns:
        ``columns``: ``name``, ``country`` and coordinates; ``known``: places that there are.
    """
    every = [country_places(iso) for iso in countries]
    found = heapq.nlargest(
        most,
        (
            (int(persons), -number, -index)
            for number, own in enumerate(every)
            for index, persons in enumerate(own.persons_listed.tolist())
            if not own.is_part[index]
        ),
    )
    chosen = [(-number, -index) for _, number, index in found]
    lons, lats = (
        np.array([getattr(every[number], name)[index] for number, index in chosen], float)
        for name in ("lons", "lats")
    )
    own = [one_line(every[number].names[i].as_py()) for number, i in chosen]
    country = np.array([number + 1 for number, _ in chosen], np.int64)
    return {
        "columns": {
            "name": {**packed_numbers(np.arange(1, len(own) + 1)), "names": own},
            "country": {**packed_numbers(country), "names": list(names)},
            "lon": packed_numbers(lons, per=PER_DEGREE),
            "lat": packed_numbers(lats, per=PER_DEGREE),
        },
        "known": sum(int((~own.is_part).sum()) for own in every),
    }

"""Names of places to search for and to show on the map."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any

import numpy as np

from closedworld.explore.packing import deltas, packed
from closedworld.inputs.reference.places import country_places
from closedworld.sanitize import one_line

DEGREES = 1e-3


def packed_places(countries: Sequence[str], most: int) -> dict[str, Any]:
    """Return the largest bundled places of some countries, the largest first.

    Args:
        countries: Codes of the countries of the page, in its order.
        most: Places at most.

    Returns:
        ``names``, with line feeds between; ``countries``: number of each one's; ``lons`` and ``lats``:
        differences, steps of ``DEGREES``; ``known``: places that there are.
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
    return {
        "names": "\n".join(one_line(every[number].names[i].as_py()) for number, i in chosen),
        "countries": packed(np.array([number for number, _ in chosen], np.int64)),
        "degrees": DEGREES,
        "lons": packed(deltas(np.rint(lons / DEGREES).astype(np.int64))),
        "lats": packed(deltas(np.rint(lats / DEGREES).astype(np.int64))),
        "known": sum(int((~own.is_part).sum()) for own in every),
    }

"""Local hours and zones of purchases."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from zoneinfo import available_timezones

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.inputs.reference.places import country_places
from closedworld.inputs.reference.time_zones import time_zones
from closedworld.worlds.scoring.numbering import Numbering

_DAY, _HOUR = 86_400.0, 3_600.0


def zones_at(
    zones: Numbering,
    isos: Sequence[str],
    country: NDArray[np.int16],
    lons: NDArray[np.float64],
    lats: NDArray[np.float64],
) -> NDArray[np.int32]:
    """Return the number of the time zone at each point, int32 (n,); -1 where no country is.

    Args:
        zones: Gets the names.
        isos: Codes of the countries by number.
        country: Number of the country at each point, int16 (n,); negative for none.
        lons: Degrees, float64 (n,).
        lats: Degrees, float64 (n,).
    """
    found = np.full(len(lons), -1, np.int32)
    for number in np.unique(country[country >= 0]).tolist():
        here = np.flatnonzero(country == number)
        names = time_zones(country_places(isos[number]), lons[here], lats[here])
        found[here] = zones.of(pa.chunked_array([names]))
    return found


def local_seconds(
    zones: Numbering, zone: NDArray[np.int32], utc: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return local times as seconds since 1970, float64 (n,); NaN without a zone that the tz database has."""
    found = np.full(len(utc), np.nan)
    names = zones.names
    usable = np.isfinite(utc)
    for number in np.unique(zone[(zone >= 0) & usable]).tolist():
        if names[number] in _known():
            here = np.flatnonzero((zone == number) & usable)
            found[here] = _to_local(names[number], utc[here])
    return found


def hours_of(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the hour of the day with its fraction, 0 <= hour < 24."""
    hours: NDArray[np.float64] = np.mod(seconds, _DAY) / _HOUR
    return hours


def _to_local(name: str, utc: NDArray[np.float64]) -> NDArray[np.float64]:
    whole = np.floor(utc)
    stamps = pa.array(whole.astype(np.int64), pa.timestamp("s", name))
    local: NDArray[np.int64] = pc.local_timestamp(stamps).cast(pa.int64()).to_numpy()
    return local + (utc - whole)


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())

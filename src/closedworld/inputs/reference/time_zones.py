"""The time zone of a point."""

from __future__ import annotations

import functools
import importlib.metadata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tzfpy

from closedworld.inputs.reference.places import CACHED, CountryPlaces, points
from closedworld.inputs.reference.registry import bundled, bundled_rows
from closedworld.kernels.nearest import Discs, nearest_label
from closedworld.kernels.sphere import to_xyz

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CountryZones:
    """Time zones of a country, in the order of the tz database.

    Attributes:
        tzids: Names such as ``Europe/Berlin``.
        lons: float64 (n,), degrees, the principal place of each zone.
        lats: float64 (n,), degrees.
    """

    tzids: tuple[str, ...]
    lons: Floats
    lats: Floats


@functools.cache
def _zones() -> Mapping[str, CountryZones]:
    rows = defaultdict(list)
    for row in bundled_rows("time_zones.csv"):
        rows[row["country_iso"]].append((row["tzid"], float(row["lon"]), float(row["lat"])))
    return {
        code: CountryZones(
            tuple(tzid for tzid, _, _ in zones),
            np.asarray([lon for _, lon, _ in zones]),
            np.asarray([lat for _, _, lat in zones]),
        )
        for code, zones in rows.items()
    }


def zones_of(countries: Sequence[str]) -> CountryZones:
    """Return the time zones of some countries, in their order; each country has at least one."""
    own = [_zones()[iso] for iso in countries]
    # A zone may be listed for several countries.
    tzids = [tzid for one in own for tzid in one.tzids]
    first = [tzids.index(tzid) for tzid in dict.fromkeys(tzids)]
    lons, lats = np.concatenate([(one.lons, one.lats) for one in own], axis=1)
    return CountryZones(tuple(tzids[k] for k in first), lons[first], lats[first])


def country_of_zone(tzid: str) -> str:
    """Return the first country by code that has a time zone."""
    return next(code for code, zones in sorted(_zones().items()) if tzid in zones.tzids)


def time_zone_versions() -> dict[str, str]:
    """Return the versions on which `time_zones` depends, by name."""
    return {
        "places.parquet": bundled("places.parquet").version,
        "time_zones.csv": bundled("time_zones.csv").version,
        "tzfpy": importlib.metadata.version("tzfpy"),
        "tzfpy_data": tzfpy.data_version(),
    }


def _zone_numbers(zones: CountryZones, lons: Floats, lats: Floats) -> npt.NDArray[np.int64]:
    """Return the first zone of the country that covers each point, int64 (n,), -1 if none does."""
    numbers = {tzid: number for number, tzid in enumerate(zones.tzids)}

    def first(names: list[str]) -> int:
        return min((numbers[name] for name in names if name in numbers), default=-1)

    east = np.where(lons > 180.0, lons - 360.0, lons)  # noqa: PLR2004
    # get_tz takes a third of the time and names one of the zones that get_tzs lists (so it was at 7 million points);
    # if that is the first of the country, no other comes before it.
    one = map(tzfpy.get_tz, east.tolist(), lats.tolist())
    is_other = np.fromiter(map(zones.tzids[0].__ne__, one), np.bool_, lons.size)
    others = np.flatnonzero(is_other)
    covering = map("\n".join, map(tzfpy.get_tzs, east[others].tolist(), lats[others].tolist()))
    # Points are many, and different sets of zones few.
    sets = pa.array(covering, pa.string(), size=others.size).dictionary_encode()
    found = np.array([first(names.split("\n")) for names in sets.dictionary.to_pylist()], np.int64)
    first_zones = np.zeros(lons.size, np.int64)
    first_zones[others] = found[sets.indices.to_numpy()]
    return first_zones


@functools.lru_cache(maxsize=CACHED)
def _zone_places(places: CountryPlaces) -> tuple[Discs, npt.NDArray[np.int64]]:
    """Return places that lie in a zone of their countries, and the numbers of the zones."""
    zones = zones_of(places.countries)
    numbers = _zone_numbers(zones, places.lons, places.lats)
    inside = numbers >= 0
    if not inside.any():
        return points(to_xyz(zones.lons, zones.lats)), np.arange(len(zones.tzids))
    return points(to_xyz(places.lons[inside], places.lats[inside])), numbers[inside]


def time_zones(places: CountryPlaces, lons: Floats, lats: Floats) -> pa.StringArray:
    """Return the time zone of every point, one that the tz database lists for the country.

    Of several zones that cover a point, the first in the order of the tz database. Where none of the country's
    covers it, the zone of the nearest place of the country. A region has the zones of the countries of its places.

    Args:
        places: Places of the country or region of all points.
        lons: Degrees, float64 (n,), -180..360.
        lats: Degrees, float64 (n,).

    Returns:
        Names of zones, such as ``Europe/Berlin``, (n,).
    """
    zones = zones_of(places.countries)
    numbers = np.zeros(lons.size, dtype=np.int64)
    if len(zones.tzids) > 1:
        numbers = _zone_numbers(zones, lons, lats)
        outside = np.flatnonzero(numbers < 0)
        if outside.size:
            xyz = to_xyz(lons[outside], lats[outside])
            one_group = np.zeros(outside.size, np.int64)
            numbers[outside] = nearest_label(one_group, xyz, *_zone_places(places))
    return pa.array(zones.tzids, pa.string()).take(pa.array(numbers))

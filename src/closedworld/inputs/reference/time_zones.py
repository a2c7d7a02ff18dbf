"""The time zone of a point."""

from __future__ import annotations

import csv
import functools
import importlib.metadata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tzfpy

from closedworld.inputs.reference.places import country_places, points
from closedworld.inputs.reference.registry import bundled
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
    with bundled("time_zones.csv").path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            rows[row["country_iso"]].append((row["tzid"], float(row["lon"]), float(row["lat"])))
    return {
        code: CountryZones(
            tuple(tzid for tzid, _, _ in zones),
            np.asarray([lon for _, lon, _ in zones]),
            np.asarray([lat for _, _, lat in zones]),
        )
        for code, zones in rows.items()
    }


def country_zones(country_iso: str) -> CountryZones:
    """Return the time zones of a country, at least one."""
    return _zones()[country_iso]


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
        if len(names) == 1:
            return numbers.get(names[0], -1)
        return min((numbers[name] for name in names if name in numbers), default=-1)

    east = np.where(lons > 180.0, lons - 360.0, lons)  # noqa: PLR2004
    covering = map(tzfpy.get_tzs, east.tolist(), lats.tolist())
    return np.fromiter(map(first, covering), dtype=np.int64, count=lons.size)


@functools.cache
def _zone_places(country_iso: str) -> tuple[Discs, npt.NDArray[np.int64]]:
    """Return places that lie in a zone of their country, and the numbers of the zones."""
    zones, places = country_zones(country_iso), country_places(country_iso)
    numbers = _zone_numbers(zones, places.lons, places.lats)
    inside = numbers >= 0
    if not inside.any():
        return points(to_xyz(zones.lons, zones.lats)), np.arange(len(zones.tzids))
    return points(to_xyz(places.lons[inside], places.lats[inside])), numbers[inside]


def time_zones(country_iso: str, lons: Floats, lats: Floats) -> pa.StringArray:
    """Return the time zone of every point, one that the tz database lists for the country.

    Of several zones that cover a point, the first in the order of the tz database. Where none of the country's
    covers it, the zone of the nearest place of the country.

    Args:
        country_iso: The country of all points, two letters.
        lons: Degrees, float64 (n,), -180..360.
        lats: Degrees, float64 (n,).

    Returns:
        Names of zones, such as ``Europe/Berlin``, (n,).
    """
    zones = country_zones(country_iso)
    numbers = np.zeros(lons.size, dtype=np.int64)
    if len(zones.tzids) > 1:
        numbers = _zone_numbers(zones, lons, lats)
        outside = np.flatnonzero(numbers < 0)
        if outside.size:
            xyz = to_xyz(lons[outside], lats[outside])
            one_group = np.zeros(outside.size, np.int64)
            numbers[outside] = nearest_label(one_group, xyz, *_zone_places(country_iso))
    return pa.array(zones.tzids, pa.string()).take(pa.array(numbers))

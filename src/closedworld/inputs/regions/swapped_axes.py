"""Notices polygons that lie far from their countries or have x and y exchanged, by the places of time zones."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.errors import GeometryError
from closedworld.inputs.reference.registry import bundled_rows
from closedworld.inputs.regions.country_codes import name_of
from closedworld.inputs.regions.country_set import Country, Note
from closedworld.inputs.regions.problems import Problem
from closedworld.sanitize import listed

# More than this share of the countries must have their places only with x and y exchanged.
_SHARE = 0.5
_OUTWARDS = np.array([-1.0, -1.0, 1.0, 1.0])
_QUARTER_TURN = 90.0
_NEAR_DEGREES = 1.0
_FAR_DEGREES = 10.0
_LEAST_ELSEWHERE = 3


def check_axes(countries: Sequence[Country]) -> list[Problem]:
    """Return the problem of countries that lie where they belong only when x and y are exchanged, if they do.

    The bounds of a country's polygons are asked whether they hold a place of it: the main one of a time zone.
    """
    places = _places()
    swapped = []
    for country in countries:
        if country.iso in places:
            bounds = shapely.bounds(shapely.get_parts(list(country.features)))
            own = places[country.iso]
            near = bounds + _NEAR_DEGREES * _OUTWARDS
            # Beyond 90 no longitude is a latitude.
            may_be = np.abs(bounds).max() <= _QUARTER_TURN
            if may_be and not _hold(near, own) and _hold(bounds, own[:, ::-1]):
                swapped.append(country.iso)
    if len(swapped) <= _SHARE * len(countries):
        return []
    return [
        Problem(
            GeometryError,
            "coordinates-swapped",
            f"latitude and longitude are swapped: {listed(tuple(swapped), 10)} would lie where they belong with x "
            "and y exchanged.",
            "x must be the longitude: ogr2ogr -dialect sqlite -sql 'SELECT SwapCoordinates(geometry), * FROM layer' "
            "out.gpkg in.gpkg",
        )
    ]


def elsewhere(countries: Sequence[Country]) -> list[Note]:
    """Return what to say when most countries lie far from all their places, as states do whose codes look like theirs."""
    places = _places()
    known = [country for country in countries if country.iso in places]
    far = []
    for country in known:
        bounds = shapely.bounds(shapely.get_parts(list(country.features)))
        around = bounds + _FAR_DEGREES * _OUTWARDS
        turns = [places[country.iso] + np.array([turn, 0.0]) for turn in (-360.0, 0.0, 360.0)]
        if not _hold(around, np.concatenate(turns)):
            far.append(f"{country.iso} ({name_of(country.iso)})")
    if len(far) < _LEAST_ELSEWHERE or len(far) <= _SHARE * len(known):
        return []
    message = (
        f"{listed(tuple(far), 10)} lie more than {_FAR_DEGREES:g} degrees from any town of theirs. If the codes "
        "are those of states or other regions, pass --regions any --code-column NAME."
    )
    return [Note("elsewhere", "", message)]


def _hold(bounds: NDArray[np.float64], points: NDArray[np.float64]) -> bool:
    """Return whether any of some bounds, (n, 4), hold any of some points, (m, 2)."""
    west, south, east, north = bounds.T[:, :, None]
    x, y = points.T
    return bool(((west <= x) & (x <= east) & (south <= y) & (y <= north)).any())


@functools.cache
def _places() -> Mapping[str, NDArray[np.float64]]:
    """Return the main places of the time zones of each country, float64 (n, 2): longitude and latitude."""
    places: dict[str, list[tuple[float, float]]] = {}
    for row in bundled_rows("time_zones.csv"):
        places.setdefault(row["country_iso"], []).append((float(row["lon"]), float(row["lat"])))
    return MappingProxyType({iso: np.array(points) for iso, points in places.items()})

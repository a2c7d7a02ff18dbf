"""Where people work: at a site some way from home, rather where many sites are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.nearest import Discs, nearest
from closedworld.kernels.placing.site_numbers import uniform
from closedworld.kernels.sampling.random_streams import Keys, keyed_words
from closedworld.kernels.sphere import EARTH_RADIUS_KM, sine_cosine, to_xyz

DISTANCES_KM = (0.3, 1.5, 3.0, 5.0, 7.5, 11.0, 16.0, 26.0, 60.0)
"""Straight lines from home to work: the least, the eighths, the most. Figures of no one's data: a median of 7.5 km and one
of eight beyond 26 km is what surveys of rich countries tell, roughly."""

DIRECTIONS = 6
"""Points round the home that are looked at, evenly spread from a random direction."""

_KM_PER_DEGREE = EARTH_RADIUS_KM * np.pi / 180
_CHUNK = 1 << 17


def work_sites(
    lons: NDArray[np.float64],
    lats: NDArray[np.float64],
    keys: Keys,
    site_lons: NDArray[np.float64],
    site_lats: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Return the site where each person works; it depends on the person's home and key and on the sites alone.

    A distance is drawn, and a direction. Of the points at that distance in this direction and in those that divide
    the circle evenly, the one nearest to a site counts, and the person works at that site: where sites are dense,
    a point is near to one.

    Args:
        lons: Longitudes of homes, degrees, float64 (n,).
        lats: Latitudes of homes, degrees, float64 (n,).
        keys: Key of each person, uint32 (n, 4).
        site_lons: Longitudes of sites, degrees, float64 (m,), at least one.
        site_lats: Latitudes of sites, degrees, float64 (m,).

    Returns:
        Positions of sites, int64 (n,).
    """
    sites = to_xyz(site_lons, site_lats)
    discs = Discs(np.zeros(len(site_lons), np.int64), sites, np.zeros(len(site_lons)))
    found = np.empty(len(lons), np.int64)
    for begin in range(0, len(lons), _CHUNK):
        some = slice(begin, begin + _CHUNK)
        found[some] = _work_sites(lons[some], lats[some], keys[some], discs)
    return found


def _work_sites(
    lons: NDArray[np.float64], lats: NDArray[np.float64], keys: Keys, discs: Discs
) -> NDArray[np.int64]:
    words = keyed_words(keys, np.array(0, np.uint64), np.array(0, np.uint64))
    # Not by np.interp, which may round otherwise on another processor.
    part, km = uniform(*words[:2]) * (len(DISTANCES_KM) - 1), np.array(DISTANCES_KM)
    eighth = part.astype(np.int64)
    far = km[eighth] + (part - eighth) * (km[eighth + 1] - km[eighth])
    first = uniform(*words[2:]) * 360.0
    _, narrow = sine_cosine(lats)
    best, least = np.zeros(len(lons), np.int64), np.full(len(lons), np.inf)
    for direction in range(DIRECTIONS):
        east, north = sine_cosine(first + direction * (360.0 / DIRECTIONS))
        # Beyond 84 degrees a kilometre is no longer a small step of longitude.
        x = lons + far * east / (_KM_PER_DEGREE * np.maximum(narrow, 0.1))
        y = np.clip(lats + far * north / _KM_PER_DEGREE, -90.0, 90.0)
        site, away = nearest(np.zeros(len(lons), np.int64), to_xyz(x, y), discs)
        nearer = away < least
        best[nearer], least[nearer] = site[nearer], away[nearer]
    return best

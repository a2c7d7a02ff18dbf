"""How a country's people are laid over its cells: places, countryside, whole persons.

All distances are straight lines between points on a sphere of 6371 km, which at the ranges used
here (under 300 km) differ from the arc by less than 0.01 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

EARTH_KM = 6371.0
CITY_DENSITY = 4000.0  # persons per km2; turns a city's population into the radius of its footprint
LARGEST_SECTION = 0.5  # of the persons of its city; a larger neighbour is a town of its own
KEPT_IN_CENTRE = 0.1  # share of a city that stays at its own point when its sections hold the rest
KERNEL_BASE_KM = 3.0  # decay length of a village: most people within the cell or the next one
KERNEL_PER_RADIUS = 0.4  # added per km of footprint radius
KERNEL_REACH = 5.0  # decay lengths after which the kernel is cut, exp(-5) = 0.7 %
STRAY_KM = 50.0  # a place farther than this from its country's cells is dropped
LARGEST_PLACE_SHARE = 0.95  # hamlets under 500 persons are in no list, so some people live outside
RURAL_NEIGHBOURS = 8
RURAL_KM = (8.0, 40.0)  # bounds of the decay length of the countryside

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Places:
    """Populated places of one country; arrays of one length.

    Attributes:
        xyz: float64 (n, 3), km from the centre of the Earth.
        persons: float64 (n,), persons.
    """

    xyz: Floats
    persons: Floats


@dataclass(frozen=True, slots=True)
class Land:
    """Cells of one country; arrays of one length, ascending cell id.

    Attributes:
        xyz: float64 (n, 3), cell centres, km from the centre of the Earth.
        area_km2: float64 (n,), area of the cell that lies in the country, greater than zero.
    """

    xyz: Floats
    area_km2: Floats


def to_xyz(lon: Floats, lat: Floats) -> Floats:
    """Return points on the sphere, float64 (n, 3), km, for degrees of longitude and latitude."""
    lam, phi = np.radians(lon), np.radians(lat)
    flat = np.cos(phi)
    return EARTH_KM * np.stack([flat * np.cos(lam), flat * np.sin(lam), np.sin(phi)], axis=-1)


def footprint_km(persons: Floats) -> Floats:
    """Return the radius in km of the disc that ``persons`` fill at the density of a city."""
    return np.sqrt(persons / (np.pi * CITY_DENSITY))


def without_sections(places: Places) -> Places:
    """Return the places with each person counted once.

    GeoNames lists a city and its boroughs side by side, each with its own count, and the data at
    hand carries no feature code to tell them apart. A place inside another's footprint with at most
    half its persons counts as a section of it (twin towns do not). From the smallest to the largest
    place, the persons left to its sections are taken off it; a tenth stays.
    """
    total = places.persons
    left = total.copy()
    tree = cKDTree(places.xyz)
    near = tree.query_ball_point(places.xyz, footprint_km(total), return_sorted=True)
    for i in np.argsort(total, kind="stable"):
        inside = np.asarray(near[i], dtype=np.int64)
        sections = inside[total[inside] <= LARGEST_SECTION * total[i]]
        left[i] = max(total[i] - left[sections].sum(), KEPT_IN_CENTRE * total[i])
    return Places(places.xyz, left)


def spread_places(places: Places, land: Land) -> tuple[Floats, int]:
    """Lay every place over the cells around it, never outside the country.

    Returns:
        Persons per cell, float64 (cells,), and the number of places dropped because no cell of
        their country lies within ``STRAY_KM``.
    """
    persons = np.zeros(land.area_km2.size)
    if places.persons.size == 0:
        return persons, 0
    tree = cKDTree(land.xyz)
    decay = KERNEL_BASE_KM + KERNEL_PER_RADIUS * footprint_km(places.persons)
    near = tree.query_ball_point(places.xyz, KERNEL_REACH * decay, return_sorted=True)
    nearest_km, nearest = tree.query(places.xyz)
    dropped = 0
    for i, cells in enumerate(near):
        if not cells:
            if nearest_km[i] <= STRAY_KM:
                persons[nearest[i]] += places.persons[i]
            else:
                dropped += 1
            continue
        distance = np.linalg.norm(land.xyz[cells] - places.xyz[i], axis=1)
        weight = land.area_km2[cells] * np.exp(-distance / decay[i])
        persons[cells] += places.persons[i] * weight / weight.sum()
    return persons, dropped


def countryside(places: Places, land: Land) -> Floats:
    """Return weights, float64 (cells,), for the people who live in no listed place.

    A weight is the cell's land times the sum over its eight nearest places of
    sqrt(persons) x exp(-distance / length); the length is 1.5 times the upper quartile of the
    distance from a place to the next one. Deserts and ice stay nearly empty, farmland with many villages does not.
    A country without places gets its people in proportion to land.
    """
    count = places.persons.size
    if count == 0:
        return land.area_km2.copy()
    tree = cKDTree(places.xyz)
    length = RURAL_KM[1]
    if count > 1:
        spacing = float(np.percentile(tree.query(places.xyz, k=2)[0][:, 1], 75))
        length = min(max(1.5 * spacing, RURAL_KM[0]), RURAL_KM[1])
    distance, index = tree.query(land.xyz, k=list(range(1, min(RURAL_NEIGHBOURS, count) + 1)))
    pull = np.sqrt(np.maximum(places.persons[index], 1.0)) * np.exp(-distance / length)
    return np.asarray(land.area_km2 * pull.sum(axis=1))


def whole_persons(weights: Floats, total: int) -> Ints:
    """Return int64 counts in proportion to ``weights`` that sum to ``total`` exactly.

    Largest remainders; equal remainders go to the smaller index.
    """
    if total == 0:
        return np.zeros(weights.size, dtype=np.int64)
    exact = weights * (total / weights.sum())
    counts: Ints = np.floor(exact).astype(np.int64)
    missing = total - int(counts.sum())
    assert 0 <= missing <= weights.size, f"{missing} persons of {total} left over"
    counts[np.argsort(counts - exact, kind="stable")[:missing]] += 1
    assert int(counts.sum()) == total
    return counts


def settle(places: Places, land: Land, total: int) -> tuple[Ints, float, int]:
    """Return persons per cell (int64, sum = ``total``), the share in places, places dropped."""
    once = without_sections(places)
    in_places, dropped = spread_places(once, land)
    listed = float(in_places.sum())
    share = min(listed / total, LARGEST_PLACE_SHARE) if total else 0.0
    rural = countryside(once, land)
    weights = rural * ((1.0 - share) / rural.sum())
    if listed > 0.0:
        weights += in_places * (share / listed)
    return whole_persons(weights, total), share, dropped

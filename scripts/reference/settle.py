"""How a country's people are laid over its cells: places, countryside, whole persons.

All distances are straight lines between points on a sphere of 6371 km, which at the ranges used
here (under 300 km) differ from the arc by less than 0.01 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from closedworld.inputs.reference.iso import EUROPE_AND_JAPAN, LAND_RICH_COUNTRIES

EARTH_KM = 6371.0
CITY_DENSITY = 4000.0  # persons per km2; turns a city's population into the radius of its footprint
# How dense cities are beside that: half as dense in the developed countries with much land, twice as dense in developing
# ones as in Europe and Japan (S. Angel, "Making Room for a Planet of Cities", Lincoln Institute of Land Policy, 2011).
LAND_RICH, DEVELOPING = 0.5, 2.0
LARGEST_SECTION = 0.5  # of the persons of its city; a larger neighbour is a town of its own
KEPT_IN_CENTRE = 0.1  # share of a city that stays at its own point when its sections hold the rest
SUBCELLS = 10  # of 30 arc-seconds along a side of a cell of 5 arc-minutes
SUBCELL_DEG = 1 / 120
KERNEL_BASE_KM = 0.6  # decay length of a hamlet
KERNEL_PER_RADIUS = 0.4  # added per km of footprint radius
KERNEL_REACH = 5.0  # decay lengths after which the kernel is cut, exp(-5) = 0.7 %
STRAY_KM = 50.0  # a place farther than this from its country's cells is dropped
# Share of a country's people that lives outside all places, and outside the place of a country that has one.
COUNTRYSIDE, COUNTRYSIDE_OF_ONE_PLACE = 0.05, 0.2
# Growth of a place over its listed persons: old counts, suburbs. Beyond it, villages are missing from the list.
MOST_GROWTH = 1.5
RURAL_NEIGHBOURS = 8
RURAL_KM = (8.0, 40.0)  # bounds of the decay length of the countryside

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Places:
    """Populated places of one country; arrays of one length.

    Attributes:
        lon: float64 (n,), degrees.
        lat: float64 (n,), degrees.
        persons: float64 (n,), persons.
    """

    lon: Floats
    lat: Floats
    persons: Floats

    @property
    def xyz(self) -> Floats:
        """Points, float64 (n, 3), km from the centre of the Earth."""
        return to_xyz(self.lon, self.lat)


@dataclass(frozen=True, slots=True)
class Land:
    """The window of cells that holds a country; rows from north to south, columns from west to east.

    Attributes:
        row: First row of the window, on the globe of 5 arc-minutes.
        col: First column.
        area_km2: float64 (rows, cols), area of the cell that lies in the country.
        inside: bool (10 rows, 10 cols), the subcells over which that area is spread evenly: those with their
            centre in the country, or all of a cell where there are none.
    """

    row: int
    col: int
    area_km2: Floats
    inside: Bools

    @property
    def cells(self) -> Ints:
        """Flat indices of the cells with land, int64 (n,), ascending."""
        return np.flatnonzero(self.area_km2)

    @property
    def xyz(self) -> Floats:
        """Centres of the cells with land, float64 (n, 3), km from the centre of the Earth."""
        row, col = np.divmod(self.cells, self.area_km2.shape[1])
        step = SUBCELLS * SUBCELL_DEG
        return to_xyz(-180.0 + (self.col + col + 0.5) * step, 90.0 - (self.row + row + 0.5) * step)


def to_xyz(lon: Floats, lat: Floats) -> Floats:
    """Return points on the sphere, float64 (n, 3), km, for degrees of longitude and latitude."""
    lam, phi = np.radians(lon), np.radians(lat)
    flat = np.cos(phi)
    return EARTH_KM * np.stack([flat * np.cos(lam), flat * np.sin(lam), np.sin(phi)], axis=-1)


def footprint_km(persons: Floats, relative_density: float = 1.0) -> Floats:
    """Return the radius in km of the disc that ``persons`` fill at the density of a city."""
    return np.sqrt(persons / (np.pi * CITY_DENSITY * relative_density))


def relative_density(country_iso: str) -> float:
    """Return how dense the cities of a country are, beside those of Europe and Japan."""
    if country_iso in LAND_RICH_COUNTRIES:
        return LAND_RICH
    return 1.0 if country_iso in EUROPE_AND_JAPAN else DEVELOPING


def without_sections(places: Places) -> Places:
    """Return the places with each person counted once.

    GeoNames lists a city and its boroughs side by side, each with its own count, and the data at
    hand carries no feature code to tell them apart. A place inside another's footprint with at most
    half its persons counts as a section of it (twin towns do not). From the smallest to the largest
    place, the persons left to its sections are taken off it; a tenth stays.
    """
    total = places.persons
    left = total.copy()
    xyz = places.xyz
    near = cKDTree(xyz).query_ball_point(xyz, footprint_km(total), return_sorted=True)
    for i in np.argsort(total, kind="stable"):
        inside = np.asarray(near[i], dtype=np.int64)
        sections = inside[total[inside] <= LARGEST_SECTION * total[i]]
        left[i] = max(total[i] - left[sections].sum(), KEPT_IN_CENTRE * total[i])
    return Places(places.lon, places.lat, left)


def people_round(places: Places, people: float) -> Floats:
    """Return how many of ``people`` live round each place, float64 (n,).

    They are in proportion to the persons of the places, but at most 1.5 times these: where lists have a fifth of a country,
    its cities are listed and its villages are not. People beyond that go to places in proportion to the square root of
    their persons.
    """
    if places.persons.size == 0:
        return places.persons
    grown = places.persons * min(people / places.persons.sum(), MOST_GROWTH)
    root = np.sqrt(places.persons)
    return np.asarray(grown + max(people - grown.sum(), 0.0) * root / root.sum())


def spread_places(
    places: Places, people: Floats, land: Land, density: float = 1.0
) -> tuple[Floats, int]:
    """Lay the people of every place, float64 (n,), over the subcells around it, never outside the country.

    Args:
        places: The places.
        people: float64 (n,), people of each.
        land: The country.
        density: How dense its cities are, see ``relative_density``.

    Returns:
        Persons per cell with land, float64 (cells,), and the number of places dropped because no cell of
        their country lies within ``STRAY_KM``.
    """
    persons = np.zeros_like(land.area_km2)
    cells = land.cells
    if places.persons.size == 0:
        return persons.ravel()[cells], 0
    blocks = land.inside.reshape(land.area_km2.shape[0], SUBCELLS, -1, SUBCELLS)
    per_subcell = land.area_km2 / np.maximum(blocks.sum(axis=(1, 3)), 1)
    nearest_km, nearest = cKDTree(land.xyz).query(places.xyz)
    decay = KERNEL_BASE_KM + KERNEL_PER_RADIUS * footprint_km(
        places.persons * min(people.sum() / places.persons.sum(), MOST_GROWTH), density
    )
    dropped = 0
    for i, count in enumerate(people):
        row, col, distance = subcells_within(
            float(places.lon[i]), float(places.lat[i]), KERNEL_REACH * decay[i], land
        )
        cell = (row // SUBCELLS, col // SUBCELLS)
        weight = per_subcell[cell] * np.exp(-distance / decay[i])
        if row.size:
            np.add.at(persons, cell, count * weight / weight.sum())
        elif nearest_km[i] <= STRAY_KM:
            persons.ravel()[cells[nearest[i]]] += count
        else:
            dropped += 1
    return persons.ravel()[cells], dropped


def subcells_within(lon: float, lat: float, km: float, land: Land) -> tuple[Ints, Ints, Floats]:
    """Return rows and columns in the window, and distances in km, of the country's subcells around a point."""
    n_rows, n_cols = land.inside.shape
    whole_circle = round(360 / SUBCELL_DEG)
    up = int(np.degrees(km / EARTH_KM) / SUBCELL_DEG) + 1
    aside = min(
        int(up / max(np.cos(np.radians(abs(lat) + up * SUBCELL_DEG)), 0.01)) + 1, whole_circle // 2
    )
    middle_row, middle_col = int((90.0 - lat) / SUBCELL_DEG), int((lon + 180.0) / SUBCELL_DEG)
    row = np.arange(middle_row - up, middle_row + up + 1) - land.row * SUBCELLS
    col = (
        np.arange(middle_col - aside, middle_col + aside + 1) % whole_circle
    ) - land.col * SUBCELLS
    row, col = row[(row >= 0) & (row < n_rows)], col[(col >= 0) & (col < n_cols)]
    lats = np.radians(90.0 - (land.row * SUBCELLS + row + 0.5) * SUBCELL_DEG)
    lons = np.radians(-180.0 + (land.col * SUBCELLS + col + 0.5) * SUBCELL_DEG)
    lat, lon = np.radians(lat), np.radians(lon)
    north = np.sin((lats - lat) / 2) ** 2
    east = np.sin((lons - lon) / 2) ** 2
    chord = 2 * EARTH_KM * np.sqrt(north[:, None] + np.cos(lat) * np.outer(np.cos(lats), east))
    near = (chord <= km) & land.inside[np.ix_(row, col)]
    i, j = np.nonzero(near)
    return row[i], col[j], chord[near]


def countryside(places: Places, land: Land) -> Floats:
    """Return weights, float64 (cells,), for the people who live outside all places.

    A weight is the cell's land times the sum over its eight nearest places of
    sqrt(persons) x exp(-distance / length); the length is 1.5 times the upper quartile of the
    distance from a place to the next one. Deserts and ice stay nearly empty, farmland with many villages does not.
    A country without places gets its people in proportion to land.
    """
    area = land.area_km2.ravel()[land.cells]
    count = places.persons.size
    if count == 0:
        return area
    xyz = places.xyz
    tree = cKDTree(xyz)
    length = RURAL_KM[1]
    if count > 1:
        spacing = float(np.percentile(tree.query(xyz, k=2)[0][:, 1], 75))
        length = min(max(1.5 * spacing, RURAL_KM[0]), RURAL_KM[1])
    distance, index = tree.query(land.xyz, k=list(range(1, min(RURAL_NEIGHBOURS, count) + 1)))
    pull = np.sqrt(np.maximum(places.persons[index], 1.0)) * np.exp(-distance / length)
    return np.asarray(area * pull.sum(axis=1))


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


def settle(places: Places, land: Land, total: int, density: float = 1.0) -> tuple[Ints, int]:
    """Return persons per cell with land, int64 (cells,), whose sum is ``total``, and how many places are dropped.

    The countryside has 5 % of them; of a country of one to three places 20 %, 10 % and 7 %, for their lists lack hamlets.
    """
    outside = max(COUNTRYSIDE, COUNTRYSIDE_OF_ONE_PLACE / max(places.persons.size, 1))
    people = people_round(places, (1.0 - outside) * total)
    in_places, dropped = spread_places(places, people, land, density)
    rural = countryside(places, land)
    weights = rural / rural.sum()
    if in_places.any():
        weights = outside * weights + (1.0 - outside) * in_places / in_places.sum()
    return whole_persons(weights, total), dropped

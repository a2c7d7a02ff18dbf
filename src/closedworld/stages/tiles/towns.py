"""Towns where their country has no tile: their people do not count, and nothing is placed there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.execution.events import Warned
from closedworld.inputs.reference.places import PER_DEGREE, towns
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.inputs.tables.columns import ranges_of_countries
from closedworld.kernels.grid import Grid
from closedworld.kernels.sampling import CountryShape
from closedworld.kernels.spans import RowSpans, cells_of
from closedworld.kernels.spans.lattice import NO_CELL
from closedworld.kernels.sphere import EARTH_RADIUS_KM
from closedworld.kernels.tiles import World
from closedworld.sanitize import number_of, one_line

LEAST_SHARE = 0.05
"""Share of the people in a country's towns from which the country is named."""
NEAR_KM = 3.0
"""So far around its point a town may have its tile, where tiles are smaller: the point may lie in the harbour."""

_STEPS = 7
_COUNTRIES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class TownsWithoutTiles:
    """The towns of a country where it has no tile.

    Attributes:
        country_iso: ISO 3166-1 alpha-2 code.
        count: How many they are.
        largest: Name of the largest.
        persons: Persons of all of them.
        share: Of the persons in all its towns, 0..1.
    """

    country_iso: str
    count: int
    largest: str
    persons: int
    share: float


def warn_of_towns(world: World, countries: CountrySet) -> Warned | None:
    """Return the warning about countries in which many townspeople live in cells that are no tiles.

    Args:
        world: Tiles of countries by ISO 3166-1 alpha-2 code.
        countries: The polygons that they were made from.
    """
    found = sorted(
        towns_without_tiles(world, countries), key=lambda one: (-one.persons, one.country_iso)
    )
    if not found:
        return None
    shown = ", ".join(
        f"{one.country_iso} {one.share:.0%} ({one_line(one.largest)}"
        f"{f' and {one.count - 1:,} more' if one.count > 1 else ''})"
        for one in found[:_COUNTRIES_SHOWN]
    )
    more = len(found) - _COUNTRIES_SHOWN
    return Warned(
        "towns-without-tiles",
        f"In {number_of(len(found), 'country', 'countries')}, {LEAST_SHARE:.0%} or more of the townspeople live in "
        f"cells that are no tiles under rule {world.rule}, so they do not count and nothing is placed there: "
        f"{shown}{f' and {more} more countries' if more > 0 else ''}. "
        "Take rule any_overlap, which keeps each cell with some land, or a finer grid.",
    )


def towns_without_tiles(world: World, countries: CountrySet) -> Iterator[TownsWithoutTiles]:
    """Yield the towns without a tile of their country, of each country where `LEAST_SHARE` or more live in such.

    Towns outside of the country's polygons do not count: the polygons may be those of a part of it.

    Args:
        world: Tiles of countries by ISO 3166-1 alpha-2 code.
        countries: The polygons that they were made from.
    """
    table = towns()
    lons, lats = (table[name].to_numpy() / PER_DEGREE for name in ("lon_e5", "lat_e5"))
    persons = table["persons"].to_numpy().astype(np.int64)
    rows, cols = cells_of(world.grid, lons, lats)
    for iso, first, stop in ranges_of_countries(table):
        tiles = world.spans.get(iso)
        if tiles is None or not tiles.n_runs or iso in world.kept_small:
            continue
        own = first + np.flatnonzero(rows[first:stop] != NO_CELL)
        have = _have_tiles(tiles, world.grid, rows[own], cols[own])
        without, with_tiles = own[~have], int(persons[own[have]].sum())
        # Polygons are looked at only where enough would be missing if they had all of these towns.
        if persons[without].sum() < LEAST_SHARE * persons[own].sum() or not len(without):
            continue
        shape = CountryShape(countries[iso].made_valid().features)
        without = without[shape.contains(lons[without], lats[without])]
        missing = int(persons[without].sum())
        if missing and (share := missing / (missing + with_tiles)) >= LEAST_SHARE:
            largest = table["name"][int(without[np.argmax(persons[without])])].as_py()
            yield TownsWithoutTiles(iso, len(without), largest, missing, share)


def _have_tiles(
    tiles: RowSpans, grid: Grid, rows: NDArray[np.int64], cols: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return whether cells, or some of those up to `NEAR_KM` around, are tiles, bool (n,)."""
    have = tiles.contains(grid.tile_id(rows, cols))
    reach = int(NEAR_KM / (np.radians(grid.cell_height) * EARTH_RADIUS_KM))
    steps = np.unique(np.linspace(-reach, reach, _STEPS).astype(np.int64))
    left = np.flatnonzero(~have)
    row = np.clip(rows[left, None, None] + steps[:, None], 0, grid.n_rows - 1)
    col = np.clip(cols[left, None, None] + steps, 0, grid.n_cols - 1)
    around = grid.tile_id(row, col)
    have[left] = tiles.contains(around.ravel()).reshape(around.shape).any(axis=(1, 2))
    return have

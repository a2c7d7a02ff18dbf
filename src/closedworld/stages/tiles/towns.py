"""Towns where their country has no tile: nobody lives or shops there, and no point is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.execution.events import Warned
from closedworld.inputs.reference.places import PER_DEGREE, towns
from closedworld.inputs.tables.columns import ranges_of_countries
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans, Rule, cells_of
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
_HINTS = {
    Rule.CENTER: "Take rule any_overlap, which keeps each tile with some land, or a finer grid.",
    Rule.ANY_OVERLAP: "Take polygons with more detail.",
}


@dataclass(frozen=True, slots=True)
class TownsWithoutTiles:
    """The towns of a country where it has no tile.

    Attributes:
        country_iso: ISO 3166-1 alpha-2 code.
        count: How many they are.
        largest: Name of the largest.
        persons: Persons of all of them.
        share: Of the persons in all its towns on the grid, 0..1.
    """

    country_iso: str
    count: int
    largest: str
    persons: int
    share: float


def warn_of_towns(world: World) -> Warned | None:
    """Return the warning about countries without tiles where a twentieth or more of their townspeople live.

    Args:
        world: Tiles of countries by ISO 3166-1 alpha-2 code.
    """
    found = [one for one in towns_without_tiles(world) if one.share >= LEAST_SHARE]
    if not found:
        return None
    found.sort(key=lambda one: (-one.persons, one.country_iso))
    shown = ", ".join(
        f"{one.country_iso} {one.share:.0%} ({one_line(one.largest)}"
        f"{f' and {one.count - 1} more' if one.count > 1 else ''})"
        for one in found[:_COUNTRIES_SHOWN]
    )
    more = len(found) - _COUNTRIES_SHOWN
    countries = number_of(len(found), "country has", "countries have")
    return Warned(
        "towns-without-tiles",
        f"{countries} no tile under rule {world.rule} where {LEAST_SHARE:.0%} or more of the people in their "
        f"towns live, so nobody lives or shops there: {shown}{f' and {more} more countries' if more > 0 else ''}. "
        f"{_HINTS[world.rule]}",
    )


def towns_without_tiles(world: World) -> Iterator[TownsWithoutTiles]:
    """Yield the towns without a tile of their country, of each country that has tiles and such towns.

    Args:
        world: Tiles of countries by ISO 3166-1 alpha-2 code.
    """
    table = towns()
    lons, lats = (table[name].to_numpy() / PER_DEGREE for name in ("lon_e5", "lat_e5"))
    persons = table["persons"].to_numpy().astype(np.int64)
    rows, cols = cells_of(world.grid, lons, lats)
    for iso, first, stop in ranges_of_countries(table):
        tiles = world.spans.get(iso)
        own = first + np.flatnonzero(rows[first:stop] != NO_CELL)
        if tiles is None or not (tiles.n_runs and len(own)):
            continue
        without = own[~_have_tiles(tiles, world.grid, rows[own], cols[own])]
        if len(without):
            largest = table["name"][int(without[np.argmax(persons[without])])].as_py()
            lost = int(persons[without].sum())
            share = lost / int(persons[own].sum())
            yield TownsWithoutTiles(iso, len(without), largest, lost, share)


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

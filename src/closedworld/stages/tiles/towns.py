"""Towns where their country has no tile: nobody lives or shops there, and no point is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.execution.events import Warned
from closedworld.inputs.reference.places import TOWN_PERSONS, country_places
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
    found = [towns for towns in towns_without_tiles(world) if towns.share >= LEAST_SHARE]
    if not found:
        return None
    found.sort(key=lambda towns: (-towns.persons, towns.country_iso))
    shown = ", ".join(
        f"{towns.country_iso} {towns.share:.0%} ({one_line(towns.largest)}"
        f"{f' and {towns.count - 1} more' if towns.count > 1 else ''})"
        for towns in found[:_COUNTRIES_SHOWN]
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

    Towns are bundled places of `TOWN_PERSONS` or more.

    Args:
        world: Tiles of countries by ISO 3166-1 alpha-2 code.
    """
    for iso, tiles in world.spans.items():
        places = country_places(iso)
        towns = np.flatnonzero(places.persons >= TOWN_PERSONS)
        rows, cols = cells_of(world.grid, places.lons[towns], places.lats[towns])
        on_grid = rows != NO_CELL
        towns, rows, cols = towns[on_grid], rows[on_grid], cols[on_grid]
        if not (tiles.n_runs and len(towns)):
            continue
        without = towns[~_have_tiles(tiles, world.grid, rows, cols)]
        if len(without):
            persons = places.persons
            largest = places.names[int(without[np.argmax(persons[without])])].as_py()
            lost, of_all = int(persons[without].sum()), int(persons[towns].sum())
            yield TownsWithoutTiles(iso, len(without), largest, lost, lost / of_all)


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

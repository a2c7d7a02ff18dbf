"""Points and their countries: by the runs of tiles, and by polygons in a spatial index, in one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from measure import Form, median_seconds
from table import head, row, section
from world import GRID, coarser

from closedworld import bundled, enumerate_tiles, read_countries
from closedworld.inputs.tables.geometry import LonLat
from closedworld.worlds.locating import TileLocator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from closedworld import CountrySet, Grid

POINTS = 1_000_000

TEXT = """
The country of points scattered evenly over the grid, in one process, in memory. `locate` also gives the tile; its
country is that of the tile, so a few points near borders differ.
"""


def scattered(grid: Grid, n: int) -> LonLat:
    """Return points scattered evenly over a grid."""
    draw = np.random.default_rng(1)
    lows, highs = np.sin(np.radians([grid.south, grid.north]))
    lats = np.degrees(np.arcsin(draw.uniform(lows, highs, n)))
    return LonLat(draw.uniform(grid.west, grid.east, n), lats)


def by_polygons(tree: shapely.STRtree, points: LonLat) -> NDArray[np.int64]:
    """Return the number of the country whose polygon holds each point, -1 for none."""
    point, country = tree.query(shapely.points(*points), predicate="within")
    found = np.full(len(points.lons), -1, np.int64)
    found[point] = country
    return found


def compare_locating(runs: int, grid: Grid, countries: CountrySet, n: int) -> None:
    """Time both, and compare the countries."""
    section("Peers: where points lie", TEXT)
    head(f"{n:,} points", "wall", "points/s", "wall / closedworld", "same country")
    world = enumerate_tiles(countries, grid, "center")
    points, every = scattered(grid, n), world.spans
    locator = TileLocator.of(every, grid)
    making = median_seconds(lambda: TileLocator.of(every, grid), runs)
    ours = median_seconds(lambda: locator.locate(points), runs)
    tiles = sum(world.tile_counts.values())
    row(
        f"closedworld, `locate` on {tiles:,} tiles",
        f"{ours:.2f} s",
        f"{n / ours:,.0f}",
        "1.00 x",
        "",
    )
    row("- making its index, once for a world", f"{making:.2f} s", "", "", "")
    tree = shapely.STRtree([shapely.union_all(one.features) for one in countries])
    found = by_polygons(tree, points)
    theirs = median_seconds(lambda: by_polygons(tree, points), 1)
    isos = np.array([*countries.isos, None], object)[found]
    same = np.mean(isos == np.array(locator.locate(points)["country_iso"].to_pylist(), object))
    name = f"shapely {shapely.__version__}, `STRtree.query`, predicate `within`, on polygons"
    row(name, f"{theirs:.2f} s", f"{n / theirs:,.0f}", f"{theirs / ours:.0f} x", f"{same:.3%}")


if __name__ == "__main__":
    form = Form.asked(__doc__)
    compare_locating(
        form.runs,
        coarser(4) if form.quick else GRID,
        read_countries(bundled("countries.parquet").path),
        POINTS // 10 if form.quick else POINTS,
    )

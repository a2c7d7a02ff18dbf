"""A sample of tiles asked of GEOS: inside their country, outside beyond the ends of runs, at borders."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import shapely

from closedworld.testing import turned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from closedworld.inputs.regions import CountrySet
    from closedworld.kernels.grid import Grid
    from closedworld.verification.findings import Account
    from closedworld.verification.runs import IdRuns

DATASET = "tile_index"


def check_membership(
    tiles: Mapping[str, IdRuns],
    countries: CountrySet,
    grid: Grid,
    rule: str,
    sample: int,
    seed: int,
    account: Account,
) -> None:
    """Ask GEOS of a sample of tiles, of the cells beside the runs that hold them, and at borders.

    The cells at borders are those of vertices drawn at random, so that an island or a bay of which
    nothing is listed comes up, too.

    Args:
        tiles: Tiles of each country to be asked of.
        countries: Their polygons.
        grid: The lattice.
        rule: ``center`` or ``any_overlap``.
        sample: Tiles over all countries together.
        seed: Decides which.
        account: Where findings go.
    """
    for iso, ranks in drawn(tiles, sample, seed).items():
        own = tiles[iso].by_row(grid.n_cols)
        ids = own.ids_at(ranks)
        run = np.searchsorted(own.starts, ids, side="right") - 1
        # A cell west of column 0 or east of the last one is none of this row.
        west = own.starts[run][own.starts[run] % grid.n_cols != 0] - 1
        east = own.stops[run][own.stops[run] % grid.n_cols != 0]
        outside = np.unique(np.concatenate([west, east]))
        asked = np.concatenate([ids, outside])
        found = belongs(countries[iso].features, grid, rule, asked)
        note_tiles(
            iso, ids[~found[: len(ids)]], "tile-not-inside", "outside the country", grid, account
        )
        beyond = outside[found[len(ids) :]]
        note_tiles(
            iso, beyond, "tile-not-listed", "inside the country, but not there", grid, account
        )
        account.checked("membership by GEOS: sampled tiles are inside", len(ids), "tiles")
        account.checked("membership by GEOS: beyond runs is outside", len(outside), "cells")
        _check_borders(
            iso, tiles[iso], countries[iso].features, grid, rule, len(ranks), seed, account
        )


def _check_borders(
    iso: str,
    own: IdRuns,
    features: Sequence[shapely.MultiPolygon],
    grid: Grid,
    rule: str,
    sample: int,
    seed: int,
    account: Account,
) -> None:
    """Ask GEOS of the cells that hold some vertices of a country."""
    draw = random.Random(seed)  # noqa: S311 -- a sample that can be drawn again
    vertices = shapely.get_coordinates(list(features))
    lon, lat = vertices[[draw.randrange(len(vertices)) for _ in range(sample)]].T
    # Which cell of two a vertex on their side counts for does not matter: either is asked.
    cols = np.floor((lon - grid.west) % 360.0 / grid.cell_width).astype(np.int64)
    rows = np.floor((grid.north - lat) / grid.cell_height).astype(np.int64)
    on_grid = (rows >= 0) & (rows < grid.n_rows) & (cols < grid.n_cols)
    cells = np.unique(rows[on_grid] * grid.n_cols + cols[on_grid])
    inside, listed = belongs(features, grid, rule, cells), own.holds(cells)
    missing = "inside the country, but not there"
    note_tiles(iso, cells[inside & ~listed], "tile-not-listed", missing, grid, account)
    extra = "outside the country"
    note_tiles(iso, cells[listed & ~inside], "tile-not-inside", extra, grid, account)
    account.checked("membership by GEOS: cells at borders", len(cells), "cells")


def drawn(tiles: Mapping[str, IdRuns], sample: int, seed: int) -> dict[str, NDArray[np.int64]]:
    """Return ranks to ask of, by country: countries in turn, tiles at random."""
    draw = random.Random(seed)  # noqa: S311 -- a sample that can be drawn again
    isos = sorted(iso for iso, own in tiles.items() if own.tile_count)
    draw.shuffle(isos)
    ranks: dict[str, set[int]] = {}
    for turn in range(sample if isos else 0):
        iso = isos[turn % len(isos)]
        ranks.setdefault(iso, set()).add(draw.randrange(tiles[iso].tile_count))
    return {iso: np.array(sorted(own), np.int64) for iso, own in sorted(ranks.items())}


def belongs(
    features: Sequence[shapely.MultiPolygon], grid: Grid, rule: str, tile_ids: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which tiles belong to a country by GEOS, bool (n,)."""
    rows, cols = tile_ids // grid.n_cols, tile_ids % grid.n_cols
    lon, lat = grid.lon_edges(), grid.lat_edges()
    cells = shapely.box(lon[cols], lat[rows + 1], lon[cols + 1], lat[rows])
    centers = shapely.points(grid.lon_centers()[cols], grid.lat_centers()[rows])
    found = np.zeros(len(tile_ids), np.bool_)
    for feature in features:
        for place in turned(feature, grid):
            for part in shapely.get_parts(place):
                near = np.flatnonzero(~found & shapely.intersects(cells, shapely.box(*part.bounds)))
                if len(near) and rule == "center":
                    found[near] = _centers_in(part, centers[near])
                elif len(near):
                    shapely.prepare(part)
                    meets = shapely.intersects(part, cells[near])
                    found[near] = meets & ~shapely.touches(part, cells[near])
    return found


def _centers_in(part: shapely.Polygon, points: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return which points are in the closed outer ring and in no closed hole."""
    outer = shapely.Polygon(part.exterior)
    shapely.prepare(outer)
    inside = np.asarray(shapely.intersects(outer, points))
    for ring in part.interiors:
        hole = shapely.Polygon(ring)
        shapely.prepare(hole)
        inside &= ~shapely.intersects(hole, points)
    return inside


def note_tiles(
    iso: str,
    tile_ids: NDArray[np.int64],
    code: str,
    message: str,
    grid: Grid,
    account: Account,
) -> None:
    """Note tiles that the polygons contradict."""
    if len(tile_ids):
        row, col = divmod(int(tile_ids[0]), grid.n_cols)
        account.find(
            code,
            f"{message} by GEOS.",
            dataset=DATASET,
            country_iso=iso,
            example={"tile_id": int(tile_ids[0]), "raster_row": row, "raster_col": col},
            rows=len(tile_ids),
        )

"""What GEOS says of an index: a sample of its tiles, their coverage, and the countries without tiles."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import shapely

from closedworld.testing import turned
from closedworld.verification.membership import belongs, check_membership, drawn, note_tiles
from closedworld.verification.receipts import expect_totals
from closedworld.verification.rows import column
from closedworld.verification.tiles import COVERAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from closedworld.inputs.regions import Country, CountrySet
    from closedworld.kernels.grid import Grid
    from closedworld.verification.findings import Account
    from closedworld.verification.index import Index

TOLERANCE = 1e-9
"""What coverage may differ by from the area that GEOS finds."""

_CELLS_ASKED = 4096
_MEMBERSHIP = "membership by GEOS"


def ask_geos(index: Index, countries: CountrySet, sample: int, seed: int, account: Account) -> None:
    """Ask GEOS of a sample of tiles and of what the index does not list.

    Args:
        index: The index.
        countries: The polygons that it was made from.
        sample: Tiles to ask of, over all countries together.
        seed: Decides which.
        account: Where findings go.
    """
    grid, rule = index.said.grid, index.said.rule
    kept = index.listed("countries_kept_small") if index.said.keeps_small else set()
    for iso in sorted(kept & set(index.tiles)):
        account.unchecked(_MEMBERSHIP, "given the tile of their representative point", iso)
    tiles = {iso: own for iso, own in index.tiles.items() if iso in countries and iso not in kept}
    check_membership(tiles, countries, grid, rule, sample, seed, account)
    if index.said.has_coverage:
        for iso, ranks in drawn(tiles, sample, seed).items():
            inside = tiles[iso].ids_at(ranks)
            _check_coverage(index, countries[iso], inside, seed, account)
    without = sorted(index.without_tiles & set(countries.isos))
    off_grid = [iso for iso in without if not _meets(countries[iso], grid)]
    expect_totals(index.published.receipt, {"countries_off_grid": off_grid}, account)
    for iso in without:
        cells = _cells_near(countries[iso], grid, random.Random(seed))  # noqa: S311 -- see drawn
        found = belongs(countries[iso].features, grid, rule, cells)
        note_tiles(
            iso,
            cells[found],
            "tile-not-listed",
            "inside the country, which has none",
            grid,
            account,
        )
        account.checked(f"{_MEMBERSHIP}: countries without tiles have none", len(cells), "cells")


def _check_coverage(
    index: Index, country: Country, inside: NDArray[np.int64], seed: int, account: Account
) -> None:
    """Compare the coverage of some tiles, and of as many that are not wholly inside, with areas by GEOS."""
    parts = index.table[COVERAGE].get(country.iso)
    batches = [] if parts is None else list(parts.batches(account, ("tile_id", "coverage")))
    if parts is not None and not parts.is_whole:
        return
    ids = np.concatenate([np.empty(0, np.uint64), *(column(b, "tile_id") for b in batches)])
    listed = np.concatenate([np.empty(0), *(column(b, "coverage") for b in batches)])
    known = dict(zip(ids.tolist(), listed.tolist(), strict=True))
    # Most tiles lie wholly inside, where there is little to get wrong.
    draw = random.Random(seed)  # noqa: S311 -- see drawn
    border = draw.sample(sorted(known), min(len(inside), len(known)))
    asked = np.array(sorted({*inside.tolist(), *border}), np.int64)
    asked = asked[(asked >= 0) & (asked < index.said.grid.n_tiles)]
    shares = shares_by_geos(country.features, index.said.grid, asked)
    said = np.array([known.get(tile_id, 1.0) for tile_id in asked.tolist()])
    wrong = np.flatnonzero(~(np.abs(said - shares) <= TOLERANCE))
    account.checked("coverage against areas by GEOS", len(asked), "tiles")
    if len(wrong):
        at = wrong[0]
        account.find(
            "coverage-area",
            "coverage is not the share of the tile's area that lies in the country, by GEOS.",
            dataset=COVERAGE,
            country_iso=country.iso,
            example={
                "tile_id": int(asked[at]),
                "coverage": float(said[at]),
                "by_geos": float(shares[at]),
            },
            rows=len(wrong),
        )


def shares_by_geos(
    features: Sequence[shapely.MultiPolygon], grid: Grid, tile_ids: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the share of each tile's area, in degrees, that lies in a country, float64 (n,)."""
    rows, cols = tile_ids // grid.n_cols, tile_ids % grid.n_cols
    lon, lat = grid.lon_edges(), grid.lat_edges()
    cells = shapely.box(lon[cols], lat[rows + 1], lon[cols + 1], lat[rows])
    covered = np.full(len(tile_ids), shapely.Polygon(), object)
    for part in _placed_parts(features, grid):
        near = np.flatnonzero(shapely.intersects(cells, shapely.box(*part.bounds)))
        pieces = shapely.intersection(part, cells[near])
        # Parts may overlap where a feature does; what they share counts once.
        covered[near] = shapely.union(covered[near], pieces)
    return np.asarray(shapely.area(covered) / shapely.area(cells))


def _placed_parts(
    features: Sequence[shapely.MultiPolygon], grid: Grid
) -> Iterator[shapely.Polygon]:
    """Yield the polygons of a country at each turn of the globe that meets the grid."""
    for feature in features:
        for place in turned(feature, grid):
            yield from shapely.get_parts(place)


def _meets(country: Country, grid: Grid) -> bool:
    """Return whether the bounds of a part of a country share an area with the grid."""
    bounds = (part.bounds for part in _placed_parts(country.features, grid))
    return any(
        west < grid.east and east > grid.west and south < grid.north and north > grid.south
        for west, south, east, north in bounds
    )


def _cells_near(country: Country, grid: Grid, draw: random.Random) -> NDArray[np.int64]:
    """Return the cells in the bounds of a country's parts; of many, a sample of each part."""
    lon, lat = grid.lon_edges(), grid.lat_edges()
    cells: set[int] = set()
    for part in _placed_parts(country.features, grid):
        west, south, east, north = part.bounds
        rows = np.flatnonzero((lat[:-1] > south) & (lat[1:] < north)).tolist()
        cols = np.flatnonzero((lon[1:] > west) & (lon[:-1] < east)).tolist()
        count = len(rows) * len(cols)
        chosen = range(count) if count <= _CELLS_ASKED else draw.sample(range(count), _CELLS_ASKED)
        cells |= {rows[n // len(cols)] * grid.n_cols + cols[n % len(cols)] for n in chosen}
    return np.array(sorted(cells), np.int64)

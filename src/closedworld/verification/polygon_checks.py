"""A tile index against the polygons, by GEOS: a sample of its tiles, coverage, countries without tiles."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.datasets import TILE_COVERAGE, TILE_INDEX
from closedworld.inputs.regions.country_set import Country, CountrySet
from closedworld.kernels.grid import Grid
from closedworld.verification.country_tiles import CountryTiles
from closedworld.verification.findings import Findings
from closedworld.verification.id_runs import IdRuns
from closedworld.verification.membership import (
    belongs,
    covered_shares,
    placed_polygons,
    share_outside,
)
from closedworld.verification.receipt_checks import check_totals
from closedworld.verification.tile_checks import TileIndex

TOLERANCE = 1e-9
"""By how much coverage may differ from the area that GEOS finds."""

_CELLS_ASKED = 4096
_LEAST_CUT = 0.001
_MEMBERSHIP = "membership by GEOS"


def check_polygons(
    index: TileIndex, countries: CountrySet, sample: int, seed: int, findings: Findings
) -> None:
    """Ask GEOS about a sample of tiles and about what the index does not list.

    Args:
        index: The index.
        countries: The polygons that it was made from.
        sample: Tiles to ask about, over all countries together.
        seed: Decides which.
        findings: Where findings go.
    """
    grid, rule = index.parameters.grid, index.parameters.rule
    for iso in sorted(index.kept_small & set(index.countries)):
        reason = "given the tile of their representative point"
        findings.add_unchecked(_MEMBERSHIP, reason, iso)
    asked = {
        iso: own
        for iso, own in index.countries.items()
        if iso in countries and iso not in index.kept_small and own.ids.tile_count
    }
    for iso, ranks in drawn_ranks(asked, sample, seed).items():
        check = PolygonCheck(countries[iso], grid, rule, random.Random(seed), findings)  # noqa: S311 -- a sample that can be drawn again
        check.check_membership(asked[iso].ids, ranks)
        if index.parameters.coverage:
            check.check_coverage(asked[iso], ranks)
    without = sorted(index.without_tiles & set(countries.isos))
    off_grid = [iso for iso in without if not _meets(countries[iso], grid)]
    check_totals(index.published.receipt, {"countries_off_grid": off_grid}, findings)
    for iso in without:
        check = PolygonCheck(countries[iso], grid, rule, random.Random(seed), findings)  # noqa: S311 -- as above
        check.check_no_tiles()


def note_cut_countries(index: TileIndex, countries: CountrySet, findings: Findings) -> None:
    """Note the countries of which the grid has only a part, so that all their weight lies in it."""
    for iso in sorted(set(index.countries) & set(countries.isos)):
        share = share_outside(countries[iso].features, index.parameters.grid)
        if share >= _LEAST_CUT:
            findings.add_note("country-cut", f"{share:.1%} of it lies outside the grid.", iso)


@dataclass(frozen=True, slots=True, eq=False)
class PolygonCheck:
    """Asks GEOS about cells of one country.

    Attributes:
        country: Its polygons.
        grid: The lattice.
        rule: ``center`` or ``any_overlap``.
        draw: Draws samples.
        findings: Where findings go.
    """

    country: Country
    grid: Grid
    rule: str
    draw: random.Random
    findings: Findings

    def check_membership(self, tiles: IdRuns, ranks: NDArray[np.int64]) -> None:
        """Ask about tiles, the cells beside the runs that hold them, and as many cells at borders.

        The cells at borders are those of vertices drawn at random, so that an island or a bay of which
        nothing is listed comes up, too.

        Args:
            tiles: The country's tiles.
            ranks: Which of them to ask about.
        """
        runs = tiles.by_row(self.grid.n_cols)
        ids = runs.ids_at(ranks)
        run = np.searchsorted(runs.starts, ids, side="right") - 1
        # A cell west of column 0 or east of the last one is not of this row.
        west = runs.starts[run][runs.starts[run] % self.grid.n_cols != 0] - 1
        east = runs.stops[run][runs.stops[run] % self.grid.n_cols != 0]
        beyond = np.unique(np.concatenate([west, east]))
        border = self._border_cells(len(ranks))
        self._compare(ids, tiles, "sampled tiles are inside", "tiles")
        self._compare(beyond, tiles, "beyond runs is outside", "cells")
        self._compare(border, tiles, "cells at borders", "cells")

    def check_coverage(self, tiles: CountryTiles, ranks: NDArray[np.int64]) -> None:
        """Compare the coverage of tiles, and of as many that are not wholly inside, with areas by GEOS."""
        borders = tiles.borders
        known = dict(zip(borders.tile_ids.tolist(), borders.coverage.tolist(), strict=True))
        # Most tiles lie wholly inside, where there is little to get wrong.
        chosen = self.draw.sample(sorted(known), min(len(ranks), len(known)))
        asked = np.array(sorted({*tiles.ids.ids_at(ranks).tolist(), *chosen}), np.int64)
        asked = asked[(asked >= 0) & (asked < self.grid.n_tiles)]
        shares = covered_shares(self.country.features, self.grid, asked)
        stated = np.array([known.get(tile_id, 1.0) for tile_id in asked.tolist()])
        wrong = np.flatnonzero(~(np.abs(stated - shares) <= TOLERANCE))
        self.findings.add_check("coverage against areas by GEOS", len(asked), "tiles")
        if len(wrong):
            at = wrong[0]
            self.findings.add(
                "coverage-area",
                "coverage is not the share of the tile's area that lies in the country, by GEOS.",
                TILE_COVERAGE.name,
                self.country.iso,
                example={
                    "tile_id": int(asked[at]),
                    "coverage": float(stated[at]),
                    "by_geos": float(shares[at]),
                },
                rows=len(wrong),
            )

    def check_no_tiles(self) -> None:
        """Ask about the cells in the bounds of the country's polygons; of many, a sample of each polygon."""
        lon, lat = self.grid.lon_edges(), self.grid.lat_edges()
        cells: set[int] = set()
        for polygon in placed_polygons(self.country.features, self.grid):
            west, south, east, north = polygon.bounds
            rows = np.flatnonzero((lat[:-1] > south) & (lat[1:] < north)).tolist()
            cols = np.flatnonzero((lon[1:] > west) & (lon[:-1] < east)).tolist()
            every = range(len(rows) * len(cols))
            numbers = self.draw.sample(every, min(len(every), _CELLS_ASKED))
            cells |= {
                rows[n // len(cols)] * self.grid.n_cols + cols[n % len(cols)] for n in numbers
            }
        asked = np.array(sorted(cells), np.int64)
        self._compare(asked, None, "countries without tiles have none", "cells")

    def _border_cells(self, count: int) -> NDArray[np.int64]:
        """Return the cells that hold some vertices of the country."""
        grid = self.grid
        vertices = shapely.get_coordinates(list(self.country.features))
        lon, lat = vertices[[self.draw.randrange(len(vertices)) for _ in range(count)]].T
        # It does not matter to which of two cells a vertex on their side counts: either may be asked.
        cols = np.floor((lon - grid.west) % 360.0 / grid.cell_width).astype(np.int64)
        rows = np.floor((grid.north - lat) / grid.cell_height).astype(np.int64)
        on_grid = (rows >= 0) & (rows < grid.n_rows) & (cols < grid.n_cols)
        return np.unique(rows[on_grid] * grid.n_cols + cols[on_grid])

    def _compare(
        self, cells: NDArray[np.int64], tiles: IdRuns | None, what: str, unit: str
    ) -> None:
        """Find cells that GEOS sees inside and that are not listed, or the other way round."""
        inside = belongs(self.country.features, self.grid, self.rule, cells)
        listed = np.zeros(len(cells), np.bool_) if tiles is None else tiles.holds(cells)
        for code, message, wrong in (
            ("tile-not-inside", "outside the country by GEOS.", cells[listed & ~inside]),
            ("tile-not-listed", "inside the country by GEOS.", cells[inside & ~listed]),
        ):
            if len(wrong):
                row, col = divmod(int(wrong[0]), self.grid.n_cols)
                example = {"tile_id": int(wrong[0]), "raster_row": row, "raster_col": col}
                where = TILE_INDEX.name, self.country.iso
                self.findings.add(code, message, *where, example=example, rows=len(wrong))
        self.findings.add_check(f"{_MEMBERSHIP}: {what}", len(cells), unit)


def drawn_ranks(
    tiles: Mapping[str, CountryTiles], sample: int, seed: int
) -> dict[str, NDArray[np.int64]]:
    """Return ranks of tiles to ask about, by country: countries in turn, tiles at random."""
    draw = random.Random(seed)  # noqa: S311 -- a sample that can be drawn again
    isos = sorted(iso for iso, own in tiles.items() if own.ids.tile_count)
    draw.shuffle(isos)
    ranks: dict[str, set[int]] = {}
    for turn in range(sample if isos else 0):
        iso = isos[turn % len(isos)]
        ranks.setdefault(iso, set()).add(draw.randrange(tiles[iso].ids.tile_count))
    return {iso: np.array(sorted(own), np.int64) for iso, own in sorted(ranks.items())}


def _meets(country: Country, grid: Grid) -> bool:
    """Return whether the bounds of a polygon of a country share an area with the grid."""
    bounds = (polygon.bounds for polygon in placed_polygons(country.features, grid))
    return any(
        west < grid.east and east > grid.west and south < grid.north and north > grid.south
        for west, south, east, north in bounds
    )

"""S1: tile_index, tile_bounds, tile_spans and tile_coverage against grid, receipt and each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from closedworld.kernels.grid import tile_areas_m2
from closedworld.verification.ellipsoid import zone_areas_m2
from closedworld.verification.rows import RowChecks, column
from closedworld.verification.spans import check_spans
from closedworld.verification.values import Values, tile_values

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from closedworld.kernels.grid import Grid
    from closedworld.verification.files import Parts, Table
    from closedworld.verification.findings import Account
    from closedworld.verification.runs import IdRuns

TILE_DATASETS = ("tile_index", "tile_bounds", "tile_spans")
COVERAGE = "tile_coverage"

_AREA_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class TileParameters:
    """What a receipt says of an index.

    Attributes:
        grid: The lattice.
        rule: Inclusion rule.
        countries: Codes.
        polygons_sha256: Digest of the polygons.
        has_coverage: Whether tiles say how much of them lies in the country.
        keeps_small: Whether a country without tiles was given one.
    """

    grid: Grid
    rule: str
    countries: tuple[str, ...]
    polygons_sha256: str
    has_coverage: bool
    keeps_small: bool

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets that the result must have."""
        return (*TILE_DATASETS, COVERAGE) if self.has_coverage else TILE_DATASETS


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """Columns as functions of raster row and column.

    Attributes:
        grid: The lattice.
        lon_edges, lat_edges: Sides, float64 (n_cols + 1,) and (n_rows + 1,).
        lon_centers, lat_centers: Centres, float64 (n_cols,) and (n_rows,).
        areas_m2: Area of a tile of each row, float64 (n_rows,).
        zones_m2: The same by a closed formula.
    """

    grid: Grid
    lon_edges: NDArray[np.float64]
    lat_edges: NDArray[np.float64]
    lon_centers: NDArray[np.float64]
    lat_centers: NDArray[np.float64]
    areas_m2: NDArray[np.float64]
    zones_m2: NDArray[np.float64]

    @classmethod
    def of(cls, grid: Grid) -> Expected:
        """Return the columns of a grid."""
        return cls(
            grid,
            grid.lon_edges(),
            grid.lat_edges(),
            grid.lon_centers(),
            grid.lat_centers(),
            tile_areas_m2(grid),
            zone_areas_m2(grid),
        )


@dataclass(slots=True)
class Borders:
    """Tiles that do not lie wholly in their country.

    Attributes:
        tile_ids: uint64 (n,), in the order of the index.
        coverage: Share of each that does, float64 (n,).
    """

    tile_ids: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    coverage: NDArray[np.float64] = field(default_factory=lambda: np.empty(0, np.float64))

    def add(self, tile_ids: NDArray[np.uint64], coverage: NDArray[np.float64]) -> None:
        """Take those of some more tiles that are not wholly inside."""
        is_border = coverage != 1
        self.tile_ids = np.concatenate([self.tile_ids, tile_ids[is_border]])
        self.coverage = np.concatenate([self.coverage, coverage[is_border]])


def check_index(
    parts: Parts, expected: Expected, rule: str, account: Account
) -> tuple[IdRuns, Borders]:
    """Check every column of a country's index.

    Returns:
        Its tiles as a set, and those that its column of coverage says are not wholly inside.
    """
    checks, borders, grid = RowChecks(account, parts), Borders(), expected.grid
    for batch in checks.batches(parts.schema.names):
        tile_ids = column(batch, "tile_id")
        rows, cols = column(batch, "raster_row"), column(batch, "raster_col")
        on_grid = (rows < grid.n_rows) & (cols < grid.n_cols)
        checks.expect(batch, on_grid, "tile-off-grid", f"outside the grid of {grid}.")
        by_place = rows.astype(np.uint64) * np.uint64(grid.n_cols) + cols
        checks.expect(batch, tile_ids == by_place, "tile-id", "tile_id is not row * n_cols + col.")
        checks.expect_order(batch)
        checks.expect_text(batch, "inclusion_rule", rule, "rule", f"the rule is {rule}.")
        rows = np.minimum(rows, grid.n_rows - 1).astype(np.int64)
        cols = np.minimum(cols, grid.n_cols - 1).astype(np.int64)
        for name, values in (
            ("centroid_lon", expected.lon_centers[cols]),
            ("centroid_lat", expected.lat_centers[rows]),
        ):
            checks.expect(
                batch,
                column(batch, name) == values,
                "centroid",
                f"{name} is not the cell's centre.",
            )
        _check_area(checks, batch, expected, rows)
        if "coverage" in parts.schema.names:
            coverage = column(batch, "coverage")
            in_range = (coverage > 0) & (coverage <= 1)
            checks.expect(batch, in_range, "coverage", "coverage is not in 0..1, or 0.")
            borders.add(tile_ids, coverage)
    return checks.ids.finish(), borders


def _check_area(
    checks: RowChecks, batch: pa.RecordBatch, expected: Expected, rows: NDArray[np.int64]
) -> None:
    """Note areas that are not those of the row: to the square centimetre, and by another formula."""
    areas = column(batch, "pixel_area_m2")
    checks.expect(
        batch, areas == expected.areas_m2[rows], "area", "pixel_area_m2 is not the area of its row."
    )
    # Neighbours of one raster row and one area give one answer.
    is_new = (np.diff(rows) != 0) | (np.diff(areas) != 0)
    places = np.append(0, np.flatnonzero(is_new) + 1)[: len(areas)]
    zones = expected.zones_m2[rows[places]]
    off = np.abs(areas[places] - zones) > np.maximum(_AREA_TOLERANCE * zones, 1e-4)
    checks.note(
        batch, places[off], "area-formula", "pixel_area_m2 differs from the closed formula."
    )


def check_bounds(parts: Parts, index: IdRuns, expected: Expected, account: Account) -> None:
    """Check the sides of a country's tiles, and that they are those of the index."""
    checks, grid = RowChecks(account, parts), expected.grid
    n_cols = np.uint64(grid.n_cols)
    for batch in checks.batches(parts.schema.names):
        tile_ids = column(batch, "tile_id")
        on_grid = tile_ids < np.uint64(grid.n_tiles)
        checks.expect(batch, on_grid, "tile-off-grid", f"outside the grid of {grid}.")
        if not on_grid.all():
            tile_ids = np.where(on_grid, tile_ids, np.uint64(0))
        checks.expect_order(batch)
        rows = tile_ids // n_cols
        cols = (tile_ids - rows * n_cols).astype(np.int64)
        rows = rows.astype(np.int64)
        for name, table, places in (
            ("west_lon", expected.lon_edges[:-1], cols),
            ("east_lon", expected.lon_edges[1:], cols),
            ("south_lat", expected.lat_edges[1:], rows),
            ("north_lat", expected.lat_edges[:-1], rows),
        ):
            same = (column(batch, name) == table[places]) | ~on_grid
            checks.expect(batch, same, "bounds", f"{name} is not that side of the cell.")
    if parts.is_whole:
        checks.expect_same_tiles(checks.ids.finish(), index, grid.n_cols)


def check_coverage(parts: Parts | None, borders: Borders, iso: str, account: Account) -> None:
    """Check that tile_coverage lists exactly the tiles of the index below 1, with their values."""
    listed = Borders()
    if parts is not None:
        checks = RowChecks(account, parts)
        for batch in checks.batches(parts.schema.names):
            checks.expect_order(batch)
            coverage = column(batch, "coverage")
            below = (coverage > 0) & (coverage < 1)
            checks.expect(batch, below, "coverage", "coverage is not between 0 and 1.")
            listed.add(column(batch, "tile_id"), coverage)
        if not parts.is_whole:
            return
    same = np.array_equal(listed.tile_ids, borders.tile_ids) and np.array_equal(
        listed.coverage, borders.coverage
    )
    if not same:
        account.find(
            "coverage-differs",
            f"{len(listed.tile_ids):,} tiles below 1; tile_index has {len(borders.tile_ids):,}, or "
            "other values.",
            dataset=COVERAGE,
            country_iso=iso,
            example=_first_difference(listed, borders),
        )


def _first_difference(listed: Borders, borders: Borders) -> dict[str, Any]:
    """Return the first tile that two lists do not agree on."""
    here = dict(zip(listed.tile_ids.tolist(), listed.coverage.tolist(), strict=True))
    there = dict(zip(borders.tile_ids.tolist(), borders.coverage.tolist(), strict=True))
    for tile_id in sorted(here.keys() | there.keys()):
        if here.get(tile_id) != there.get(tile_id):
            return {
                "tile_id": tile_id,
                "tile_coverage": here.get(tile_id),
                "tile_index": there.get(tile_id),
            }
    return {}


def check_country_tiles(
    iso: str,
    table: Table,
    expected: Expected,
    said: TileParameters,
    account: Account,
    values: Values,
) -> IdRuns | None:
    """Check all datasets of a country; return its tiles, or None when they cannot be known."""
    index = table["tile_index"].get(iso)
    if index is None:
        values.unknown.add(iso)
        return None
    runs, borders = check_index(index, expected, said.rule, account)
    account.checked("tile_index: ids, order, rule, centres, areas", runs.tile_count, "tiles")
    if not index.is_whole:
        account.unchecked("tiles of the other datasets", "tile_index cannot be read whole", iso)
        values.unknown.add(iso)
        return None
    bounds, spans = table["tile_bounds"].get(iso), table["tile_spans"].get(iso)
    if bounds is not None:
        check_bounds(bounds, runs, expected, account)
        account.checked("tile_bounds: sides; tiles of tile_index", runs.tile_count, "tiles")
    if spans is not None:
        found = check_spans(spans, runs, expected.grid, account)
        account.checked("tile_spans: runs and ranks; tiles of tile_index", found, "runs")
    if said.has_coverage:
        check_coverage(table[COVERAGE].get(iso), borders, iso, account)
        account.checked("tile_coverage: as in tile_index", len(borders.tile_ids), "tiles")
    tile_values(iso, runs, borders, expected, said, values)
    return runs

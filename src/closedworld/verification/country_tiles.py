"""The tiles of a country: tile_index, tile_bounds, tile_spans and tile_coverage against the grid and each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.datasets import TILE_BOUNDS, TILE_COVERAGE, TILE_INDEX, TILE_SPANS
from closedworld.datasets.parameters import TileParameters
from closedworld.verification.country_files import CountryFiles
from closedworld.verification.file_checks import FileTable
from closedworld.verification.findings import Findings
from closedworld.verification.grid_columns import BorderTiles, GridColumns
from closedworld.verification.id_runs import IdRuns, RunCollector
from closedworld.verification.row_checks import RowChecks, column
from closedworld.verification.value_digests import (
    ValueDigests,
    digest_of_columns,
    digest_of_tiles,
)

_CODES = {"centroid_lon": "centroid", "centroid_lat": "centroid", "pixel_area_m2": "area"}
"""Codes of findings by column; that of any other column of the grid is ``bounds``."""

_AREA_TOLERANCE = 1e-6


@dataclass(slots=True, eq=False)
class CountryTiles:
    """Tiles of a country as its index has them.

    Attributes:
        ids: The tiles as a set.
        borders: Those that do not lie wholly inside; empty without coverage.
    """

    ids: IdRuns
    borders: BorderTiles


@dataclass(slots=True, eq=False)
class TileChecks:
    """Checks the tiles of one country after another.

    Attributes:
        table: Files by dataset and country.
        parameters: The receipt's parameters.
        columns: What the columns hold on the grid.
        zones_m2: Area of a tile of each row by a closed formula, float64 (n_rows,).
        findings: Where findings go.
        digests: Where digests of values go.
    """

    table: FileTable
    parameters: TileParameters
    columns: GridColumns
    zones_m2: NDArray[np.float64]
    findings: Findings
    digests: ValueDigests = field(default_factory=ValueDigests)

    def check(self, iso: str) -> CountryTiles | None:
        """Check all datasets of a country; return its tiles, or None when they cannot be known."""
        index = self.table[TILE_INDEX.name].get(iso)
        if index is None:
            self.digests.unknown.add(iso)
            return None
        tiles = self._check_grid_columns(index)
        count = tiles.ids.tile_count
        self.findings.add_check("tile_index: ids, order, rule, centres, areas", count, "tiles")
        if not index.is_whole:
            what, reason = "tiles of the other datasets", "tile_index cannot be read whole"
            self.findings.add_unchecked(what, reason, iso)
            self.digests.unknown.add(iso)
            return None
        bounds, spans = (self.table[one.name].get(iso) for one in (TILE_BOUNDS, TILE_SPANS))
        if bounds is not None:
            self._check_bounds(bounds, tiles)
            self.findings.add_check("tile_bounds: sides; tiles of tile_index", count, "tiles")
        if spans is not None:
            runs = self._check_spans(spans, tiles.ids)
            self.findings.add_check("tile_spans: runs and ranks; tiles of tile_index", runs, "runs")
        if self.parameters.coverage:
            self._check_coverage(iso, tiles.borders)
            borders = len(tiles.borders.tile_ids)
            self.findings.add_check("tile_coverage: as in tile_index", borders, "tiles")
        return tiles

    def _check_grid_columns(self, files: CountryFiles) -> CountryTiles:
        """Check every column of tile_index or tile_bounds; return the tiles and note their digest."""
        checks = RowChecks(files, _constants(files, self.parameters))
        borders = []
        for batch in checks.batches():
            rows, cols = self._positions(files, batch)
            for tables, positions in ((self.columns.by_row, rows), (self.columns.by_col, cols)):
                for name in tables.keys() & set(files.columns):
                    wrong = column(batch, name) != tables[name][positions]
                    message = f"{name} is not that of the cell."
                    files.add_rows(batch, wrong, _CODES.get(name, "bounds"), message)
            if "pixel_area_m2" in files.columns:
                self._check_area_formula(files, batch, rows)
            if "coverage" in files.columns:
                coverage = column(batch, "coverage")
                off = ~((coverage > 0) & (coverage <= 1))
                files.add_rows(batch, off, "coverage", "coverage is not above 0 and at most 1.")
                borders.append(BorderTiles.of(column(batch, "tile_id"), coverage))
        tiles = CountryTiles(checks.ids.finish(), BorderTiles.joined(borders))
        digest = digest_of_tiles(
            files.columns, tiles.ids, self.columns, self.parameters.rule, tiles.borders
        )
        self.digests.add(files, tiles.ids.tile_count, digest)
        return tiles

    def _positions(
        self, files: CountryFiles, batch: pa.RecordBatch
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return ``(rows, cols)`` of tiles, those that lie off the grid moved onto it with a finding."""
        grid, tile_ids = self.columns.grid, column(batch, "tile_id")
        if "raster_row" in batch.schema.names:
            rows, cols = column(batch, "raster_row"), column(batch, "raster_col")
            by_position = rows.astype(np.uint64) * np.uint64(grid.n_cols) + cols
            message = "tile_id is not row * n_cols + col."
            files.add_rows(batch, tile_ids != by_position, "tile-id", message)
        else:
            rows = tile_ids // np.uint64(grid.n_cols)
            cols = tile_ids - rows * np.uint64(grid.n_cols)
        off_grid = (rows >= grid.n_rows) | (cols >= grid.n_cols)
        files.add_rows(batch, off_grid, "tile-off-grid", f"outside the grid of {grid}.")
        rows, cols = np.minimum(rows, grid.n_rows - 1), np.minimum(cols, grid.n_cols - 1)
        return rows.astype(np.int64), cols.astype(np.int64)

    def _check_area_formula(
        self, files: CountryFiles, batch: pa.RecordBatch, rows: NDArray[np.int64]
    ) -> None:
        """Find areas that are not those of an independent formula, to a millionth."""
        areas = column(batch, "pixel_area_m2")
        # Neighbours with the same row and area have the same answer.
        is_new = (np.diff(rows) != 0) | (np.diff(areas) != 0)
        first = np.append(0, np.flatnonzero(is_new) + 1)[: len(areas)]
        zones = self.zones_m2[rows[first]]
        off = np.abs(areas[first] - zones) > np.maximum(_AREA_TOLERANCE * zones, 1e-4)
        wrong = np.zeros(len(areas), np.bool_)
        wrong[first[off]] = True
        message = "pixel_area_m2 differs from the closed formula."
        files.add_rows(batch, wrong, "area-formula", message)

    def _check_bounds(self, files: CountryFiles, tiles: CountryTiles) -> None:
        """Check the sides of the tiles, and that the tiles are those of the index."""
        found = self._check_grid_columns(files)
        if files.is_whole:
            RowChecks(files).expect_same_tiles(found.ids, tiles.ids, self.columns.grid.n_cols)

    def _check_spans(self, files: CountryFiles, index: IdRuns) -> int:
        """Check a country's runs and their ranks against its tiles; return how many there are."""
        checks, grid = RowChecks(files), self.columns.grid
        runs = checks.whole()
        if not files.is_whole:
            return 0
        rows, starts, stops = (
            column(runs, name).astype(np.int64) for name in ("raster_row", "col_start", "col_stop")
        )
        is_run = (rows < grid.n_rows) & (starts < stops) & (stops <= grid.n_cols)
        files.add_rows(runs, ~is_run, "span-off-grid", f"not a run on the grid of {grid}.")
        lengths = np.maximum(stops - starts, 0)
        ranks = np.cumsum(lengths) - lengths
        wrong = column(runs, "first_rank") != ranks.astype(np.uint64)
        message = "first_rank is not the number of tiles before the run."
        files.add_rows(runs, wrong, "first-rank", message)
        if is_run.all():
            first, after = rows * grid.n_cols + starts, rows * grid.n_cols + stops
            collector = RunCollector()
            collector.add_runs(first, after)
            checks.expect_same_tiles(collector.finish(), index, grid.n_cols)
            if not self.findings.has_any(files.dataset.name, files.country_iso):
                # The same tiles in order: another number of runs can only come from split ones.
                joined = (first[1:] == after[:-1]) & (starts[1:] != 0)
                message = "begins where the run before stops."
                files.add_rows(runs, np.append(False, joined), "span-split", message)
        self.digests.add(files, len(rows), digest_of_columns(runs, files.dataset))
        return len(rows)

    def _check_coverage(self, iso: str, borders: BorderTiles) -> None:
        """Check that tile_coverage lists exactly the tiles of the index below 1, with their values."""
        files, listed = self.table[TILE_COVERAGE.name].get(iso), BorderTiles.joined([])
        if files is not None:
            rows = RowChecks(files).whole()
            if not files.is_whole:
                return
            coverage = column(rows, "coverage")
            off = ~((coverage > 0) & (coverage < 1))
            files.add_rows(rows, off, "coverage", "coverage is not between 0 and 1.")
            listed = BorderTiles.of(column(rows, "tile_id"), coverage)
            self.digests.add(files, len(coverage), digest_of_columns(rows, files.dataset))
        if not (
            np.array_equal(listed.tile_ids, borders.tile_ids)
            and np.array_equal(listed.coverage, borders.coverage)
        ):
            self.findings.add(
                "coverage-differs",
                f"{len(listed.tile_ids):,} tiles below 1; tile_index has {len(borders.tile_ids):,}, or "
                "other values.",
                TILE_COVERAGE.name,
                iso,
                example=_first_difference(listed, borders),
            )


def _constants(files: CountryFiles, parameters: TileParameters) -> Mapping[str, str]:
    is_index = "inclusion_rule" in files.columns
    return {"inclusion_rule": parameters.rule.value} if is_index else {}


def _first_difference(listed: BorderTiles, borders: BorderTiles) -> dict[str, Any]:
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

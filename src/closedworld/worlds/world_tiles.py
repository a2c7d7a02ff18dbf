"""The tiles of a world with all that is known of them, as a table that is made while it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.inputs.tables.geometry import GEOMETRY, to_geopandas, to_pandas
from closedworld.kernels.grid import Grid, RowAreas
from closedworld.kernels.grid.area import CM2_PER_M2
from closedworld.kernels.spans import Border, RowSpans
from closedworld.kernels.tiles import Tiles, areas_of, constant_column
from closedworld.published.cumulative_weights import CumulativeWeights
from closedworld.sanitize import HTML_ROWS, html_table, number_of
from closedworld.worlds.geoparquet import box_wkb

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

BATCH_TILES = 1 << 17
"""Tiles of a batch: few enough to be small, also as the row group of a file that is read by windows."""

Sides: TypeAlias = "tuple[NDArray[np.float64], ...]"
Batch: TypeAlias = "tuple[int, Tiles, NDArray[np.uint64] | None]"
"""Rank of the first tile in its country, the tiles, and their weights, if any."""

_TURN_DEGREES, _HALF_TURN = 360.0, 180.0


@dataclass(frozen=True, slots=True, eq=False)
class WorldTiles:
    """The tiles of some countries: index, bounds, coverage and weights joined, a row per tile.

    A table for pandas, Polars, DuckDB and others. Nothing is read before the table is; then one batch is in
    memory at a time. Rows are ascending by ``country_iso`` and ``tile_id``, as in the datasets.

    ``persons`` is there when the weights are by population alone: the country's people, shared out by weight,
    so right to ``10**-dp`` of them. Rule, basis and dp are the same for all rows and stand in the metadata of
    the schema.

    Attributes:
        grid: The lattice.
        spans: Tiles of the countries by code, ascending.
        weights: Their weights by code; empty without weights.
        coverage: The tiles that are only partly inside, by code; None without coverage.
        persons: People of each country by code; empty if the weights are not by population alone.
        constants: What is the same for all rows, as text.
    """

    grid: Grid
    spans: Mapping[str, RowSpans]
    weights: Mapping[str, CumulativeWeights]
    coverage: Mapping[str, Border] | None
    persons: Mapping[str, float]
    constants: Mapping[str, str]

    @property
    def schema(self) -> pa.Schema:
        """The columns."""
        types = {"country_iso": pa.string(), "tile_id": pa.int64()}
        types |= dict.fromkeys(("raster_row", "raster_col"), pa.int32())
        reals = ["centroid_lon", "centroid_lat", "west_lon", "east_lon", "south_lat", "north_lat"]
        reals += ["pixel_area_m2"] + ["coverage"] * (self.coverage is not None)
        types |= dict.fromkeys(reals, pa.float64())
        if self.weights:
            types["weight_fp"] = pa.int64()
        if self.persons:
            types["persons"] = pa.float64()
        fields = [pa.field(name, kind, nullable=False) for name, kind in types.items()]
        return pa.schema(fields, metadata=dict(self.constants))

    def __len__(self) -> int:
        return sum(own.tile_count for own in self.spans.values())

    def __repr__(self) -> str:
        countries = number_of(len(self.spans), "country", "countries")
        return f"<WorldTiles: {len(self):,} tiles of {countries}; {', '.join(self.schema.names)}>"

    def _repr_html_(self) -> str:
        first = next(self.batches()).slice(0, HTML_ROWS).to_pylist()
        rows = [list(row.values()) for row in first]
        return html_table(repr(self), self.schema.names, rows, len(self))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return an Arrow stream of the rows, made while it is read."""
        return self.to_reader().__arrow_c_stream__(requested_schema)

    def to_reader(self) -> pa.RecordBatchReader:
        """Return a reader of the rows; each call starts anew.

        Raises:
            IntegrityError: While reading: the files differ from their receipts.
        """
        return pa.RecordBatchReader.from_batches(self.schema, self.batches())

    def to_pandas(self) -> Any:
        """Return all rows as a pandas data frame.

        Raises:
            ConfigError: ``pandas-missing``.
        """
        return to_pandas(self.to_reader().read_all())

    def to_geopandas(self) -> GeoDataFrame:
        """Return all rows as a GeoDataFrame of boxes in EPSG:4326.

        Tiles whose centre lies beyond +/-180 degrees are moved by a turn.

        Raises:
            ConfigError: ``geopandas-missing``.
        """
        table = self.to_reader().read_all()
        rows, cols = (table[name].to_numpy() for name in ("raster_row", "raster_col"))
        return to_geopandas(
            table.append_column(GEOMETRY, box_wkb(*box_sides(self.grid, rows, cols)))
        )

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in batches of at most 131,072.

        Raises:
            IntegrityError: The files differ from their receipts.
        """
        schema, areas = self.schema, areas_of(self.spans.values(), self.grid)
        for iso, own in self.spans.items():
            for batch in tile_batches(own, self.weights.get(iso)):
                columns = self._columns(iso, batch, areas)
                arrays = [
                    pa.array(columns[name]).cast(schema.field(name).type) for name in schema.names
                ]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _columns(self, iso: str, batch: Batch, areas: RowAreas) -> dict[str, Any]:
        """Return the columns of a batch by name, as they are in the datasets."""
        first, tiles, weights = batch
        grid, row = self.grid, tiles.rows
        cols, counts = tiles.counted(tiles.col_starts), tiles.lengths
        columns: dict[str, Any] = {
            "country_iso": constant_column(iso, len(cols)),
            "tile_id": tiles.tile_ids().view(np.int64),
            "raster_row": np.repeat(row, counts),
            "raster_col": cols,
            "centroid_lon": grid.lon_center(cols),
            "centroid_lat": np.repeat(grid.lat_center(row), counts),
            "west_lon": grid.lon_edge(cols),
            "east_lon": grid.lon_edge(cols + 1),
            "south_lat": np.repeat(grid.lat_edge(row + 1), counts),
            "north_lat": np.repeat(grid.lat_edge(row), counts),
            "pixel_area_m2": np.repeat(areas.of(row) / np.float64(CM2_PER_M2), counts),
        }
        if self.coverage is not None:
            border = self.coverage[iso].between(first, first + len(cols))
            columns["coverage"] = border.to_dense(len(cols))
        if weights is not None:
            columns["weight_fp"] = weights.view(np.int64)
        if self.persons:
            share = columns["weight_fp"] / self.weights[iso].total
            columns["persons"] = share * self.persons[iso]
        return columns


def tile_batches(spans: RowSpans, weights: CumulativeWeights | None) -> Iterator[Batch]:
    """Yield a country's tiles in batches of at most ``BATCH_TILES``.

    Raises:
        IntegrityError: The files differ from their receipts.
    """
    if weights is None:
        for first, tiles in Tiles.all_of(spans).batches(BATCH_TILES):
            yield first, tiles, None
        return
    for group in weights.all_groups():
        every = Tiles.ranked(spans, group.rank, group.rank + len(group.weights))
        for offset, tiles in every.batches(BATCH_TILES):
            yield group.rank + offset, tiles, group.weights[offset : offset + tiles.tile_count]


def box_sides(grid: Grid, rows: NDArray[np.integer], cols: NDArray[np.integer]) -> Sides:
    """Return west, south, east and north of tiles, degrees, float64 (n,) each.

    Tiles whose centre lies beyond +/-180 degrees are moved by a turn.
    """
    turn = turn_of(grid.lon_center(cols))
    west, east = grid.lon_edge(cols) + turn, grid.lon_edge(cols + 1) + turn
    return west, grid.lat_edge(rows + 1), east, grid.lat_edge(rows)


def turn_of(centers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the turn of -360, 0 or 360 degrees that moves tiles to -180..180."""
    turn = np.where(centers > _HALF_TURN, -_TURN_DEGREES, 0.0)
    turn[centers < -_HALF_TURN] = _TURN_DEGREES
    return turn
